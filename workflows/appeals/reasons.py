"""The codes of an appeal: what a citizen is asked for, and why a contested value is upheld or rejected."""

from collections.abc import Sequence

from models.errors import Refused
from workflows.bodies.appeal import Appeal
from workflows.events.appeal import Finding

UPHELD = ("document_shows_it", "register_was_wrong", "rule_was_misapplied", "recorded_wrongly", "visit_shows_it")
REJECTED = ("nothing_shows_it", "register_confirms", "rule_was_applied", "visit_shows_otherwise", "makes_no_difference")
RETURNED = ("finding_not_shown", "more_to_ask", "reason_does_not_fit")  # why a second person does not agree
ASKED = ("bill", "school_certificate", "work_certificate", "medical_certificate", "lease_or_deed", "explanation")


def outcome_of(findings: Sequence[Finding]) -> str:
    """What the findings come to together: `upheld`, `partly_upheld` or `rejected`."""
    upheld = [each.upheld for each in findings]
    return "upheld" if all(upheld) else "partly_upheld" if any(upheld) else "rejected"


def require_findings(appeal: Appeal, findings: Sequence[Finding]) -> None:
    """Raises Refused unless each contested value has one finding, with a reason that is known."""
    paths = sorted(each.path for each in findings)
    if paths != sorted(appeal.paths):
        raise Refused("findings_incomplete", f"Find once on each of: {', '.join(appeal.paths)}.")
    for each in findings:
        known = UPHELD if each.upheld else REJECTED
        if each.reason not in known:
            says = "To uphold" if each.upheld else "To reject"
            raise Refused("unknown_reason", f"'{each.reason}' is not known. {says}, known are {', '.join(known)}.")


def require_known(code: str, known: Sequence[str]) -> None:
    """Raises Refused for a code that is none of these."""
    if code not in known:
        raise Refused("unknown_reason", f"'{code}' is not known. Known are {', '.join(known)}.")
