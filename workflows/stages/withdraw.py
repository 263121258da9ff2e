"""A citizen may take an application back at any time before it is decided."""

from workflows.casefile import CaseFile
from workflows.events import CaseWithdrawn
from workflows.evidence import Withdrawal


def decide(case: CaseFile, answer: Withdrawal) -> CaseWithdrawn:
    """Always granted."""
    return CaseWithdrawn(stage=case.stage)
