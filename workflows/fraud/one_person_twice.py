"""The population register holds a member's identifier and another one to be of one person, who is declared by both."""

from workflows.casefile import CaseFile
from workflows.events.registration import (
    CorrectionReceived,
    DuplicateSuspected,
    ReviewCleared,
    ReviewReopened,
    Signal,
)
from workflows.evidence import ScreeningAnswer

CODE = "one_person_twice"
WHY = "the population register has one person under two identifiers, and both are declared"
INNOCENT = "each household knows one identifier alone; the register may be wrong, and then it takes that back"
NEEDS_A_PERSON = True


def signal(case: CaseFile, answer: ScreeningAnswer) -> Signal | None:
    """Names the members, and the cases that hold their other identifiers; not once a caseworker has looked."""
    if not answer.twice or looked_at(case):
        return None
    return Signal(
        code=CODE,
        members=tuple(sorted({each.member for each in answer.twice})),
        cases=tuple(sorted({each.case_id for each in answer.twice} - {case.id})),
    )


def looked_at(case: CaseFile) -> bool:
    """Whether a caseworker cleared a review for this, and nobody has declared anew since."""
    cleared, corrected = case.past.get(ReviewCleared), case.past.get(CorrectionReceived)
    if cleared is None or (corrected is not None and corrected.seq > cleared.seq):
        return False
    review = case.latest(DuplicateSuspected, ReviewReopened).event
    return isinstance(review, DuplicateSuspected | ReviewReopened) and CODE in [each.code for each in review.signals]
