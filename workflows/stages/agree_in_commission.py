"""A second member of the commission agrees with what the first one found, so that it is decided, or returns it."""

from models.errors import Refused
from workflows.appeals.holding import require_member, waiting_proposal
from workflows.appeals.reasons import RETURNED, require_known
from workflows.casefile import CaseFile
from workflows.events.appeal import AppealRejected, AppealSetAside, AppealUpheld, FindingReturned
from workflows.evidence import Agreement


def decide(case: CaseFile, answer: Agreement) -> AppealUpheld | AppealSetAside | AppealRejected | FindingReturned:
    """The second member is not the one who found, and neither had a part in the appeal before.

    Raises Refused otherwise, and where nothing is found, or where it was returned.
    """
    require_member(case, answer.by, answer.role)
    found = waiting_proposal(case)
    if found is None:
        raise Refused("nothing_proposed", "No member of the commission has proposed a decision yet: propose one first.")
    if answer.by == found.by:
        raise Refused("needs_second_person", "The decision needs a second member of the commission; you proposed it.")
    if not answer.agrees:
        require_known(answer.reason, RETURNED)
        return FindingReturned(reason=answer.reason)
    if found.outcome == "rejected":
        return AppealRejected(findings=found.findings, proposed_by=found.by)
    if not answer.number:
        return AppealSetAside(findings=found.findings, proposed_by=found.by)
    return AppealUpheld(
        body=answer.number,
        digest=answer.digest,
        outcome=found.outcome,
        findings=found.findings,
        proposed_by=found.by,
    )
