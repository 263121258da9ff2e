"""The household asks that the commission decides its overdue appeal instead of the supervisor."""

from workflows.casefile import CaseFile
from workflows.events.appeal import AppealEscalated
from workflows.evidence import CommissionRequest


def decide(case: CaseFile, answer: CommissionRequest) -> AppealEscalated:
    """It is granted at once, without a reason: the agency did not keep its term."""
    return AppealEscalated(sent_by="household")
