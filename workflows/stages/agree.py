"""A second person agrees with a proposed decision on an appeal, or gives it back."""

from models.errors import Refused
from workflows.appeals.holding import CASEWORKER, SUPERVISOR, require_impartial, require_role, term_began
from workflows.appeals.reasons import RETURNED, require_known
from workflows.casefile import CaseFile
from workflows.events.appeal import AppealRejected, AppealUpheld, DecisionProposed, ProposalReturned
from workflows.evidence import Agreement


def decide(case: CaseFile, answer: Agreement) -> AppealUpheld | AppealRejected | ProposalReturned:
    """The second person is not the one who proposed, and neither took the contested decision."""
    require_role(answer.role, CASEWORKER, SUPERVISOR)
    proposed = case.past[DecisionProposed]
    if answer.by == proposed.actor:
        raise Refused("needs_second_person", "The decision needs a second person; you proposed it.")
    require_impartial(case, answer.by)
    if not answer.agrees:
        require_known(answer.reason, RETURNED)
        return ProposalReturned(begun=term_began(case), reason=answer.reason)
    proposal = case.last(DecisionProposed)
    if proposal.outcome == "rejected":
        return AppealRejected(findings=proposal.findings, proposed_by=proposed.actor)
    return AppealUpheld(
        body=answer.number,
        digest=answer.digest,
        outcome=proposal.outcome,
        findings=proposal.findings,
        proposed_by=proposed.actor,
    )
