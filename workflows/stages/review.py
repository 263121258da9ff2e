"""A caseworker answers a review: one person may clear it, and a refusal needs two who agree."""

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
    """A verdict clears the review, asks the citizen for a correction, or refuses with a second caseworker's consent.

    Raises Refused for an unknown verdict or reason, and where one caseworker confirms their own proposal.
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
    """The first caseworker proposes a refusal, a second one decides it for the same reason.

    The first one may still change the reason of the proposal.
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
    """The second caseworker agrees with the proposal of the first.

    Raises Refused where their reasons differ: a refusal has one reason, and the citizen is told it.
    """
    reason = case.last(RefusalProposed).reason
    if reason != answer.reason:
        raise Refused(
            "another_reason",
            f"A refusal was proposed because of {reason}: agree with that reason, clear the review, or ask for a "
            "correction. The caseworker who proposed the refusal can propose another reason.",
        )
    return ApplicationRefused(reason=reason, proposed_by=proposed_by)
