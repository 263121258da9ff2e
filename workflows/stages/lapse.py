"""A correction that does not come: reminders, and at the deadline the application lapses.

It is never refused for silence.
"""

from workflows.casefile import CaseFile
from workflows.events import CorrectionReminded, Lapsed
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> CorrectionReminded | Lapsed:
    """Lapsed from the deadline on, reminded before.

    The first decisions were recorded without it: theirs is the one that the map gives.
    """
    deadline = evidence.deadline
    if deadline and evidence.at >= deadline:
        return Lapsed()
    before = case.last(CorrectionReminded).reminder if case.last_here(CorrectionReminded) else 0
    return CorrectionReminded(reminder=before + 1)
