"""A supervisor sees who has how much to do in their territory, how long cases wait, and gives them to others."""

from datetime import timedelta

import pytest

from models import clock
from tests.console.reading import Rows, tables
from tests.desk import on_desk, reference_of
from tests.filing import rows, value
from tests.integration.conftest import reviewed as reviewed
from tests.integration.conftest import worker as worker
from tests.portal.conftest import Client
from tests.staffing import a_person, sign_in, token_in
from workflows.intake.submit import Accepted
from workflows.staff.roles import COUNTRY, Territory
from workflows.staff.signatures import OFFICER, pseudonym

HERE = "/console/load"
EN = {"accept-language": "en"}


def supervisor(client: Client, within: Territory = COUNTRY) -> Client:
    """The browser of a supervisor."""
    client.headers.update(EN)
    sign_in(client, a_person("Salma", "supervisor", within=within))
    return client


def read(client: Client, address: str = HERE) -> list[Rows]:
    """The tables of the page."""
    return tables(client.get(address).text)


def test_load_is_counted_by_person_with_the_idle_the_unassigned_and_the_commission(client: Client) -> None:
    for name in ("Amina", "Brahim"):
        a_person(name, "caseworker")
    amina, ago = pseudonym(OFFICER, "Amina"), clock.now() - timedelta(hours=1)
    on_desk([1, 2], holder=amina)
    on_desk([3], holder=amina, due_at=ago, since=clock.now() - timedelta(days=5))
    on_desk([200], holder=amina)
    on_desk([4], due_at=ago)
    on_desk([5], waits_for="commission", stage="with_commission", kind="appeal", queue="appeals")
    on_desk([6], waits_for="citizen", stage="hearing", holder=amina)
    on_desk([7], waits_for="operator", stage="parked", queue="parked")

    people, *_ = read(supervisor(client))

    found = {each["Person"]: [each[name] for name in ("Cases", "Overdue", "Due within 3 days")] for each in people}
    assert found == {
        "Nobody yet": ["1", "1", "0"],
        "The commission": ["1", "0", "1"],
        "Amina": ["4", "1", "2"],
        "Brahim": ["0", "0", "0"],
        "Salma": ["0", "0", "0"],
    }
    assert [each["Oldest"] for each in people if each["Person"] == "Amina"] == ["5 days"]


def test_ages_are_counted_by_queue_in_days(client: Client) -> None:
    for number, days in enumerate((0, 3.9, 4.1, 7.9, 8.1, 30.9, 31.1), 1):
        on_desk([number], since=clock.now() - timedelta(days=days))
    on_desk([9], queue="appeals", kind="appeal", stage="queued")
    _, ages, *_ = read(supervisor(client))
    assert [list(each.values()) for each in ages] == [
        ["Appeals", "1", "1", "0", "0", "0"],
        ["Reviews", "7", "2", "2", "2", "1"],
        ["Not confirmed by the register", "0", "0", "0", "0", "0"],
        ["Enrolments", "0", "0", "0", "0", "0"],
    ]


def test_only_ones_own_territory_is_counted_and_listed(client: Client) -> None:
    a_person("Here", "caseworker", within=Territory(6, "MA-CAS"))
    a_person("There", "caseworker", within=Territory(3))
    on_desk([1])
    on_desk([2], region=3, province="MA-FES", due_at=clock.now())
    people, ages, listed = read(supervisor(client, Territory(6)))
    assert {each["Person"]: each["Cases"] for each in people} == {"Nobody yet": "1", "Here": "0", "Salma": "0"}
    assert [each["All"] for each in ages] == ["0", "1", "0", "0"]
    assert [each["Case"] for each in listed] == [reference_of(1)]


def test_terms_at_risk_come_by_their_due_dates_and_one_person_s_cases_all(client: Client) -> None:
    amina = pseudonym(OFFICER, "Amina")
    on_desk([300, 71, 2], holder=amina)
    on_desk([1], due_at=clock.now() - timedelta(days=2))
    page = supervisor(client)
    assert [each["Case"] for each in read(page)[-1]] == [reference_of(each) for each in (1, 2, 71)]
    assert "overdue by 2 days" in read(page)[-1][0]["Due"]
    theirs = read(page, f"{HERE}?holder={amina}")[-1]
    assert [each["Case"] for each in theirs] == [reference_of(each) for each in (2, 71, 300)]
    assert "This person holds nothing." in page.get(f"{HERE}?holder=officer:0").text


@pytest.fixture
def waiting(reviewed: tuple[Accepted, Accepted]) -> Accepted:
    """A review that is due soon."""
    rows("update desk_item set due_at = %s where case_id = %s", clock.now(), reviewed[1].case_id)
    return reviewed[1]


def give(client: Client, **fields: object) -> str:
    """Sends the form; the page that follows."""
    page = client.get(HERE).text
    return client.post(HERE, data={"token": token_in(page), **fields}).text


def test_chosen_cases_change_hands_and_each_that_cannot_says_why(waiting: Accepted, client: Client) -> None:
    amina = a_person("Amina", "caseworker")
    far = a_person("Far", "caseworker", within=Territory(12))
    page = supervisor(client)
    assert f'value="{waiting.case_id}"' in page.get(HERE).text
    shown = give(page, case=[str(waiting.case_id), "999999"], to=str(amina.account))
    assert "Given: 1" in shown
    assert "Not given: 1. The case moved on meanwhile." in shown
    assert value("select holder from desk_item where case_id = %s", waiting.case_id) == pseudonym(OFFICER, "Amina")
    assert [each["Held by"] for each in read(page)[-1]] == ["Amina"]
    assert value("select count(*) from audit_entry where act = 'assign_case'") == 1
    again = give(page, case=str(waiting.case_id), to=str(amina.account))
    assert "This person holds them already." in again
    assert "This person may not hold them." in give(page, case=str(waiting.case_id), to=str(far.account))
    assert value("select holder from desk_item where case_id = %s", waiting.case_id) == pseudonym(OFFICER, "Amina")


def test_a_form_without_cases_or_without_a_person_says_so_and_keeps_what_was_chosen(
    waiting: Accepted, client: Client
) -> None:
    amina = a_person("Amina", "caseworker")
    page = supervisor(client)
    unnamed = give(page, case=str(waiting.case_id), to="")
    assert "Choose the person to whom the cases go." in unnamed
    assert "checked" in unnamed.partition(f'value="{waiting.case_id}"')[2].partition(">")[0]
    empty = give(page, to=str(amina.account))
    assert "Choose at least one case." in empty
    assert f'<option value="{amina.account}" selected>' in empty
    assert value("select holder from desk_item") is None


def test_reading_the_load_is_noted_once_and_not_by_each_refresh(client: Client) -> None:
    page = supervisor(client)
    noted = "select role, purpose from audit_entry where act = 'read_load'"
    opened = page.get(HERE).text.partition('"sijil-opened": "')[2].partition('"')[0]
    page.get(HERE, headers={"hx-request": "true", "sijil-opened": opened})
    assert rows(noted) == [("supervisor", "oversight")]


@pytest.mark.parametrize("opened", ["", "0" * 32, "é", "another page's"])
def test_who_asks_for_the_live_part_without_having_opened_the_page_is_noted(opened: str, client: Client) -> None:
    page = supervisor(client)
    if opened == "another page's":
        opened = page.get("/console/operations").text.partition('"sijil-opened": "')[2].partition('"')[0]
        assert len(opened) == 32
    page.get(HERE, headers=[(b"hx-request", b"true"), (b"sijil-opened", opened.encode())])
    assert value("select count(*) from audit_entry where act = 'read_load'") == 1


@pytest.mark.parametrize("role", ["caseworker", "operator", "auditor", "commission"])
def test_others_see_no_load(client: Client, role: str) -> None:
    sign_in(client, a_person("Omar", role))
    assert client.get(HERE).status_code == 403
    assert HERE not in client.get("/console").text
    token = token_in(client.get("/console").text)
    assert client.post(HERE, data={"token": token, "case": "1", "to": "1"}).status_code == 403
