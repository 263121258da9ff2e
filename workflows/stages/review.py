"""A caseworker answers a review. Clearing needs one person, refusing needs two who agree."""

from models.errors import Refused
from workflows.casefile import CaseFile
from workflows.events import ApplicationRefused, CorrectionAsked, RefusalProposed, ReviewCleared
from workflows.evidence import ReviewVerdict

REASONS = {
    "clear": ("same_household", "moved", "error_of_the_other", "nothing_found"),
    "correct": ("person_lives_elsewhere", "person_declared_twice"),
    "refuse": ("false_declaration", "duplicate_application"),
}


def decide(
    case: CaseFile, answer: ReviewVerdict
) -> ReviewCleared | CorrectionAsked | RefusalProposed | ApplicationRefused:
    """What the verdict comes to.

    Raises Refused for an unknown verdict or reason, or a second opinion from the same person.
    """
    if answer.reason not in REASONS.get(answer.verdict, ()):
        known = "; ".join(f"{verdict}: {', '.join(reasons)}" for verdict, reasons in REASONS.items())
        raise Refused(
            "unknown_reason", f"'{answer.verdict}' with reason '{answer.reason}' is not known. Known are {known}."
        )
    if answer.verdict == "clear":
        return ReviewCleared(reason=answer.reason)
    if answer.verdict == "correct":
        return CorrectionAsked(reason=answer.reason)
    return refuse(case, answer)


def refuse(case: CaseFile, answer: ReviewVerdict) -> RefusalProposed | ApplicationRefused:
    """The first to say so proposes, the second, for the same reason, decides.

    Who proposed may propose another reason instead.
    """
    proposed = case.last_here(RefusalProposed)
    if proposed is None:
        return RefusalProposed(reason=answer.reason)
    if proposed.actor != answer.by:
        return confirm(case, answer, proposed.actor)
    if case.last(RefusalProposed).reason == answer.reason:
        raise Refused("needs_second_person", "A refusal needs a second caseworker; you proposed it.")
    return RefusalProposed(reason=answer.reason)


def confirm(case: CaseFile, answer: ReviewVerdict, proposed_by: str) -> ApplicationRefused:
    """The second caseworker's word.

    Raises Refused for another reason than the first one's: a refusal has one, which the citizen is told.
    """
    reason = case.last(RefusalProposed).reason
    if reason != answer.reason:
        text = (
            f"A refusal was proposed because of {reason}: agree with that reason, or clear the review, or ask for a "
            f"correction. "
        )
        raise Refused("another_reason", text + "Whoever proposed it can propose another reason.")
    return ApplicationRefused(reason=reason, proposed_by=proposed_by)
