"""The citizen sends no correction: reminders follow, then the application lapses; silence never refuses it."""

from workflows.casefile import CaseFile
from workflows.events import CorrectionReminded, Lapsed
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> CorrectionReminded | Lapsed:
    """The application lapses at its deadline; before that, the citizen is reminded.

    The first evidence was recorded without a deadline: then the flow's own counts.
    """
    deadline = evidence.deadline
    if deadline and evidence.at >= deadline:
        return Lapsed()
    already_sent = case.last(CorrectionReminded).reminder if case.last_here(CorrectionReminded) else 0
    return CorrectionReminded(reminder=already_sent + 1)
