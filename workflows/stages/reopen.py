"""The citizen takes a lapsed application up again, and the population register verifies it anew."""

from workflows.casefile import CaseFile
from workflows.events.registration import CaseReopened
from workflows.evidence import Reopening


def decide(case: CaseFile, answer: Reopening) -> CaseReopened:
    """Reopening is always granted: a lapsed application was never refused."""
    return CaseReopened()
