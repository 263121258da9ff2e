"""A household that asks to be removed has some days to think again; then the register knows it no more."""

from workflows.casefile import CaseFile
from workflows.events.update import RemovalDue
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> RemovalDue:
    """The term is over, and nobody took the removal back."""
    return RemovalDue()
