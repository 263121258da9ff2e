"""A member of the commission says what an appeal comes to; whatever the outcome, a second member must agree."""

from workflows.appeals.holding import require_member
from workflows.appeals.reasons import outcome_of, require_findings
from workflows.casefile import CaseFile
from workflows.events.appeal import CommissionFound
from workflows.evidence import AppealVerdict


def decide(case: CaseFile, verdict: AppealVerdict) -> CommissionFound:
    """It takes the place of what any member found before: until a second one agrees, nothing is decided.

    Raises Refused for who may not decide in the commission, and for findings that are not whole.
    """
    require_member(case, verdict.by, verdict.role)
    require_findings(case.body, verdict.findings)
    return CommissionFound(outcome=outcome_of(verdict.findings), findings=verdict.findings)
