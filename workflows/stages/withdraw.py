"""The citizen takes an application back, at any time before it is decided."""

from workflows.casefile import CaseFile
from workflows.events.registration import CaseWithdrawn
from workflows.evidence import Withdrawal


def decide(case: CaseFile, answer: Withdrawal) -> CaseWithdrawn:
    """Withdrawal is always granted; the event says at which stage it came."""
    return CaseWithdrawn(stage=case.stage)
