"""What a citizen does with their case on its page: withdraws it, takes it up again, answers, and never twice."""

from datetime import timedelta
from html import unescape

import pytest

from models import clock
from models.database import transaction
from notifications.catalogues import LANGUAGES
from tests.appealing import acts, an_appeal, findings
from tests.filing import current_stage, events_of, facts_of, rows
from tests.portal.conftest import Client
from tests.portal.standing import (
    appeal_overdue,
    change_conflicting,
    entry_under_review,
    in_work,
    lapsed,
    proposed,
    registered,
    rejected,
    to_correct,
    withdrawn,
    work_off,
)
from tests.portal.visiting import address_of, hidden_of, open_file, send, shown
from tests.terms import days_of
from web.acting import ACTS
from web.language import PAGES, day
from web.queries import status_of
from web.terms import answered_before

BY_ITSELF = (
    "If you have no answer by then, the appeal goes to a commission by itself. You need do nothing for that, and "
    "silence never rejects it."
)
BY_COMMISSION = "If you have no answer by then, the commission still has to decide: silence never rejects an appeal."
both = pytest.mark.parametrize("language", LANGUAGES)


@both
@pytest.mark.parametrize(("standing", "kind"), [(to_correct, "registration"), (change_conflicting, "update")])
def test_a_case_is_withdrawn_after_a_page_that_says_what_follows(
    client: Client, language: str, standing: object, kind: str
) -> None:
    taken = standing()  # type: ignore[operator]
    page = open_file(client, taken, language)
    assert f'href="{address_of(taken, "withdraw", language)}"' in page
    before = shown(client, address_of(taken, "withdraw", language))
    assert PAGES.text(language, f"withdraw.{kind}") in before
    assert current_stage(taken) != "withdrawn"

    answer = send(client, address_of(taken, "withdraw", language))

    assert str(answer.url.path) == address_of(taken, language=language)
    assert current_stage(taken) == "withdrawn"
    assert PAGES.text(language, "event.CaseWithdrawn") in unescape(answer.text)


@both
def test_a_lapsed_application_is_taken_up_again(client: Client, language: str) -> None:
    taken = lapsed()
    assert PAGES.text(language, "act.again") in open_file(client, taken, language)
    send(client, address_of(taken, "again", language))
    assert events_of(taken)[-1] == "CaseReopened"
    work_off()
    assert current_stage(taken) == "needs_correction"


@both
def test_what_is_held_against_a_household_is_answered_on_its_page(client: Client, language: str) -> None:
    taken = proposed()
    open_file(client, taken, language)
    empty = send(client, address_of(taken, "say", language), said="  ")
    assert (empty.status_code, empty.url.query) == (422, b"wrong=1")
    for _ in range(2):  # a reload, and the way back
        assert client.get(f"{address_of(taken, 'say', language)}?wrong=1").status_code == 422
    assert f'<a href="#said">{PAGES.text(language, "wrong.empty_text")}</a>' in unescape(empty.text)

    answer = send(client, address_of(taken, "say", language), said="نسكن وحدنا.\r\nSeuls.")

    came = f"{PAGES.text(language, 'event.StatementReceived')} ({day(language, clock.now())})."
    assert f"<strong>{came}</strong>" in unescape(answer.text)
    assert events_of(taken)[-1] == "StatementReceived"
    assert rows("select text from case_text where case_id = %s", taken.case_id) == [("نسكن وحدنا.\nSeuls.",)]


@both
def test_an_overdue_appeal_goes_to_the_commission_after_a_page_that_says_what_is_gained_and_lost(
    client: Client, language: str
) -> None:
    appeal, now = appeal_overdue(), clock.now()
    page = open_file(client, appeal, language)
    assert f'<a class="button second" href="{address_of(appeal, "escalate", language)}"' in page
    assert PAGES.text(language, BY_ITSELF) in page
    with transaction() as connection:
        supervisor = answered_before(connection, status_of(connection, appeal.reference), now)
    assert supervisor
    before = shown(client, address_of(appeal, "escalate", language))
    for key in ("What you gain", "What you lose", "If you do nothing"):
        assert f"<h2>{PAGES.text(language, key)}</h2>" in before
    for key, until in (
        ("It may take longer: the commission has until {day}.", now + timedelta(days_of("commission"))),
        ("The supervisor decides before {day}.", supervisor),
    ):
        assert PAGES.text(language, key).format(day=day(language, until)) in before
    assert current_stage(appeal) == "with_supervisor"

    answer = send(client, address_of(appeal, "escalate", language))

    told = unescape(answer.text)
    assert str(answer.url.path) == address_of(appeal, language=language)
    assert facts_of(appeal, "AppealEscalated")["sent_by"] == "household"
    for key in ("appeal_with_commission.title", "appeal_with_commission.what", "event.AppealEscalated"):
        assert PAGES.text(language, key) in told
    assert "escalate" not in told
    assert PAGES.text(language, BY_ITSELF) not in told
    assert PAGES.text(language, BY_COMMISSION) in told


def test_asking_for_the_commission_twice_asks_once_and_from_an_old_page_nothing(client: Client) -> None:
    appeal = appeal_overdue()
    open_file(client, appeal)
    form = hidden_of(client.get(address_of(appeal, "escalate")).text)
    acts(appeal, "leila", "assign", role="supervisor")
    late = client.post(address_of(appeal, "escalate"), data=form)
    assert (late.status_code, current_stage(appeal)) == (409, "with_supervisor")
    assert PAGES.text("fr", "cannot.moved_on") in unescape(late.text)

    form = hidden_of(late.text)
    for _ in range(2):
        answer = client.post(address_of(appeal, "escalate"), data=form)
        assert str(answer.url.path) == address_of(appeal)
    assert events_of(appeal).count("AppealEscalated") == 1


def test_a_supervisor_who_decided_first_is_what_the_page_then_says(client: Client) -> None:
    appeal = appeal_overdue()
    open_file(client, appeal)
    form = hidden_of(client.get(address_of(appeal, "escalate")).text)
    acts(appeal, "leila", "propose", findings(decision=True), role="supervisor")
    work_off()
    told = unescape(client.post(address_of(appeal, "escalate"), data=form).text)
    assert PAGES.text("fr", "appeal_set_aside.title") in told
    assert "AppealEscalated" not in events_of(appeal)


def test_a_button_that_is_pressed_twice_says_it_once(client: Client) -> None:
    appeal = an_appeal(rejected())
    work_off()
    open_file(client, appeal)
    form = hidden_of(client.get(address_of(appeal, "say")).text) | {"said": ["Voilà: ٣ فواتير."]}
    for _ in range(2):
        answer = client.post(address_of(appeal, "say"), data=form)
        assert str(answer.url.path) == address_of(appeal)
    assert events_of(appeal).count("AppealTextAdded") == 1


def test_a_case_that_moved_on_meanwhile_is_said_and_what_was_typed_is_kept(client: Client) -> None:
    appeal = an_appeal(rejected())
    work_off()
    open_file(client, appeal)
    form = hidden_of(client.get(address_of(appeal, "say")).text) | {"said": ["Voilà."]}
    acts(appeal, "salma", "assign")

    answer = client.post(address_of(appeal, "say"), data=form)

    page = unescape(answer.text)
    assert answer.status_code == 409
    assert PAGES.text("fr", "cannot.moved_on") in page
    assert "Voilà.</textarea>" in page
    assert page.split("<title>")[1].startswith(PAGES.text("fr", "Error:"))
    assert "AppealTextAdded" not in events_of(appeal)
    assert send(client, address_of(appeal, "say"), said="Voilà.").status_code == 200
    assert events_of(appeal)[-1] == "AppealTextAdded"


@pytest.mark.parametrize("version", ["", "x", "٤", "99999999999", "-1", "1"])
def test_a_form_with_another_version_than_the_page_had_does_nothing(client: Client, version: str) -> None:
    taken = to_correct()
    open_file(client, taken)
    answer = send(client, address_of(taken, "withdraw"), version=version)
    assert answer.status_code == 409
    assert current_stage(taken) == "needs_correction"


@pytest.mark.parametrize(
    ("standing", "offered"),
    [
        (in_work, {"withdraw"}),
        (registered, set()),
        (rejected, set()),
        (withdrawn, set()),
        (lapsed, {"again"}),
        (to_correct, {"withdraw"}),
        (proposed, {"withdraw", "say"}),
        (entry_under_review, set()),
        (appeal_overdue, {"withdraw", "say", "escalate"}),
    ],
)
def test_only_what_is_possible_now_is_offered_and_taken(client: Client, standing: object, offered: set[str]) -> None:
    taken = standing()  # type: ignore[operator]
    page = open_file(client, taken)
    stage = current_stage(taken)
    assert {each for each in ACTS if f'href="{address_of(taken, each)}"' in page} == offered
    mark = hidden_of(page[: page.index("</form>")])
    for each in ACTS.keys() - offered:
        assert str(client.get(address_of(taken, each)).url.path) == address_of(taken)
        client.post(address_of(taken, each), data=mark | {"version": ["2"], "said": ["x"]})
    assert current_stage(taken) == stage


def test_a_parked_case_takes_nothing_and_says_so_by_offering_nothing(client: Client) -> None:
    taken = in_work()
    rows("update cases set stage = 'parked' where id = %s", taken.case_id)
    assert f'href="{address_of(taken, "withdraw")}"' not in open_file(client, taken)
