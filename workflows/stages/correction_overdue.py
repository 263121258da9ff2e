"""Nobody looks at a correction that is blocked: it moves up the list."""

from workflows.casefile import CaseFile
from workflows.events.appeal import CorrectionOverdue
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> CorrectionOverdue:
    """The term has passed once more."""
    before = case.last(CorrectionOverdue).times if case.last_here(CorrectionOverdue) else 0
    return CorrectionOverdue(times=before + 1)
