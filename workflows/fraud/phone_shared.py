"""Many households give one phone number. This is only noted: in a hamlet (douar) it is normal."""

from workflows.casefile import CaseFile
from workflows.events.registration import Signal
from workflows.evidence import ScreeningAnswer

CODE = "phone_shared"
WHY = "many households give one phone"
INNOCENT = "one phone serves a family or a hamlet, a helper or an office fills in forms with its own number"
NEEDS_A_PERSON = False
FROM_HOUSEHOLDS = 4


def signal(case: CaseFile, answer: ScreeningAnswer) -> Signal | None:
    """Counts the households that gave this number, this one included."""
    return Signal(code=CODE, count=answer.phone_households) if answer.phone_households >= FROM_HOUSEHOLDS else None
