"""The commands by which the staff act on an appeal: those that its stage would take from this reader now."""

from collections.abc import Sequence

from models import clock
from sijil.acting import Reader
from sijil.output import program
from workflows.appeals.holding import CASEWORKER, COMMISSION, SUPERVISOR
from workflows.appeals.reasons import ASKED, REJECTED, RETURNED, UPHELD
from workflows.casework.appeal_view import AppealView
from workflows.casework.possible import forms, would_take
from workflows.flows import PARKED
from workflows.staff.signatures import OFFICER, pseudonym

SOMEBODY = f"{OFFICER}:somebody"  # whom no appeal knows
ROLES = (CASEWORKER, SUPERVISOR, COMMISSION)
# The command for each act, as it is typed after `sijil appeals`; acts are named as their rights are.
COMMANDS = {
    "take_case": "assign",
    "assign_case": "assign --to COLLEAGUE",
    "hand_back": "hand-back",
    "ask_information": "ask --for CODE",
    "propose_decision": "propose --uphold PATH=REASON --reject PATH=REASON",
    "agree_to_decision": "agree",
    "return_decision": "return --reason CODE",
    "escalate": "escalate",
    "add_text": "add FILE",
    "retry_correction": "retry",
}


def commands(view: AppealView, reader: Reader) -> list[str]:
    """The commands that this reader may give now, each in the first role that may; of anybody, those that somebody may.

    What they leave open (a path, a reason, a colleague) can still be wrong.
    """
    if view.file.stage == PARKED:
        return []
    now = clock.now()
    actors = [view.holder or SOMEBODY, SOMEBODY] if reader.is_anybody else [pseudonym(OFFICER, reader.who.name)]
    found: dict[str, str] = {}
    for role in ROLES:
        for actor in actors:
            for act, form in forms(view, actor, role, now):
                if reader.may(act, role) and would_take(view.file, form):
                    found.setdefault(act, role)
    return [whole(view, command, found[act], reader) for act, command in COMMANDS.items() if act in found]


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


def whole(view: AppealView, command: str, role: str, reader: Reader) -> str:
    """A command as it is typed: with the reference, the version, the name, and a role that is not a caseworker's."""
    name, _, rest = command.partition(" ")
    in_role = "" if role == CASEWORKER else f"--role {role}"
    parts = [program(), "appeals", name, view.file.reference, rest, in_role]
    return " ".join(filter(None, [*parts, f"--version {view.file.version}{reader.signature}"]))
