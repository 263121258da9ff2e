"""The register neither confirms nor denies that a member is who they say: is it one person? A caseworker looks."""

from models.errors import Refused
from workflows.casefile import CaseFile
from workflows.events.registration import (
    BIRTH,
    NAME,
    IdentityConfirmed,
    IdentityDoubted,
    IdentityFinding,
    IdentityNotConfirmed,
)
from workflows.evidence import IdentityVerdict

# Why it is one and the same person; else the reason says what differs, as the citizen is told.
SAME = ("usual_spelling", "slip", "document_shows_it")
OTHER = {NAME: "name_differs", BIRTH: "birth_date_differs"}


def decide(case: CaseFile, answer: IdentityVerdict) -> IdentityConfirmed | IdentityNotConfirmed:
    """All are who they say, and the case goes on; or the citizen is asked about those who are not.

    Raises Refused where not each doubted member has one finding, and for an unknown reason.
    """
    doubts = {each.member: each for each in case.last(IdentityDoubted).doubts}
    if sorted(each.member for each in answer.findings) != sorted(doubts):
        members = ", ".join(str(member + 1) for member in sorted(doubts))
        raise Refused("findings_incomplete", f"Find once on each of the members {members}.")
    for each in answer.findings:
        known = SAME if each.same else (OTHER[doubts[each.member].what],)
        if each.reason not in known:
            says = "one and the same" if each.same else "another person"
            raise Refused("unknown_reason", f"'{each.reason}' is not known. For {says}, known are {', '.join(known)}.")
    found = tuple(
        [
            IdentityFinding(doubts[each.member], each.same, each.reason)
            for each in sorted(answer.findings, key=lambda each: each.member)
        ]
    )
    if all(each.same for each in found):
        return IdentityConfirmed(found=found, declared=case.body_number)
    return IdentityNotConfirmed(found=found, declared=case.body_number)
