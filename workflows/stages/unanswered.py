"""Nobody answers in a hearing: reminders follow, then the review goes on; silence never refuses an application."""

from workflows.casefile import CaseFile
from workflows.events.registration import HearingReminded, HearingUnanswered
from workflows.evidence import TimePassed
from workflows.fraud import review_began


def decide(case: CaseFile, evidence: TimePassed) -> HearingReminded | HearingUnanswered:
    """The review goes on at the hearing's deadline; before that, the citizen is reminded."""
    if evidence.deadline and evidence.at >= evidence.deadline:
        return HearingUnanswered(begun=review_began(case))
    already_sent = case.last(HearingReminded).reminder if case.last_here(HearingReminded) else 0
    return HearingReminded(reminder=already_sent + 1)
