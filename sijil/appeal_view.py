"""Shows an appeal to the staff, as an object for --json and as lines to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sijil.appeal_commands import codes, commands
from sijil.output import program
from workflows.bodies.appeal import value_at
from workflows.bodies.declaration import Declaration
from workflows.casework.appeal_view import AppealView, asked, outcome
from workflows.events import CorrectionBlocked, Finding

Names = Mapping[str, str]  # of the staff, by their pseudonyms


@dataclass(frozen=True, slots=True)
class Shown:
    """An appeal, what its contested case declared (None: erased), the names of the staff, and the reader's name."""

    view: AppealView
    declared: Declaration | None
    names: Names
    reader: str
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
    """An appeal in the list, as a line."""
    told = appeal_summary(view, names)
    due = f"answer due {view.answer_due:%F}" if view.answer_due else "not queued yet"
    who = f"held by {told['holder']}" if told["holder"] else "held by nobody"
    return "  ".join([view.file.reference, told["stage"], f"on the {told['decision']}", who, due, *view.flags])


def appeal_details(shown: Shown) -> tuple[dict[str, Any], list[str]]:
    """An appeal with all that decides it, and the commands that are possible now: an object, and lines."""
    view, appeal = shown.view, shown.view.appeal
    contested = [
        {
            "path": each.path,
            "declared": value_at(shown.declared, each.path) if shown.declared else None,
            "should_be": each.should_be,
        }
        for each in appeal.contested
    ]
    answers = commands(view, shown.reader)
    result = appeal_summary(view, shown.names) | {
        "contested_reference": appeal.reference,
        "event": appeal.event,
        "decided_at": appeal.decided_at,
        "programme": appeal.programme,
        "policy": appeal.policy,
        "grounds": appeal.grounds,
        "contested": contested,
        "texts": [{"at": each.at, "text": each.text} for each in view.texts],
        "asked": list(asked(view.file)),
        "may_not": [shown.name(each) for each in view.may_not],
        "proposal": proposal_of(shown),
        "outcome": outcome_of(shown),
        "same_cause": {"households": shown.same_cause[0], "first": list(shown.same_cause[1])},
        "answers": answers,
        "codes": codes(view, answers),
    }
    return result, [*head_lines(result), *content_lines(result), *end_lines(result, view)]


def findings_of(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as objects."""
    return [{"path": each.path, "upheld": each.upheld, "reason": each.reason} for each in findings]


def proposal_of(shown: Shown) -> dict[str, Any] | None:
    """The decision that waits for a second person."""
    proposed = shown.view.proposal
    return {"outcome": proposed.outcome, "findings": findings_of(proposed.findings)} if proposed else None


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
    due = f", the answer is due {told['answer_due']:%F}" if told["answer_due"] else ""
    about = f" for {told['programme']}" if told["programme"] else ""
    rests = f" It rests on {told['policy']}." if told["policy"] else ""
    return [
        f"{told['reference']} is '{told['stage']}', version {told['version']}{due}.",
        *told["flags"],
        f"It contests the {told['decision']}{about} of {told['contested_reference']}: {told['event']} of "
        f"{told['decided_at']:%F}.{rests}",
        f"Held by {told['holder'] or 'nobody'}. May not decide: {', '.join(told['may_not']) or 'nobody is excluded'}.",
        f"Grounds: {', '.join(told['grounds'])}.",
    ]


def content_lines(told: dict[str, Any]) -> list[str]:
    """The contested values, and what the household said."""
    values = [
        f"  {each['path']}: declared {said(each['declared'])}, should be {said(each['should_be'])}"
        for each in told["contested"]
    ]
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


def end_lines(told: dict[str, Any], view: AppealView) -> list[str]:
    """What is proposed or decided, and what is possible now."""
    lines = []
    if told["proposal"]:
        lines.append(f"Proposed: {told['proposal']['outcome']}. A second person must agree.")
        lines += finding_lines(told["proposal"]["findings"])
    if decided := told["outcome"]:
        lines.append(f"Decided: {decided['outcome']}.")
        lines += finding_lines(decided["findings"])
        if decided["score_corrected"] is not None:
            lines.append(
                f"The contested index was computed as {decided['score_computed']} and is corrected to "
                f"{decided['score_corrected']}, from {decided['true_from']}."
            )
        lines += [
            f"A later change of {path} stands: the entry keeps what it says." for path in decided["changed_since"]
        ]
        if decided["blocked"]:
            lines.append(f"The correction did not come about ({decided['blocked']}): look why, then retry.")
    return [*lines, *cause_lines(told), *answer_lines(told)]


def answer_lines(told: dict[str, Any]) -> list[str]:
    """The commands that are possible now, and what may stand in them."""
    if not told["answers"]:
        return []
    known = [f"  {name} is {one_of(given)}." for name, given in told["codes"].items()]
    return ["", "Possible now:", *(f"  {each}" for each in told["answers"]), *known]


def one_of(given: Sequence[str]) -> str:
    """Some words, of which one is meant."""
    return f"one of {', '.join(given)}" if len(given) > 1 else given[0]


def cause_lines(told: dict[str, Any]) -> list[str]:
    """Which other households share the cause, and how their review is opened."""
    count, first = told["same_cause"]["households"], told["same_cause"]["first"]
    if not count:
        return []
    more = f" and {count - len(first)} more" if count > len(first) else ""
    return [
        f"Other registered households that share the cause: {count}: {', '.join(first)}{more}.",
        f"A supervisor opens their review: {program()} appeals review {told['reference']} --as NAME",
    ]


def finding_lines(findings: Sequence[dict[str, Any]]) -> list[str]:
    """Each finding with its reason."""
    return [f"  {each['path']}: {'upheld' if each['upheld'] else 'rejected'}, {each['reason']}" for each in findings]


def said(value: Any) -> str:
    """A value in a line."""
    return "nothing" if value is None else str(value)
