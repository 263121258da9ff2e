"""The commands by which the staff act on an appeal: those that its stage would take from this reader now."""

from collections.abc import Iterator, Sequence
from typing import Any

from models import clock
from models.errors import Refused
from sijil.acting import Reader
from sijil.output import program
from workflows.appeals.holding import CASEWORKER, COMMISSION, SUPERVISOR
from workflows.appeals.reasons import ASKED, REJECTED, RETURNED, UPHELD
from workflows.casefile import CaseFile
from workflows.casework.appeal_view import AppealView
from workflows.events.appeal import Finding
from workflows.evidence import (
    Agreement,
    AppealVerdict,
    Assignment,
    CorrectionRetry,
    Escalation,
    Evidence,
    HandBack,
    InformationRequest,
    Statement,
)
from workflows.flows import PARKED, stage_of
from workflows.policies import newest_terms
from workflows.staff.signatures import OFFICER, pseudonym

SOMEBODY, COLLEAGUE = f"{OFFICER}:somebody", f"{OFFICER}:colleague"  # two whom no appeal knows
ROLES = (CASEWORKER, SUPERVISOR, COMMISSION)
# The right that each command needs, by its first word; to give an appeal to a colleague is another than to take it.
ACTS = {
    "assign": "take_case",
    "assign --to": "assign_case",
    "hand-back": "hand_back",
    "ask": "ask_information",
    "add": "add_text",
    "propose": "propose_decision",
    "agree": "agree_to_decision",
    "return": "return_decision",
    "escalate": "escalate",
    "retry": "retry_correction",
    "review": "order_reviews",
}


def commands(view: AppealView, reader: Reader) -> list[str]:
    """The commands that this reader may give now, each in the first role that may; of anybody, those that somebody may.

    What they leave open (a path, a reason, a colleague) can still be wrong.
    """
    if view.file.stage == PARKED:
        return []
    actors = [view.holder or SOMEBODY, SOMEBODY] if reader.is_anybody else [pseudonym(OFFICER, reader.who.name)]
    found: dict[str, str] = {}
    for role in ROLES:
        for command, form in forms(view, actors, role):
            if reader.may(act_of(command), role) and would_take(view.file, form):
                found.setdefault(command, role)
    order = dict.fromkeys(command for command, _ in forms(view, actors, CASEWORKER))
    return [whole(view, command, found[command], reader) for command in order if command in found]


def act_of(command: str) -> str:
    """The right that a command needs, as `forms` has it."""
    first, *more = command.split()
    return ACTS["assign --to" if "--to" in more else first]


def codes(view: AppealView, offered: Sequence[str]) -> dict[str, list[str]]:
    """What may stand for the PATH, REASON and CODE of these commands."""
    known: dict[str, Sequence[str]] = {
        "PATH": view.appeal.paths,
        "REASON to uphold": UPHELD,
        "REASON to reject": REJECTED,
        "CODE to ask": ASKED,
        "CODE to return": RETURNED,
    }
    of = {"propose": ("PATH", "REASON to uphold", "REASON to reject"), "ask": ("CODE to ask",)}
    of |= {"return": ("CODE to return",)}
    verbs = [each.removeprefix(f"{program()} appeals ").split()[0] for each in offered]
    return {name: list(known[name]) for verb in verbs for name in of.get(verb, ())}


def forms(view: AppealView, actors: Sequence[str], role: str) -> Iterator[tuple[str, Evidence]]:
    """Every command on appeals, with a form as it would give it to the stage."""
    findings = tuple(Finding(path, True, UPHELD[0]) for path in view.appeal.paths)
    for actor in actors:
        by: dict[str, Any] = {"at": clock.now(), "by": actor}
        yield "assign", Assignment(**by, to=actor, role=role)
        yield "assign --to COLLEAGUE", Assignment(**by, to=COLLEAGUE, role=role)
        yield "hand-back", HandBack(**by, role=role)
        yield "ask --for CODE", InformationRequest(**by, asked=ASKED[:1], role=role)
        yield (
            "propose --uphold PATH=REASON --reject PATH=REASON",
            AppealVerdict(**by, findings=findings, role=role, terms=newest_terms().version),
        )
        yield "agree", Agreement(**by, agrees=True, role=role)
        yield "return --reason CODE", Agreement(**by, agrees=False, role=role, reason=RETURNED[0])
        yield "escalate", Escalation(**by, role=role)
        yield "add FILE", Statement(**by, digest="")
        yield "retry", CorrectionRetry(**by, role=role, under_way=False)


def would_take(file: CaseFile, form: Evidence) -> bool:
    """Whether the appeal's stage would take this form; nothing is recorded."""
    decide = stage_of(file.kind, file.stage).handlers.get(type(form))
    try:
        return decide is not None and bool(decide(file, form))
    except Refused:
        return False


def whole(view: AppealView, command: str, role: str, reader: Reader) -> str:
    """A command as it is typed: with the reference, the version, the name, and a role that is not a caseworker's."""
    name, _, rest = command.partition(" ")
    in_role = "" if role == CASEWORKER else f"--role {role}"
    parts = [program(), "appeals", name, view.file.reference, rest, in_role]
    return " ".join(filter(None, [*parts, f"--version {view.file.version}{reader.signature}"]))
