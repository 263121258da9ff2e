"""The queues as pages: whose they are, what a line says, filters and pages in the address, and what people do there."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import escape
from typing import Any

import pytest

from models import clock
from models.database import transaction
from tests.desk import decided, on_desk, reference_of
from tests.filing import rows, value
from tests.portal.conftest import Client
from tests.staffing import Person, a_person, sign_in, token_in
from web.console.language import text
from workflows.intake.submit import Accepted
from workflows.staff.roles import Territory
from workflows.staff.signatures import OFFICER, pseudonym, sign

ENGLISH = {"accept-language": "en"}
PATH = "/console/queues"


@pytest.fixture
def amina(client: Client) -> Person:
    """A caseworker who is signed in."""
    person = a_person("Amina", "caseworker")
    sign_in(client, person)
    return person


@pytest.fixture
def nadia(client: Client) -> Person:
    """A supervisor who is signed in."""
    person = a_person("Nadia", "supervisor")
    sign_in(client, person)
    return person


def page(client: Client, **query: Any) -> str:
    """A page of the queues, in English."""
    answer = client.get(PATH, params=query, headers=ENGLISH)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def references(shown: str) -> list[str]:
    """The references of the lines, in order."""
    return re.findall(r'href="/console/cases/([^"]+)" data-open', shown)


def officer(name: str) -> str:
    """The pseudonym of somebody, whose name is remembered."""
    with transaction() as connection:
        return sign(connection, OFFICER, name)


def post(client: Client, address: str = PATH, /, **fields: Any) -> Any:
    """Sends a form of the queues."""
    token = token_in(client.get(PATH).text)
    return client.post(address, data={"token": token, **fields}, headers=ENGLISH)


def text_of(shown: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", shown).split())


def test_each_list_shows_its_cases_and_how_many_there_are(client: Client, amina: Person) -> None:
    me = officer("Amina")
    on_desk([1, 2], holder=me)
    on_desk([3, 4, 5])
    on_desk([6], waits_for="citizen", stage="needs_correction", queue="exceptions")
    on_desk([7], waits_for="supervisor", stage="with_supervisor", kind="appeal", queue="appeals")
    decided([8], me)
    expected = {"mine": [1, 2], "unassigned": [3, 4, 5], "citizen": [6], "escalated": [7], "done": [8]}
    for tab, cases in (expected | {"team": [1, 2, 3, 4, 5, 7]}).items():
        shown = page(client, tab=tab)
        assert references(shown) == [reference_of(each) for each in cases], tab
        assert f'tab={tab}" aria-current="page"' in shown
        assert re.search(rf'aria-current="page">[^<]*<span class="count">{len(cases)}</span>', shown)
    assert references(page(client)) == references(page(client, tab="mine"))
    assert "tab=parked" not in shown  # a caseworker mends none


def test_more_than_a_thousand_are_not_counted(client: Client, amina: Person) -> None:
    on_desk(range(1, 1002))
    assert '<span class="count">more than 1,000</span>' in page(client)


def test_pages_are_linked_both_ways_and_an_address_shows_the_same_again(client: Client, amina: Person) -> None:
    on_desk(range(1, 61))
    seen, address = [], f"{PATH}?tab=unassigned&language=ar"
    while address:
        shown = client.get(address).text
        seen.append(references(shown))
        leading_here = shown.count(f'name="next" value="{escape(address)}"')
        assert leading_here > len(seen[-1])  # the form of each line, and that of the languages
        found = re.search(r'rel="next" href="([^"]+)"', shown)
        address = found[1].replace("&amp;", "&") if found else ""
        assert "language=ar" in address or not address
    assert [len(each) for each in seen] == [25, 25, 10]
    assert [each for one in seen for each in one] == [reference_of(each) for each in range(1, 61)]
    back = re.search(r'rel="prev" href="([^"]+)"', shown)
    assert back
    assert references(client.get(back[1].replace("&amp;", "&")).text) == seen[1]


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ({"queue": "appeals"}, [2]),
        ({"stage": "queued"}, [2]),
        ({"due": "overdue"}, [3]),
        ({"due": "day"}, [1, 2, 3]),
        ({"region": "1"}, [4]),
        ({"province": "MA-TNG"}, [4]),
        ({"holder": "me"}, [5]),
        ({"holder": "none"}, [1, 2, 3, 4, 6]),
        ({"priority": "1"}, [6]),
        ({"language": "fr"}, [1]),
        ({"language": "fr", "priority": "1"}, []),
    ],
)
def test_each_filter_leaves_what_fits(client: Client, amina: Person, query: dict[str, str], left: list[int]) -> None:
    on_desk([1], language="fr")
    on_desk([2], kind="appeal", queue="appeals", stage="queued")
    on_desk([3], due_at=clock.now() - timedelta(hours=5))
    on_desk([4], region=1, province="MA-TNG", due_at=clock.now() + timedelta(days=9))
    on_desk([5], holder=officer("Amina"), due_at=clock.now() + timedelta(days=9))
    on_desk([6], priority=1, why="overdue", due_at=clock.now() + timedelta(days=9))
    shown = page(client, tab="team", **query)
    assert sorted(references(shown)) == [reference_of(each) for each in left]
    assert f'href="{PATH}?tab=team">Clear the filters' in shown
    for name, chosen in query.items():
        assert re.search(rf'<select id="by-{name}".*?<option value="{chosen}" selected>', shown, re.DOTALL)


def test_a_colleagues_cases_are_found_by_the_colleague(client: Client, amina: Person) -> None:
    omar = a_person("Omar", "caseworker")
    on_desk([1], holder=officer("Omar"))
    on_desk([2], holder=officer("Amina"))
    shown = page(client, tab="team", holder=omar.account)
    assert references(shown) == [reference_of(1)]
    assert "<bdi>Omar</bdi>" in shown


@pytest.mark.parametrize(
    "query",
    [
        {"tab": "secret"},
        {"queue": "x"},
        {"stage": "x"},
        {"due": "x"},
        {"region": "13"},
        {"province": "MA-XXX"},
        {"holder": "x"},
        {"holder": "9999"},
        {"priority": "5"},
        {"language": "de"},
        {"at": "x"},
    ],
)
def test_an_address_that_names_what_there_is_not_is_told_so(
    client: Client, amina: Person, query: dict[str, str]
) -> None:
    answer = client.get(PATH, params=query, headers=ENGLISH)
    assert answer.status_code == 422
    assert "This was not accepted" in answer.text


def test_a_forged_address_shows_nothing_of_another_territory(client: Client) -> None:
    sign_in(client, a_person("Amina", "caseworker", within=Territory(6, "MA-CAS")))
    on_desk([1])
    on_desk([2], region=1, province="MA-TNG")
    for query in ({}, {"region": 1}, {"province": "MA-TNG"}, {"region": 6, "province": "MA-TNG"}):
        assert reference_of(2) not in page(client, tab="unassigned", **query)
    assert 'id="by-region"' not in page(client)  # one region alone is no choice


@pytest.mark.parametrize("role", ["auditor", "administrator", "operator"])
def test_who_works_on_no_case_sees_no_queue(client: Client, role: str) -> None:
    sign_in(client, a_person("Omar", role))
    assert client.get(PATH).status_code == 403
    assert PATH not in client.get("/console").text


def test_a_line_says_all_in_words(client: Client, amina: Person) -> None:
    on_desk(
        [30],
        kind="appeal",
        queue="appeals",
        stage="queued",
        due_at=clock.now() - timedelta(days=2, minutes=1),
        priority=2,
        why="term_ends",
        flags=["letter", "lodged_late"],
        language="fr",
    )
    rows("insert into desk_lock values (30, %s, now() + interval '5 minutes')", officer("Omar") if a_omar() else "")
    said = text_of(page(client))
    for words in (
        "RSU-0030-0000-0000",
        "Appeal",
        "Waits for a caseworker",
        "late by 2 days",
        "Soon the term of the answer ends soon",
        "no phone: letter needed",
        "lodged late",
        "French",
        "Casablanca",
        "nobody",
        "open with Omar until ",
    ):
        assert words in said, words


def a_omar() -> Person:
    """Another caseworker."""
    return a_person("Omar", "caseworker")


def test_what_a_case_is_about_is_told_by_its_events(
    client: Client, reviewed: tuple[Accepted, Accepted], amina: Person
) -> None:
    assert "Registration · a person in two households (members: " in text_of(page(client))


def test_what_an_appeal_is_about_is_told_by_what_it_contests(client: Client, queued: Accepted) -> None:
    sign_in(client, a_person("Zineb", "caseworker"))
    assert "Appeal · against the refusal" in text_of(page(client, tab="unassigned"))


def test_an_empty_list_says_what_to_do(client: Client, amina: Person) -> None:
    assert "You hold no case. Take the “Next case”" in page(client, tab="mine")
    assert "No case of this list fits the filters." in page(client, tab="mine", priority=1)


def test_whoever_looks_at_a_page_is_noted_with_its_cases(client: Client, amina: Person) -> None:
    on_desk([1, 2])
    page(client, tab="unassigned")
    assert rows("select actor, role, act, purpose, case_ids, count from audit_entry where act = 'read_queue'") == [
        (pseudonym(OFFICER, "Amina"), "caseworker", "read_queue", "case", [1, 2], 2)
    ]


def test_the_next_case_is_taken_and_opened_and_then_nothing_is_left(
    client: Client, reviewed: tuple[Accepted, Accepted], amina: Person
) -> None:
    later = reviewed[1]
    answer = client.post("/console/next", data={"token": token_in(client.get("/console").text)}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/console/cases/{later.reference}")
    assert value("select holder from desk_item") == pseudonym(OFFICER, "Amina")
    none = post(client, "/console/next", besides=later.reference)
    assert "Nothing is left for you to take now." in none.text


@pytest.mark.parametrize(
    ("role", "taken"), [("population_officer", [2, 3]), ("caseworker", [1, 2]), ("commission", [])]
)
def test_a_line_offers_to_take_what_the_role_of_whoever_looks_may_hold(
    client: Client, role: str, taken: list[int]
) -> None:
    sign_in(client, a_person("Omar", role))
    on_desk([1])
    on_desk([2], waits_for="either", stage="identity_in_doubt", queue="exceptions")
    on_desk([3], waits_for="population_officer", stage="attested", kind="enrolment", queue="enrolments")
    shown = page(client, tab="unassigned")
    assert references(shown) == [reference_of(each) for each in (1, 2, 3)]
    assert re.findall(r'aria-label="Take ([^"]+)"', shown) == [reference_of(each) for each in taken]


def test_a_case_is_taken_from_its_line(client: Client, reviewed: tuple[Accepted, Accepted], amina: Person) -> None:
    later = reviewed[1]
    answer = post(client, do="take", case=later.reference, next=f"{PATH}?tab=unassigned&region=7")
    assert "tab=unassigned&region=7" in str(answer.url)
    assert "You now hold: " + later.reference in text_of(answer.text)
    assert value("select holder from desk_item") == pseudonym(OFFICER, "Amina")
    again = post(client, do="take", case=later.reference)
    assert f"Not done: {later.reference} : {text('en', 'refused.holds_it_already')}" in text_of(again.text)


def test_many_are_assigned_given_a_priority_and_noted_at_once(
    client: Client, reviewed: tuple[Accepted, Accepted], nadia: Person
) -> None:
    on_desk([9001])  # behind which is no case
    omar, later = a_omar(), reviewed[1]
    both = [later.reference, reference_of(9001)]
    for fields, done, why in (
        ({"do": "assign", "to": omar.account}, "Assigned: ", "refused.stale"),
        ({"do": "priority", "priority": 1}, "Priority set: ", "refused.stale"),
        ({"do": "note", "note": "اتصل بالأسرة"}, "Note added to: ", "refused.not_found"),
    ):
        said = text_of(post(client, case=both, **fields).text)
        assert done + later.reference in said
        assert f"Not done: {reference_of(9001)} : {text('en', why)}" in said
    found = rows("select holder, priority, why from desk_item where case_id = %s", later.case_id)
    assert found == [(pseudonym(OFFICER, "Omar"), 1, "supervisor")]
    assert rows("select what, text from desk_entry order by id") == [
        ("assigned", None),
        ("priority", None),
        ("note", "اتصل بالأسرة"),
    ]
    said = text_of(post(client, case=later.reference, do="priority", priority="0").text)
    assert "Priority set: " in said
    assert value("select priority from desk_item where case_id = %s", later.case_id) == 3


def test_a_decided_case_is_not_said_to_wait_for_anybody(client: Client, amina: Person) -> None:
    me = officer("Amina")
    decided([1], me, flags=["letter", "overdue", "second_person"], barred=[me])
    shown = text_of(page(client, tab="done"))
    assert "no phone: letter needed" in shown
    assert "waits for a second person" not in shown
    assert "overdue" not in shown.partition("What was decided last")[2]
    assert "not for you" not in shown


def test_of_several_that_an_act_was_done_to_the_page_names_each(
    client: Client, reviewed: tuple[Accepted, Accepted], nadia: Person
) -> None:
    both = [each.reference for each in reviewed]
    answer = post(client, case=both, do="note", note="اتصل بالأسرة")
    assert answer.status_code == 200
    assert all(f'<a href="/console/cases/{each}"' in answer.text.partition("<h1>")[0] for each in both)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"do": "note", "note": "x"}, "Choose at least one case."),
        ({"do": "note", "note": " ", "case": "RSU-0001-0000-0000"}, "A note has 1 to 2,000 characters."),
        ({"do": "assign", "case": "RSU-0001-0000-0000"}, "Choose the person to whom the cases go."),
        ({"do": "priority", "case": "RSU-0001-0000-0000"}, "Choose a priority."),
        ({"do": "decide", "case": "RSU-0001-0000-0000"}, "The form does not say what is to be done."),
    ],
)
def test_a_form_that_does_not_say_enough_is_shown_again(
    client: Client, nadia: Person, fields: dict[str, str], said: str
) -> None:
    on_desk([1])
    answer = post(client, **fields, next=f"{PATH}?tab=unassigned")
    assert answer.status_code == 422
    assert said in answer.text
    assert ("checked" in answer.text) == ("case" in fields)
    assert (">x</textarea>" in answer.text) == (fields.get("note") == "x")


def test_who_may_not_share_out_is_neither_offered_it_nor_let(client: Client, amina: Person) -> None:
    on_desk([1])
    shown = page(client, tab="unassigned")
    assert 'value="assign"' not in shown
    assert 'value="priority"' not in shown
    for fields in ({"do": "assign", "to": 1}, {"do": "priority", "priority": 1}):
        answer = post(client, case=reference_of(1), **fields)
        assert (answer.status_code, "Your role does not allow this." in answer.text) == (422, True)


def test_what_became_of_an_act_is_believed_of_this_session_alone(
    client: Client, reviewed: tuple[Accepted, Accepted], amina: Person
) -> None:
    answer = post(client, do="take", case=reviewed[1].reference)
    address = str(answer.url)
    assert "You now hold" in client.get(address, headers=ENGLISH).text
    assert "You now hold" not in client.get(address[:-1] + ("0" if address[-1] != "0" else "1"), headers=ENGLISH).text
    client.cookies.clear()
    sign_in(client, a_omar())
    assert "You now hold" not in client.get(address, headers=ENGLISH).text


def test_a_supervisor_sends_an_appeal_to_the_commission_after_a_question(
    client: Client, queued: Accepted, nadia: Person
) -> None:
    shown = page(client, tab="unassigned")
    assert 'action="/console/queues/escalate" method="get"' in shown
    asked = client.get(f"{PATH}/escalate", params={"case": queued.reference, "next": PATH}, headers=ENGLISH)
    assert "Nobody can take it back from there." in asked.text
    answer = post(client, f"{PATH}/escalate", case=queued.reference, next=f"{PATH}?tab=escalated")
    assert f"Sent to the commission: {queued.reference}" in text_of(answer.text)
    assert references(answer.text) == [queued.reference]
    assert rows("select role from audit_entry where act = 'escalate'") == [("supervisor",)]
    again = post(client, f"{PATH}/escalate", case=queued.reference, next=PATH)
    assert "Not done:" in again.text


def test_a_caseworker_sends_nothing_to_the_commission(client: Client, queued: Accepted, amina: Person) -> None:
    assert "/escalate" not in page(client, tab="unassigned")
    assert post(client, f"{PATH}/escalate", case=queued.reference).status_code == 403
    assert value("select stage from cases where id = %s", queued.case_id) == "queued"


def test_whoever_took_part_is_told_so_and_not_offered_the_case(
    client: Client, queued: Accepted, work: Callable[[], None]
) -> None:
    with transaction() as connection:
        actors = [name for (name,) in connection.execute("select name from staff_name order by name").fetchall()]
    assert "amina" in actors  # who refused
    sign_in(client, a_person("Amina", "caseworker"))
    shown = page(client, tab="unassigned")
    assert "not for you: you took part in its decision" in shown
    assert 'value="take" ' not in shown
    said = text_of(post(client, do="take", case=queued.reference).text)
    assert "Not done:" in said
    assert text("en", "refused.took_the_decision") in said
