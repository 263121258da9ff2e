"""The commission says what an appeal comes to; two of its members decide together, whatever the outcome."""

from models.errors import Refused
from workflows.appeals.holding import COMMISSION, proposers, require_impartial, require_role
from workflows.appeals.reasons import outcome_of, require_findings
from workflows.casefile import CaseFile
from workflows.events.appeal import AppealRejected, AppealSetAside, AppealUpheld
from workflows.evidence import AppealVerdict


def decide(case: CaseFile, verdict: AppealVerdict) -> AppealUpheld | AppealSetAside | AppealRejected:
    """Neither member took the contested decision, or proposed to decide on this appeal before.

    Raises Refused otherwise, and for findings that are not whole.
    """
    require_role(verdict.role, COMMISSION)
    if verdict.second in ("", verdict.by):
        raise Refused("needs_second_person", "Two members of the commission decide together: name the other one.")
    require_impartial(case, verdict.by, verdict.second)
    if {verdict.by, verdict.second}.intersection(proposers(case)):
        raise Refused("needs_second_person", "Who proposed a decision on this appeal may not decide in the commission.")
    require_findings(case.body, verdict.findings)
    outcome = outcome_of(verdict.findings)
    if outcome == "rejected":
        return AppealRejected(findings=verdict.findings, proposed_by=verdict.second)
    if verdict.number:
        return AppealUpheld(
            body=verdict.number,
            digest=verdict.digest,
            outcome=outcome,
            findings=verdict.findings,
            proposed_by=verdict.second,
        )
    return AppealSetAside(findings=verdict.findings)
