"""No caseworker answers a review in its term: it moves up the list, and never turns against the household."""

from workflows.casefile import CaseFile
from workflows.events.registration import ReviewOverdue
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> ReviewOverdue:
    """The review's term has passed once more."""
    times_before = case.last(ReviewOverdue).times if case.last_here(ReviewOverdue) else 0
    return ReviewOverdue(times=times_before + 1)
