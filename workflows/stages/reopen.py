"""A lapsed application was never refused: the citizen takes it up again, and it is verified anew."""

from workflows.casefile import CaseFile
from workflows.events import CaseReopened
from workflows.evidence import Reopening


def decide(case: CaseFile, answer: Reopening) -> CaseReopened:
    """Always granted."""
    return CaseReopened()
