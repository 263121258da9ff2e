"""A caseworker asks the citizen for information: once by law (55-19), a second time by a supervisor alone."""

from models.errors import Refused
from workflows.appeals.holding import SUPERVISOR, require_holder, term_began
from workflows.appeals.reasons import ASKED, require_known
from workflows.casefile import CaseFile
from workflows.events.appeal import InformationAsked
from workflows.evidence import InformationRequest

MOST_OFTEN = 2


def decide(case: CaseFile, request: InformationRequest) -> InformationAsked:
    """Everything that is needed is asked for at once."""
    require_holder(case, request.by, request.role)
    asked_before = case.last(InformationAsked).times if InformationAsked in case.past else 0
    if asked_before >= MOST_OFTEN:
        raise Refused("asked_already", "The citizen was asked twice, and is asked no more: decide on what is known.")
    if asked_before and request.role != SUPERVISOR:
        raise Refused("asked_already", "The citizen was asked once; only a supervisor may ask a second time.")
    if not request.asked:
        raise Refused("unknown_reason", f"Say what is asked for: {', '.join(ASKED)}.")
    for code in request.asked:
        require_known(code, ASKED)
    return InformationAsked(begun=term_began(case), asked=request.asked, times=asked_before + 1, role=request.role)
