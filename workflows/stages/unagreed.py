"""No second person answers a proposed decision on an appeal: the proposal is void, and the examination goes on."""

from workflows.appeals.holding import term_began
from workflows.casefile import CaseFile
from workflows.events.appeal import ProposalUnanswered
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> ProposalUnanswered:
    """Silence of the second person agrees with nothing."""
    return ProposalUnanswered(begun=term_began(case))
