"""A correction that does not come: reminders, and at the deadline the application lapses. It is never refused for silence."""

from workflows.casefile import CaseFile
from workflows.events import CorrectionReminded, Lapsed
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> CorrectionReminded | Lapsed:
    """Lapsed from the deadline on, reminded before."""
    if case.deadline is not None and evidence.at >= case.deadline:
        return Lapsed()
    before = case.last(CorrectionReminded).reminder if case.last_here(CorrectionReminded) else 0
    return CorrectionReminded(reminder=before + 1)
