"""A supervisor sends an appeal to the commission."""

from workflows.appeals.holding import SUPERVISOR, require_role
from workflows.casefile import CaseFile
from workflows.events.appeal import AppealEscalated
from workflows.evidence import Escalation


def decide(case: CaseFile, act: Escalation) -> AppealEscalated:
    """It goes there once, and comes back no more."""
    require_role(act.role, SUPERVISOR)
    return AppealEscalated(sent_by="supervisor")
