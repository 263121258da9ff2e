"""The search of the console: what it finds, for whom, and what is kept of it where."""

from collections.abc import Callable
from html import unescape

import pytest

from tests.factories import an_idcs
from tests.filing import rows, value
from tests.portal.conftest import Client
from tests.staffing import a_person, sign_in, token_in
from web.console.language import text
from workflows.audit import pseudonyms
from workflows.intake.submit import Accepted
from workflows.staff.roles import Territory

PATH = "/console/search"
ENGLISH = {"accept-language": "en"}
Search = Callable[..., str]
UNKNOWN = "0699999999"


@pytest.fixture
def look(client: Client) -> Search:
    """Searches, and gives the page that it leads to."""

    def search(typed: str, purpose: str = "case", status: int = 200) -> str:
        form = {"token": token_in(client.get(PATH).text), "typed": typed, "purpose": purpose}
        answer = client.post(PATH, data=form, headers=ENGLISH)
        assert answer.status_code == status, answer.text
        assert typed not in str(answer.url)
        return str(answer.text)

    return search


def test_a_case_is_found_by_each_way_with_little_of_its_people(
    client: Client, reviewed: tuple[Accepted, Accepted], look: Search
) -> None:
    sign_in(client, a_person("Amina", "caseworker"))
    case = reviewed[1]
    ((body,),) = rows("select body from case_body where case_id = %s", case.case_id)
    head = body["declaration"]["members"][0] if "declaration" in body else body["members"][0]
    name = f"{head['given_name_ar']} {head['family_name_ar']}"
    for typed in (case.reference, head["idcs"], name):
        shown = look(typed)
        assert f'href="/console/cases/{case.reference}" data-open' in shown, typed
        results = unescape(shown.partition("</form>\n<section")[2])
        assert text("en", "stage.under_review") in results
        assert head["birth_date"][:4] in results
        assert head["birth_date"] not in results
        assert head["idcs"] not in results
        assert head["family_name_ar"] not in results


def test_the_place_is_that_of_the_declaration_whosever_office_has_the_case(
    client: Client, reviewed: tuple[Accepted, Accepted], look: Search
) -> None:
    sign_in(client, a_person("Amina", "caseworker"))
    case = reviewed[1]
    ((body,),) = rows("select body from case_body where case_id = %s", case.case_id)
    declared = body.get("declaration", body)
    elsewhere = declared["region"] % 12 + 1
    rows("update cases set region = %s where id = %s", elsewhere, case.case_id)
    results = unescape(look(case.reference).partition("</form>\n<section")[2])
    assert declared["commune"] in results
    assert text("en", f"region.{declared['region']}") in results
    assert text("en", f"region.{elsewhere}") not in results


def test_the_purpose_and_a_pseudonym_go_into_the_audit_and_what_was_typed_does_not(
    client: Client, reviewed: tuple[Accepted, Accepted], look: Search
) -> None:
    sign_in(client, a_person("Amina", "caseworker"))
    ((idcs,),) = rows("select applicant_idcs from cases where id = %s", reviewed[1].case_id)
    look(idcs, "complaint")
    ((purpose, persons, case_ids, whole),) = rows(
        "select purpose, persons, case_ids, e::text from audit_entry e where act = 'search'"
    )
    assert (purpose, persons) == ("complaint", [pseudonyms.person("idcs", idcs)])
    assert reviewed[1].case_id in case_ids
    assert idcs not in whole


def test_nothing_of_another_territory_is_found(
    client: Client, reviewed: tuple[Accepted, Accepted], look: Search
) -> None:
    region = value("select region from cases where id = %s", reviewed[1].case_id)
    sign_in(client, a_person("Amina", "caseworker", within=Territory(region % 12 + 1)))
    shown = look(reviewed[1].reference)
    assert "No case of your territory was found." in shown
    assert "data-open" not in shown


def test_where_nothing_is_found_it_says_what_to_try_and_keeps_what_was_typed(client: Client, look: Search) -> None:
    sign_in(client, a_person("Amina", "caseworker"))
    shown = look(UNKNOWN, "person")
    assert "Try the other way" in shown
    assert f'value="{UNKNOWN}"' in shown
    assert 'value="person" required checked' in shown


@pytest.mark.parametrize(
    ("typed", "purpose", "code"),
    [
        ("Amina", "case", "nothing_to_search"),
        ("", "case", "nothing_to_search"),
        (an_idcs(12)[::-1], "case", "idcs_check_digit"),
        ("12", "case", "idcs_length"),
        (UNKNOWN, "", "no_purpose"),
        (UNKNOWN, "audit", "no_purpose"),
    ],
)
def test_a_search_by_nothing_or_for_nothing_is_shown_again(
    client: Client, look: Search, typed: str, purpose: str, code: str
) -> None:
    sign_in(client, a_person("Amina", "caseworker"))
    form = {"token": token_in(client.get(PATH).text), "typed": typed, "purpose": purpose}
    answer = client.post(PATH, data=form, headers=ENGLISH)
    assert answer.status_code == 422
    kind = "wrong" if code.startswith("idcs") else "refused"
    assert text("en", f"{kind}.{code}") in answer.text
    assert f'value="{typed}"' in answer.text
    assert value("select count(*) from audit_entry where act = 'search'") == 0


def test_the_address_of_a_search_is_of_use_to_its_session_alone(client: Client) -> None:
    sign_in(client, a_person("Amina", "caseworker"))
    form = {"token": token_in(client.get(PATH).text), "typed": UNKNOWN, "purpose": "case"}
    address = client.post(PATH, data=form, follow_redirects=False).headers["location"]
    assert UNKNOWN in client.get(address).text
    client.cookies.clear()
    sign_in(client, a_person("Omar", "caseworker"))
    for each in (address, f"{PATH}?sought=x", f"{PATH}?sought=é"):
        answer = client.get(each)
        assert (answer.status_code, UNKNOWN in answer.text) == (200, False)
    assert value("select count(*) from audit_entry where act = 'search'") == 1
