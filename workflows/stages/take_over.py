"""A caseworker takes over an appeal that another one holds, or a supervisor gives it to somebody else."""

from models.errors import Refused
from workflows.appeals.holding import CASEWORKER, SUPERVISOR, holder, require_impartial, require_role
from workflows.casefile import CaseFile
from workflows.events.appeal import TakenOver
from workflows.evidence import Assignment


def decide(case: CaseFile, act: Assignment) -> TakenOver:
    """The event says who held it before; nobody may hold it who took the contested decision."""
    require_role(act.role, *((CASEWORKER, SUPERVISOR) if act.to == act.by else (SUPERVISOR,)))
    require_impartial(case, act.to)
    before = holder(case)
    if before == act.to:
        raise Refused("holds_it_already", "This caseworker holds the appeal already.")
    return TakenOver(to=act.to, held_by=before or "")
