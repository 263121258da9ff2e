"""An upheld appeal of another household showed a wrong record or rule, which this household's entry rests on, too."""

from workflows.casefile import CaseFile
from workflows.events.registration import ReviewCleared, Signal
from workflows.events.update import ReviewOrdered
from workflows.evidence import ScreeningAnswer

CODE = "same_cause"
WHY = "another household's appeal showed a mistake of a record or a rule that this entry rests on, too"
INNOCENT = "the household did nothing: the mistake is ours, and may not touch this entry at all"
NEEDS_A_PERSON = True


def signal(case: CaseFile, answer: ScreeningAnswer) -> Signal | None:
    """Somebody must look until a caseworker has cleared it."""
    if ReviewOrdered not in case.past or ReviewCleared in case.past:
        return None
    return Signal(code=CODE)
