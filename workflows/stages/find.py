"""The caseworker who holds an appeal says what it comes to: one person may uphold it whole, all else needs a second."""

from datetime import datetime

from workflows.appeals.holding import proposers, require_holder, term_began
from workflows.appeals.reasons import outcome_of, require_findings
from workflows.casefile import CaseFile
from workflows.events.appeal import AppealSetAside, AppealUpheld, DecisionProposed
from workflows.evidence import AppealVerdict
from workflows.policies import terms_of_version


def decide(case: CaseFile, verdict: AppealVerdict) -> DecisionProposed | AppealUpheld | AppealSetAside:
    """Each contested value has a finding with its reason; the outcome follows from all of them.

    Raises Refused for somebody who does not hold the appeal, and for findings that are not whole.
    """
    require_holder(case, verdict.by, verdict.role)
    require_findings(case.body, verdict.findings)
    outcome = outcome_of(verdict.findings)
    if outcome == "upheld":
        if verdict.number:
            return AppealUpheld(body=verdict.number, digest=verdict.digest, outcome=outcome, findings=verdict.findings)
        return AppealSetAside(findings=verdict.findings)
    begun = term_began(case)
    return DecisionProposed(
        begun=begun,
        outcome=outcome,
        findings=verdict.findings,
        counted=counted_from(begun, verdict),
        before=proposers(case),
    )


def counted_from(begun: datetime, verdict: AppealVerdict) -> datetime:
    """From when the second person's term counts: it ends with that of the answer, where that is not over yet."""
    terms = terms_of_version(verdict.terms)
    latest = begun + terms["answer"].within - terms["agreement"].within
    return min(verdict.at, latest) if verdict.at < begun + terms["answer"].within else verdict.at
