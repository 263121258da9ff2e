"""A review that nobody looks at: it is counted and moves up, and never turns against the household."""

from workflows.casefile import CaseFile
from workflows.events import ReviewOverdue
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> ReviewOverdue:
    """How many times the review's term has passed."""
    before = case.last(ReviewOverdue).times if case.last_here(ReviewOverdue) else 0
    return ReviewOverdue(times=before + 1)
