"""A correction that does not come: reminders, and at the deadline the application lapses. It is never refused for silence."""

from workflows.casefile import CaseFile
from workflows.events import CorrectionReminded, Lapsed
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> CorrectionReminded | Lapsed:
    """Lapsed from the deadline on, reminded before."""
    if case.deadline is not None and evidence.at >= case.deadline:
        return Lapsed()
    return CorrectionReminded(reminder=reminders_since(case) + 1)


def reminders_since(case: CaseFile) -> int:
    """How many reminders this stay in the stage has seen."""
    last = case.past.get(CorrectionReminded)
    if last is None or last.at < case.stage_since:
        return 0
    return case.last(CorrectionReminded).reminder
