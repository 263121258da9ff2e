"""The agency is silent on an appeal: it is reminded at three quarters of the term, then a supervisor has the appeal."""

from workflows.casefile import CaseFile
from workflows.events.appeal import AppealOverdue, AppealReminded
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> AppealReminded | AppealOverdue:
    """The agency's silence raises the appeal, and never rejects it."""
    if evidence.deadline and evidence.at >= evidence.deadline:
        return AppealOverdue()
    before = case.last(AppealReminded).reminder if AppealReminded in case.past else 0
    return AppealReminded(reminder=before + 1)
