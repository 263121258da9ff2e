"""The change that an upheld appeal opened has not ended in its term: a caseworker looks why."""

from workflows.casefile import CaseFile
from workflows.events.appeal import CorrectionBlocked
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> CorrectionBlocked:
    """It is late, and may still come."""
    return CorrectionBlocked(case=0, why="late")
