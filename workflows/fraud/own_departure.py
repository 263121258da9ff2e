"""An adult says that they left a household which somebody else heads."""

from workflows.casefile import CaseFile
from workflows.events.registration import ReviewCleared, Signal
from workflows.events.update import DepartureDeclared
from workflows.evidence import ScreeningAnswer

CODE = "own_departure"
WHY = "an adult declares their own departure from a household that somebody else heads"
INNOCENT = "a divorce, a quarrel, a move for work: most who say so have left"
NEEDS_A_PERSON = True


def signal(case: CaseFile, answer: ScreeningAnswer) -> Signal | None:
    """Somebody must look until a caseworker has cleared it."""
    if DepartureDeclared not in case.past or ReviewCleared in case.past:
        return None
    return Signal(code=CODE)
