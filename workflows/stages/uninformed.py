"""The citizen gives no information: reminders follow, then the examination goes on; silence never rejects an appeal."""

from workflows.appeals.holding import term_goes_on
from workflows.casefile import CaseFile
from workflows.events.appeal import InformationNotGiven, InformationReminded
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> InformationReminded | InformationNotGiven:
    """The examination goes on at the deadline; before that, the citizen is reminded."""
    if evidence.deadline and evidence.at >= evidence.deadline:
        return InformationNotGiven(begun=term_goes_on(case, evidence.at))
    already_sent = case.last(InformationReminded).reminder if case.last_here(InformationReminded) else 0
    return InformationReminded(reminder=already_sent + 1)
