"""A caseworker takes an appeal that waits, or a supervisor gives it to one."""

from workflows.appeals.holding import CASEWORKER, SUPERVISOR, require_impartial, require_role, term_began
from workflows.casefile import CaseFile
from workflows.events.appeal import AppealAssigned
from workflows.evidence import Assignment


def decide(case: CaseFile, act: Assignment) -> AppealAssigned:
    """A caseworker takes it for themselves alone; nobody may hold it who took the contested decision."""
    require_role(act.role, *((CASEWORKER, SUPERVISOR) if act.to == act.by else (SUPERVISOR,)))
    require_impartial(case, act.to)
    return AppealAssigned(begun=term_began(case), to=act.to)
