"""Somebody lets an upheld appeal try again to correct the household's entry."""

from workflows.casefile import CaseFile
from workflows.events.appeal import CorrectionAwaited, CorrectionRetried
from workflows.evidence import CorrectionRetry


def decide(case: CaseFile, act: CorrectionRetry) -> CorrectionAwaited | CorrectionRetried:
    """A change that is still under way is waited for again, so that the entry is not corrected twice."""
    return CorrectionAwaited() if act.under_way else CorrectionRetried()
