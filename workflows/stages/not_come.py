"""Nobody came to a centre yet: reminders follow, then the file ends; it can be begun again at any time."""

from workflows.casefile import CaseFile
from workflows.events.enrolment import EnrolmentReminded
from workflows.events.registration import Lapsed
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> EnrolmentReminded | Lapsed:
    """The file ends at its deadline; before that, who asked is reminded."""
    deadline = evidence.deadline
    if deadline and evidence.at >= deadline:
        return Lapsed()
    already_sent = case.last(EnrolmentReminded).reminder if case.last_here(EnrolmentReminded) else 0
    return EnrolmentReminded(reminder=already_sent + 1)
