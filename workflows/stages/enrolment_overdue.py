"""No officer answers an enrolment in its term: it moves up the list, and never turns against the person."""

from workflows.casefile import CaseFile
from workflows.events.enrolment import EnrolmentOverdue
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> EnrolmentOverdue:
    """The term has passed once more."""
    times_before = case.last(EnrolmentOverdue).times if case.last_here(EnrolmentOverdue) else 0
    return EnrolmentOverdue(times=times_before + 1)
