"""The commission does not decide in its term: the appeal stays with it, moves up, and is never rejected by silence."""

from workflows.casefile import CaseFile
from workflows.events.appeal import CommissionOverdue
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> CommissionOverdue:
    """The commission's term has passed once more."""
    before = case.last(CommissionOverdue).times if case.last_here(CommissionOverdue) else 0
    return CommissionOverdue(times=before + 1)
