"""The caseworker who holds an appeal gives it back, or a supervisor takes it away: it waits for another one."""

from workflows.appeals.holding import SUPERVISOR, require_holder, term_began
from workflows.casefile import CaseFile
from workflows.events.appeal import HandedBack
from workflows.evidence import HandBack


def decide(case: CaseFile, act: HandBack) -> HandedBack:
    """The term goes on: the household waits no longer for it."""
    if act.role != SUPERVISOR:
        require_holder(case, act.by, act.role)
    return HandedBack(begun=term_began(case))
