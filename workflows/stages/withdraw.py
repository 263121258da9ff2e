"""The citizen takes back what they asked for, at any time before it is decided."""

from models.errors import Refused
from workflows.casefile import CaseFile
from workflows.events.registration import CaseWithdrawn
from workflows.evidence import Withdrawal


def decide(case: CaseFile, answer: Withdrawal) -> CaseWithdrawn:
    """Withdrawal is granted to who asked for something; the event says at which stage it came.

    Raises Refused for a review of the household's entry, which the agency opened itself.
    """
    if case.body.unasked:
        raise Refused("not_possible_now", "The agency opened this review of the household's entry: it ends by itself.")
    return CaseWithdrawn(stage=case.stage)
