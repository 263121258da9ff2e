"""A caseworker answers a review: one person may clear it; a refusal needs a hearing, and two people who agree."""

from models.errors import Problem, Refused
from workflows.bodies.appeal import is_value
from workflows.bodies.change import Change
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
    "correct": ("person_lives_elsewhere", "person_declared_twice", "value_in_doubt", "member_died"),
    "refuse": ("false_declaration", "duplicate_application"),
}

# Reasons that say nothing to a citizen who does not know which values they are about.
ABOUT_VALUES = ("value_in_doubt", "false_declaration")

HEARD: tuple[type[Event], ...] = (StatementReceived, HearingUnanswered)  # how a hearing ends and the review goes on


def decide(
    case: CaseFile, answer: ReviewVerdict
) -> ReviewCleared | CorrectionAsked | RefusalProposed | ApplicationRefused:
    """A verdict clears the review, asks the citizen for a correction, or refuses with a second caseworker's consent.

    Raises Refused for an unknown verdict or reason, for a reason that must name values and names none, or others than
    the declaration has, where one caseworker confirms their own proposal, where the household asked for nothing that
    could be refused, and where another case opened this one.
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
    refuse_unknown_values(case, answer)
    if answer.verdict == "correct":
        return CorrectionAsked(reason=answer.reason, about=named(case, answer))
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

    The first one may still change the reason of the proposal, or what it is about: then the citizen is heard on that.
    """
    proposed = proposal(case)
    if proposed is None:
        return propose(case, answer)
    if proposed.actor != answer.by:
        return confirm(case, answer, proposed.actor)
    if repeats(case, answer):
        raise Refused("needs_second_person", "A refusal needs a second caseworker; you proposed it.")
    return propose(case, answer)


def propose(case: CaseFile, answer: ReviewVerdict) -> RefusalProposed:
    """The refusal on which the citizen is heard. Raises Refused where they would not learn what to answer."""
    return RefusalProposed(reason=answer.reason, about=named(case, answer))


def named(case: CaseFile, answer: ReviewVerdict) -> tuple[str, ...]:
    """The values that an answer is about, each once. Raises Refused where its reason needs some and it has none."""
    if needs_values(case, answer.reason) and not answer.about:
        text = f"Because of {answer.reason}, say which values of the declaration it is about, such as bills.telecom."
        raise Refused("about_missing", text, problems=[Problem("about", "Is missing.")])
    return tuple(dict.fromkeys(answer.about))


def needs_values(case: CaseFile, reason: str) -> bool:
    """Whether a reason says nothing without the values that it is about; of a departure, that is known."""
    is_departure = isinstance(case.body, Change) and case.body.left_by is not None
    return reason in ABOUT_VALUES and not is_departure


def refuse_unknown_values(case: CaseFile, answer: ReviewVerdict) -> None:
    """Raises Refused where the declaration has no value at one of the paths."""
    if unknown := [path for path in answer.about if not is_value(case.declaration, path)]:
        text = (
            f"The declaration has no value '{unknown[0]}'. Values are such as bills.telecom or members[2].occupation."
        )
        raise Refused("unknown_value", text, problems=[Problem("about", "Names no value of the declaration.")])


def repeats(case: CaseFile, answer: ReviewVerdict) -> bool:
    """Whether an answer says what the proposal says; one that names no values means those of the proposal."""
    proposed = case.last(RefusalProposed)
    return answer.reason == proposed.reason and set(answer.about) <= set(proposed.about)


def confirm(case: CaseFile, answer: ReviewVerdict, proposed_by: str) -> ApplicationRefused:
    """The second caseworker agrees with the proposal of the first.

    Raises Refused where their reasons differ, or what they are about: a refusal has one reason, and the citizen was
    heard on it.
    """
    proposed = case.last(RefusalProposed)
    if not repeats(case, answer):
        raise Refused(
            "another_reason",
            f"A refusal was proposed because of {' '.join((proposed.reason, *proposed.about))}: agree with that, "
            "clear the review, or ask for a correction. The caseworker who proposed the refusal can propose another "
            "reason.",
        )
    return ApplicationRefused(reason=proposed.reason, proposed_by=proposed_by, about=proposed.about)


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
