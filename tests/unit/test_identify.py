"""A caseworker says whether doubted members are who they say."""

import pytest

from models.errors import Refused
from tests.factories import AMINA, NOW, a_case_file, a_recorded
from workflows.casefile import CaseFile
from workflows.events.registration import (
    Doubt,
    IdentityConfirmed,
    IdentityDoubted,
    IdentityFinding,
    IdentityNotConfirmed,
    Mismatch,
)
from workflows.evidence import IdentityVerdict, MemberIdentity
from workflows.stages import identify

NAME, BIRTH = Doubt(1, "name", "neither", 0.5), Doubt(3, "birth", "swapped")


def doubted() -> CaseFile:
    """A household of which two members are in doubt, by a declaration that was corrected once."""
    event = IdentityDoubted(rules="verify-2026-12", doubts=(NAME, BIRTH))
    return a_case_file(a_recorded(event, seq=4), stage="identity_in_doubt", body_number=2)


def said(*findings: MemberIdentity) -> IdentityVerdict:
    return IdentityVerdict(at=NOW, by=AMINA, findings=findings)


def test_who_is_confirmed_in_all_goes_on() -> None:
    found = identify.decide(
        doubted(), said(MemberIdentity(3, True, "document_shows_it"), MemberIdentity(1, True, "usual_spelling"))
    )
    assert found == IdentityConfirmed(
        found=(IdentityFinding(NAME, True, "usual_spelling"), IdentityFinding(BIRTH, True, "document_shows_it")),
        declared=2,
    )


def test_the_citizen_is_asked_about_those_alone_who_are_not_who_they_say() -> None:
    found = identify.decide(
        doubted(), said(MemberIdentity(1, True, "slip"), MemberIdentity(3, False, "birth_date_differs"))
    )
    assert isinstance(found, IdentityNotConfirmed)
    assert found.mismatches == (Mismatch(3, "birth_date_differs"),)
    assert [each.same for each in found.found] == [True, False]


@pytest.mark.parametrize(
    "findings",
    [
        (),
        (MemberIdentity(1, True, "slip"),),
        (MemberIdentity(1, True, "slip"), MemberIdentity(2, True, "slip")),
        (MemberIdentity(1, True, "slip"), MemberIdentity(3, True, "slip"), MemberIdentity(3, True, "slip")),
    ],
)
def test_each_doubted_member_needs_one_finding_and_no_other_has_one(findings: tuple[MemberIdentity, ...]) -> None:
    with pytest.raises(Refused, match="members 2, 4") as refused:
        identify.decide(doubted(), said(*findings))
    assert refused.value.code == "findings_incomplete"


@pytest.mark.parametrize(
    ("same", "reason"), [(True, "name_differs"), (True, "moved"), (False, "slip"), (False, "birth_date_differs")]
)
def test_a_reason_says_what_the_finding_says(same: bool, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        identify.decide(doubted(), said(MemberIdentity(1, same, reason), MemberIdentity(3, True, "slip")))
    assert refused.value.code == "unknown_reason"
