"""The supervisor does not decide an overdue appeal either: it goes before the commission."""

from workflows.casefile import CaseFile
from workflows.events.appeal import AppealEscalated
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> AppealEscalated:
    """Silence raises the appeal once more."""
    return AppealEscalated(sent_by="silence")
