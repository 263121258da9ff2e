"""Reasons for a person to look, one file each, all of one shape.

`signal(case, answer)` is what raises it (None: nothing); `WHY` a person should look, and what may be `INNOCENT` in it;
whether it `NEEDS_A_PERSON` or is only noted.
"""

from types import ModuleType

from workflows.casefile import CaseFile
from workflows.events import DuplicateSuspected, ReviewReopened, Signal
from workflows.fraud import person_in_two_households, phone_shared

# In the order in which an event lists them.
SIGNALS: dict[str, ModuleType] = {each.CODE: each for each in (person_in_two_households, phone_shared)}


def raised(case: CaseFile) -> tuple[Signal, ...]:
    """The signals for which a person looks, or looked last, at this case."""
    event = case.latest(DuplicateSuspected, ReviewReopened).event
    assert isinstance(event, DuplicateSuspected | ReviewReopened)
    return event.signals
