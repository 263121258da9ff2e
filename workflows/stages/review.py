"""A caseworker answers a review: one person may clear it; a refusal needs a hearing, and two people who agree."""

from models.errors import Refused
from workflows.casefile import CaseFile
from workflows.events.event import Event, Recorded
from workflows.events.registration import (
    ApplicationRefused,
    CorrectionAsked,
    DuplicateSuspected,
    HearingUnanswered,
    RefusalProposed,
    ReviewCleared,
    ReviewReopened,
    StatementReceived,
)
from workflows.evidence import ReviewVerdict
from workflows.fraud import HANDED_OVER

REASONS = {
    "clear": ("same_household", "moved", "error_of_the_other", "nothing_found", HANDED_OVER),
    "correct": ("person_lives_elsewhere", "person_declared_twice", "value_in_doubt"),
    "refuse": ("false_declaration", "duplicate_application"),
}

HEARD: tuple[type[Event], ...] = (StatementReceived, HearingUnanswered)  # how a hearing ends and the review goes on


def decide(
    case: CaseFile, answer: ReviewVerdict
) -> ReviewCleared | CorrectionAsked | RefusalProposed | ApplicationRefused:
    """A verdict clears the review, asks the citizen for a correction, or refuses with a second caseworker's consent.

    Raises Refused for an unknown verdict or reason, where one caseworker confirms their own proposal, where the
    household asked for nothing that could be refused, and where another case opened this one.
    """
    if answer.reason not in REASONS.get(answer.verdict, ()):
        known = "; ".join(f"{verdict}: {', '.join(reasons)}" for verdict, reasons in REASONS.items())
        raise Refused(
            "unknown_reason", f"'{answer.verdict}' with reason '{answer.reason}' is not known. Known are {known}."
        )
    if answer.verdict == "clear":
        return ReviewCleared(reason=answer.reason)
    if case.parent:
        raise Refused("not_possible_now", "Another case opened this one, and nobody is asked here: clear the review.")
    if answer.verdict == "correct":
        return CorrectionAsked(reason=answer.reason)
    if case.body.unasked:
        raise Refused(
            "not_possible_now", "The household asked for nothing here: clear the review, or ask for a correction."
        )
    return refuse(case, answer)


def clear(case: CaseFile, answer: ReviewVerdict) -> ReviewCleared:
    """While the citizen is heard a caseworker may clear the review, and do nothing else.

    Raises Refused for every other verdict.
    """
    if answer.verdict != "clear":
        raise Refused("not_possible_now", "The citizen is being heard: until then the review can only be cleared.")
    cleared = decide(case, answer)
    assert isinstance(cleared, ReviewCleared)
    return cleared


def refuse(case: CaseFile, answer: ReviewVerdict) -> RefusalProposed | ApplicationRefused:
    """The first caseworker proposes a refusal; once the citizen is heard, a second one decides it for the same reason.

    The first one may still change the reason of the proposal: then the citizen is heard on that.
    """
    proposed = proposal(case)
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


def proposal(case: CaseFile) -> Recorded | None:
    """The refusal that was proposed in this review, once the citizen was heard on it."""
    proposed = case.past.get(RefusalProposed)
    if proposed is None:
        return None
    begun, heard = last_seq(case, DuplicateSuspected, ReviewReopened), last_seq(case, *HEARD)
    return proposed if begun < proposed.seq < heard else None


def hearing(case: CaseFile) -> Recorded | None:
    """How the citizen was heard on the refusal that was proposed in this review: by a statement, or in vain."""
    return case.latest(*HEARD) if proposal(case) else None


def last_seq(case: CaseFile, *kinds: type[Event]) -> int:
    """The sequence of the latest event of any of these kinds; 0 where there is none."""
    return max((case.past[kind].seq for kind in kinds if kind in case.past), default=0)
