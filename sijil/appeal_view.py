"""Shows an appeal to the staff, as an object for --json and as lines to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from models import clock
from sijil.acting import Reader
from sijil.appeal_commands import codes, commands
from sijil.output import due_shown, index_shown, program
from workflows.bodies.appeal import value_at
from workflows.casework.appeal_view import AppealView, asked, outcome
from workflows.casework.contested import Basis
from workflows.events.appeal import CorrectionBlocked, Finding

NEEDS = {
    "queued": "a caseworker",
    "proposed": "a second person",
    "information_asked": "the household's answer",
    "with_supervisor": "a supervisor",
    "with_commission": "two members of the commission",
    "correction_blocked": "a retry",
}
SECOND_MEMBER = "a second member of the commission"  # once the first one proposed a decision
TERM_OF = {"proposed": "a second person agrees", "information_asked": "the household answers"}
IN_FORCE = {  # what a decision rests on, before its version
    "index": "Formula in force since",
    "threshold": "Threshold",
    "correction": "Rules",
    "refusal": "Rules",
}
Names = Mapping[str, str]  # of the staff, by their pseudonyms


@dataclass(frozen=True, slots=True)
class Shown:
    """An appeal, what the contested decision rests on, the names of the staff, and who reads."""

    view: AppealView
    basis: Basis
    names: Names
    reader: Reader
    same_cause: tuple[int, Sequence[str]] = (0, ())  # how many households share the cause, and the first references
    kept: Sequence[str] = ()  # paths of upheld values that the entry has otherwise, by a later change

    def name(self, actor: str | None) -> str | None:
        """The name behind a pseudonym, or else the pseudonym."""
        return self.names.get(actor, actor) if actor else None


def actors(view: AppealView) -> list[str]:
    """The pseudonyms of everybody whom it shows."""
    return [*view.may_not, *([view.holder] if view.holder else [])]


def appeal_summary(view: AppealView, names: Names) -> dict[str, Any]:
    """An appeal in the list, as an object."""
    holder = view.holder
    return {
        "reference": view.file.reference,
        "stage": view.file.stage,
        "version": view.file.version,
        "decision": view.appeal.decision,
        "holder": names.get(holder, holder) if holder else None,
        "answer_due": view.answer_due,
        "deadline": view.file.deadline,
        "flags": view.flags,
    }


def appeal_line(view: AppealView, names: Names) -> str:
    """An appeal in the list: by when, which, and whom it needs."""
    told, file = appeal_summary(view, names), view.file
    who = f"held by {told['holder']}" if told["holder"] else "held by nobody"
    due = next_due(view)
    day = due_shown(due, clock.now()) if due else "not queued yet"
    flags = [flag for flag in view.flags if flag != "overdue"]
    return "  ".join([day, file.reference, file.stage, f"on the {told['decision']}", who, *needs(view), *flags])


def next_due(view: AppealView) -> datetime | None:
    """What ends first, the term of its stage or that of the answer, which stands still while the household is asked."""
    answer_due = None if view.file.stage == "information_asked" else view.answer_due
    return min((each for each in (view.file.deadline, answer_due) if each), default=None)


def needs(view: AppealView) -> list[str]:
    """For whom an appeal waits, where that is not its holder."""
    needed = second_of(view.file.stage) if view.proposal else NEEDS.get(view.file.stage)
    return [f"needs {needed}"] if needed else []


def second_of(stage: str) -> str:
    """Who must agree with what is proposed at this stage."""
    return SECOND_MEMBER if stage == "with_commission" else NEEDS["proposed"]


def appeal_details(shown: Shown) -> tuple[dict[str, Any], list[str]]:
    """An appeal with all that decides it, and the commands that are possible now: an object, and lines."""
    view, appeal = shown.view, shown.view.appeal
    answers = commands(view, shown.reader)
    result = appeal_summary(view, shown.names) | {
        "contested_reference": appeal.reference,
        "event": appeal.event,
        "decided_at": appeal.decided_at,
        "programme": appeal.programme,
        "policy": appeal.policy,
        "grounds": appeal.grounds,
        "basis": basis_of(shown),
        "contested": contested_of(shown),
        "texts": [{"at": each.at, "text": each.text} for each in view.texts],
        "asked": list(asked(view.file)),
        "may_not": [shown.name(each) for each in view.may_not],
        "proposal": proposal_of(shown),
        "outcome": outcome_of(shown),
        "same_cause": {"households": shown.same_cause[0], "first": list(shown.same_cause[1])},
        "answers": answers,
        "codes": codes(view, answers),
    }
    return result, [*head_lines(result), *content_lines(result), *end_lines(result, shown)]


def basis_of(shown: Shown) -> dict[str, Any]:
    """What the contested decision rests on, as an object."""
    basis = shown.basis
    return {
        "reason": basis.reason,
        "reviewed_with": list(basis.reviewed_with),
        "statement": basis.statement,
        "score": basis.score,
        "score_if_upheld": basis.score_if_upheld,
        "threshold": basis.threshold,
    }


def contested_of(shown: Shown) -> list[dict[str, Any]]:
    """The contested values as objects: declared, as they should be, and the index if nothing but this one is upheld."""
    declared, alone = shown.basis.declared, dict(shown.basis.score_if_alone)
    return [
        {
            "path": each.path,
            "declared": value_at(declared, each.path) if declared else None,
            "should_be": each.should_be,
            "score_if_alone": alone.get(each.path),
        }
        for each in shown.view.appeal.contested
    ]


def findings_of(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as objects."""
    return [{"path": each.path, "upheld": each.upheld, "reason": each.reason} for each in findings]


def proposal_of(shown: Shown) -> dict[str, Any] | None:
    """The decision that waits for a second person."""
    proposed = shown.view.proposal
    if proposed is None:
        return None
    return {
        "by": shown.name(proposed.by),
        "outcome": proposed.outcome,
        "findings": findings_of(proposed.findings),
    }


def outcome_of(shown: Shown) -> dict[str, Any] | None:
    """What the appeal came to, and what became of its correction."""
    file, came_to = shown.view.file, outcome(shown.view.file)
    if came_to is None:
        return None
    return {
        "outcome": came_to.outcome,
        "findings": findings_of(came_to.findings),
        "score_computed": came_to.score_computed,
        "score_corrected": came_to.score_corrected,
        "true_from": came_to.true_from,
        "changed_since": list(shown.kept),
        "blocked": file.last(CorrectionBlocked).why if file.stage == "correction_blocked" else None,
    }


def head_lines(told: dict[str, Any]) -> list[str]:
    """Where it stands, and the decision that it contests."""
    awaited = told["answer_due"] and not told["outcome"] and told["stage"] != "withdrawn"
    due = f", the answer is due {told['answer_due']:%F}" if awaited else ""
    if told["stage"] in TERM_OF and told["deadline"]:
        due += f", {TERM_OF[told['stage']]} by {told['deadline']:%F}"
    about = f" for {told['programme']}" if told["programme"] else ""
    rests = f" {IN_FORCE[told['decision']]} {told['policy']}." if told["policy"] else ""
    may_not = f"May not decide: {', '.join(told['may_not'])}" if told["may_not"] else "Nobody is excluded"
    return [
        f"{told['reference']} is '{told['stage']}', version {told['version']}{due}.",
        *told["flags"],
        f"It contests the {told['decision']}{about} of {told['contested_reference']}: {told['event']} of "
        f"{told['decided_at']:%F}.{rests}",
        f"Held by {told['holder'] or 'nobody'}. {may_not}.",
        *basis_lines(told["basis"]),
        f"Grounds: {', '.join(told['grounds'])}.",
    ]


def basis_lines(basis: dict[str, Any]) -> list[str]:
    """What the contested decision rests on: a caseworker's reason and the review, or the index and the threshold."""
    lines = [f"It was decided because of {basis['reason']}."] if basis["reason"] else []
    if basis["reviewed_with"]:
        lines.append(f"It was reviewed with {', '.join(basis['reviewed_with'])}.")
    if basis["statement"]:
        said_then = (f"  | {line}" for line in basis["statement"].splitlines())
        lines += ["When the refusal was proposed, the citizen said:", *said_then]
    if basis["score"] is not None:
        lines.append(f"{index_line(basis)} The lower the index, the nearer the support.")
    return lines


def index_line(basis: dict[str, Any]) -> str:
    """The contested index, what it would be, and the threshold that it is compared with."""
    threshold, upheld = basis["threshold"], basis["score_if_upheld"]
    would_be = f"; if all is upheld, {index_shown(upheld, threshold)}" if upheld is not None else ""
    limit = f". The threshold is {threshold:f}" if threshold is not None else ""
    return f"Index {index_shown(basis['score'], threshold)}{would_be}{limit}."


def content_lines(told: dict[str, Any]) -> list[str]:
    """The contested values, and what the household said."""
    values = [contested_line(each, told["basis"]["threshold"]) for each in told["contested"]]
    texts = [
        line
        for each in told["texts"]
        for line in (
            f"The household said on {each['at']:%F %T}:",
            *(f"  | {line}" for line in (each["text"] or "(erased)").splitlines()),
        )
    ]
    asked_for = [f"The household is asked for: {', '.join(told['asked'])}."] if told["asked"] else []
    return [*values, *texts, *asked_for]


def contested_line(each: dict[str, Any], threshold: Decimal | None) -> str:
    """A contested value, and the index if nothing but this one is upheld."""
    alone = each["score_if_alone"]
    index = f"; index with this alone {index_shown(alone, threshold)}" if alone is not None else ""
    return f"  {each['path']}: declared {said(each['declared'])}, should be {said(each['should_be'])}{index}"


def end_lines(told: dict[str, Any], shown: Shown) -> list[str]:
    """What is proposed or decided, and what is possible now."""
    lines = []
    if told["proposal"]:
        lines += proposal_lines(told["proposal"], told["stage"])
    if decided := told["outcome"]:
        lines.append(f"Decided: {decided['outcome']}.")
        lines += finding_lines(decided["findings"])
        if decided["score_corrected"] is not None:
            lines.append(
                f"The contested index was computed as {index_shown(decided['score_computed'])} and is corrected to "
                f"{index_shown(decided['score_corrected'])}, from {decided['true_from']}."
            )
        lines += [
            f"A later change of {path} stands: the entry keeps what it says." for path in decided["changed_since"]
        ]
        if decided["blocked"]:
            lines.append(f"The correction did not come about ({decided['blocked']}): look why, then retry.")
    return [*lines, *cause_lines(told, shown.reader), *answer_lines(told)]


def proposal_lines(proposal: dict[str, Any], stage: str) -> list[str]:
    """The decision that waits for a second person, who proposed it, and who must agree."""
    needed = second_of(stage)
    said_first = f"Proposed by {proposal['by']}: {proposal['outcome']}. {needed[0].upper()}{needed[1:]} must agree."
    return [said_first, *finding_lines(proposal["findings"])]


def answer_lines(told: dict[str, Any]) -> list[str]:
    """The commands that are possible now, and what may stand in them."""
    if not told["answers"]:
        return []
    known = [f"  {name} is {one_of(given)}." for name, given in told["codes"].items()]
    return ["", "Possible now:", *(f"  {each}" for each in told["answers"]), *known]


def one_of(given: Sequence[str]) -> str:
    """Some words, of which one is meant."""
    return f"one of {', '.join(given)}" if len(given) > 1 else given[0]


def cause_lines(told: dict[str, Any], reader: Reader) -> list[str]:
    """Which other households share the cause, and how their review is opened."""
    count, first = told["same_cause"]["households"], told["same_cause"]["first"]
    if not count:
        return []
    more = f" and {count - len(first)} more" if count > len(first) else ""
    return [
        f"Other registered households that share the cause: {count}: {', '.join(first)}{more}.",
        f"A supervisor opens their review: {program()} appeals review {told['reference']}{reader.signature}",
    ]


def finding_lines(findings: Sequence[dict[str, Any]]) -> list[str]:
    """Each finding with its reason."""
    return [f"  {each['path']}: {'upheld' if each['upheld'] else 'rejected'}, {each['reason']}" for each in findings]


def said(value: Any) -> str:
    """A value in a line."""
    return "nothing" if value is None else str(value)
