"""What goes wrong between two pages: each has a clear answer in the reader's language, and nothing is half done."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from httpx import Response

from models.errors import DatabaseAway
from tests.console.test_cases import ENGLISH, page_of, version_in
from tests.filing import current_stage, rows
from tests.people import citizen
from tests.portal.conftest import Client
from tests.portal.standing import to_correct, under_review
from tests.staffing import a_person, signed_in, token_in
from web.console import guarded
from web.console.cookies import SESSION
from workflows.intake.submit import Accepted


def form_of(client: Client, case: Accepted, **fields: str) -> dict[str, str]:
    """The form of a case's page, as it stands now, filled in."""
    page = page_of(client, case)
    return {"token": token_in(page), "version": version_in(page), "confirmed": "yes", **fields}


def test_who_presses_twice_decides_once(client: Client) -> None:
    case = under_review()
    client.headers.update(ENGLISH)
    signed_in(client, a_person("Amina", "caseworker"))
    form = form_of(client, case, answer="refuse:duplicate_application")
    address = f"/console/cases/{case.reference}/review"
    first = client.post(address, data=form, follow_redirects=False)
    second = client.post(address, data=form, follow_redirects=False)
    assert (first.status_code, second.status_code) == (303, 409)
    assert rows("select count(*) from event where kind = 'RefusalProposed'") == [(1,)]
    assert rows("select count(*) from audit_entry where act = 'decide_review'") == [(1,)]


def test_what_the_household_withdrew_is_not_decided(client: Client) -> None:
    case = under_review()
    client.headers.update(ENGLISH)
    signed_in(client, a_person("Amina", "caseworker"))
    form = form_of(client, case, answer="clear:moved")
    citizen(case, "withdrawal")
    answer = client.post(f"/console/cases/{case.reference}/review", data=form)
    assert answer.status_code == 409
    assert "Withdrawn" in answer.text
    assert current_stage(case) == "withdrawn"


def test_of_two_decisions_at_once_one_counts_and_the_other_sees_it(client: Client) -> None:
    case = under_review()
    client.headers.update(ENGLISH)
    sent = []
    for name in ("Amina", "Brahim"):
        signed_in(client, a_person(name, "caseworker"))
        form = form_of(client, case, answer="correct:person_lives_elsewhere")
        sent.append((form, {"cookie": f"{SESSION}={client.cookies[SESSION]}"}))
    client.cookies.clear()

    def decide(one: tuple[dict[str, str], dict[str, str]]) -> Response:
        return client.post(f"/console/cases/{case.reference}/review", data=one[0], headers=one[1])

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(decide, sent))
    assert sorted(each.status_code for each in answers)[-1] == 409
    assert any("This happened since you opened the case" in each.text for each in answers)
    assert rows("select count(*) from event where kind = 'CorrectionAsked'") == [(1,)]


@pytest.mark.parametrize(
    ("language", "said"), [("ar", "الخدمة غير متاحة الآن"), ("fr", "indisponible"), ("en", "away")]
)
def test_while_the_database_is_away_the_page_says_so_and_the_log_names_nobody(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str, said: str
) -> None:
    case = to_correct()
    signed_in(client, a_person("Amina Idrissi", "caseworker"))

    def away() -> None:
        raise DatabaseAway("The database does not answer.")

    monkeypatch.setattr(guarded, "transaction", away)
    answer = client.get(f"/console/cases/{case.reference}", headers={"accept-language": language})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert said in answer.text
    assert "Idrissi" not in "".join(capsys.readouterr())


def test_an_address_that_leads_nowhere_says_so_in_the_console_s_own_page(client: Client) -> None:
    signed_in(client, a_person("Amina", "caseworker"))
    for address in ("/console/nowhere", "/console/cases/RSU-0000-0000-0000"):
        answer = client.get(address, headers=ENGLISH)
        assert answer.status_code == 404
        assert "There is no such page" in answer.text


def test_a_form_that_is_no_form_or_too_large_does_nothing(client: Client) -> None:
    case = under_review()
    signed_in(client, a_person("Amina", "caseworker"))
    address = f"/console/cases/{case.reference}/review"
    for body, status in ((b"\xff\xfe", 403), (b"note=" + b"x" * 200_000, 413), (b"a=1&" * 2000, 422)):
        assert client.post(address, content=body, headers=ENGLISH).status_code in (status, 422)
    assert current_stage(case) == "under_review"
