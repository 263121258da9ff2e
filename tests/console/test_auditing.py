"""An auditor searches who read or did what; what is searched for by a person stands in no address."""

import html

from tests.filing import rows
from tests.portal.conftest import Client
from tests.portal.standing import under_review
from tests.staffing import a_person, signed_in

ENGLISH = {"accept-language": "en"}


def test_an_auditor_finds_who_read_a_case_by_staff_reference_act_and_day(client: Client) -> None:
    case = under_review()
    client.headers.update(ENGLISH)
    signed_in(client, a_person("Amina", "caseworker"))
    client.get(f"/console/cases/{case.reference}")
    signed_in(client, a_person("Hind", "auditor"))
    wanted = {"staff": "AMINA", "act": "read_case", "reference": case.reference.lower(), "since": "2020-01-01"}
    page = html.unescape(client.get("/console/audit", params=wanted).text)
    assert "Looked at a case" in page.partition("<tbody>")[2]
    assert "Caseworker" in page
    assert case.reference in page
    for missed in ({"staff": "Omar"}, {"act": "erase"}, {"until": "2020-01-01"}):
        assert "Nothing was found." in client.get("/console/audit", params=wanted | missed).text


def test_a_person_is_searched_for_in_no_address_and_the_search_is_noted_without_the_value(client: Client) -> None:
    case = under_review()
    client.headers.update(ENGLISH)
    ((idcs,),) = rows("select applicant_idcs from cases where id = %s", case.case_id)
    signed_in(client, a_person("Amina", "caseworker"))
    client.get(f"/console/cases/{case.reference}")
    token = signed_in(client, a_person("Hind", "auditor"))
    answer = client.post("/console/audit", data={"token": token, "person": idcs})
    assert (answer.status_code, str(answer.url).endswith("/console/audit")) == (200, True)
    assert "Looked at a case" in answer.text.partition("<tbody>")[2]
    ((persons, detail),) = rows("select persons, detail::text from audit_entry where act = 'read_audit'")
    assert (len(persons), idcs in f"{persons}{detail}") == (1, False)


def test_what_cannot_be_searched_for_is_said(client: Client) -> None:
    client.headers.update(ENGLISH)
    token = signed_in(client, a_person("Hind", "auditor"))
    assert "A day is written as 2026-11-30." in client.get("/console/audit", params={"since": "yesterday"}).text
    answer = client.post("/console/audit", data={"token": token, "person": "12"})
    assert answer.status_code == 422
    assert "ten digits, no more and no fewer" in answer.text
    assert client.get("/console/audit", params={"reference": "RSU-0000-0000-0000"}).status_code == 404
