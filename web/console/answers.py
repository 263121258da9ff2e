"""What a citizen may answer now, and what of a member may be corrected at a desk."""

from workflows.casefile import CaseFile
from workflows.evidence import CommissionRequest, Correction, Reopening, Statement, Withdrawal
from workflows.flows import PARKED, stage_of
from workflows.flows.appeal import FLOW as APPEAL

KINDS = {
    "correction": Correction,
    "statement": Statement,
    "withdrawal": Withdrawal,
    "reopening": Reopening,
    "escalation": CommissionRequest,
}
# What of a member is compared with the population register, and may be corrected at a desk.
OF_IDENTITY = ("idcs", "given_name_ar", "family_name_ar", "given_name_la", "family_name_la", "birth_date")


def kinds_now(file: CaseFile) -> list[str]:
    """What a citizen may answer at the stage where the case is. Texts of an appeal are taken by its own form."""
    if file.stage == PARKED:
        return []
    taken = stage_of(file.kind, file.stage).handlers
    found = [kind for kind, evidence in KINDS.items() if evidence in taken]
    return [kind for kind in found if file.kind != APPEAL.kind or kind != "statement"]
