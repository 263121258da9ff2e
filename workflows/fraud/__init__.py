"""The signals: reasons for a caseworker to look, one file each, all of one shape.

`signal(case, answer)` returns the signal, or None. `WHY` says why somebody should look, `INNOCENT` what harmless causes
it may have, and `NEEDS_A_PERSON` whether it sends the case to a caseworker or is only noted.
"""

from datetime import datetime
from types import ModuleType

from workflows.casefile import CaseFile
from workflows.events.registration import DuplicateSuspected, ReviewReopened, Signal
from workflows.fraud import (
    one_person_twice,
    own_departure,
    person_in_two_households,
    phone_shared,
    same_cause,
    told_by_register,
)

# In the order in which an event lists them.
SIGNALS: dict[str, ModuleType] = {
    each.CODE: each
    for each in (
        person_in_two_households,
        own_departure,
        same_cause,
        told_by_register,
        one_person_twice,
        phone_shared,
    )
}
# Why a caseworker clears a review though another household holds a person: both say that the person moves.
HANDED_OVER = "handed_over"


def raised(case: CaseFile) -> tuple[Signal, ...]:
    """The signals of the case's latest review."""
    event = case.latest(DuplicateSuspected, ReviewReopened).event
    assert isinstance(event, DuplicateSuspected | ReviewReopened)
    return event.signals


def review_began(case: CaseFile) -> datetime:
    """When the case's latest review began: one that came back goes on, at its place by age."""
    review = case.latest(DuplicateSuspected, ReviewReopened)
    return review.event.begun if isinstance(review.event, ReviewReopened) else review.at
