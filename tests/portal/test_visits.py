"""The visit that a receipt's secret opens: what it shows, for how long, to whom, and how it ends."""

from datetime import timedelta
from html import unescape

import pytest

from models import clock
from models.database import transaction
from notifications.catalogues import LANGUAGES
from tests.filing import rows, value
from tests.people import after
from tests.portal.conftest import Client
from tests.portal.standing import registered, to_correct, under_review
from tests.portal.visiting import MARK, address_of, hidden_of, open_file, send, shown
from web.language import PAGES
from web.visits import COOKIE
from workflows.history.retention import retain
from workflows.intake.visits import FREE_TRIES, IDLE, LONGEST, OWN, sweep, wait_after

both = pytest.mark.parametrize("language", LANGUAGES)
REASON = PAGES.text("fr", "reason.birth_date_differs")
ASKED = PAGES.text("fr", "Give the secret code to go on")


def test_the_secret_is_given_once_and_reload_and_another_language_keep_the_file_open(client: Client) -> None:
    taken = to_correct()
    answer = client.post(address_of(taken, "open"), data={"secret": taken.secret}, follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, address_of(taken))
    for _ in range(2):
        assert REASON in shown(client, address_of(taken))
    assert PAGES.text("ar", "reason.birth_date_differs") in shown(client, address_of(taken, language="ar"))


def test_the_cookie_is_of_this_host_for_no_script_and_no_other_site_and_holds_no_secret(client: Client) -> None:
    taken = to_correct()
    answer = client.post(address_of(taken, "open"), data={"secret": taken.secret}, follow_redirects=False)

    said = answer.headers["set-cookie"]
    assert said.startswith("__Host-")
    assert {each.strip().lower() for each in said.split(";")[1:]} >= {"secure", "httponly", "samesite=strict", "path=/"}
    assert "domain" not in said.lower()
    assert taken.secret not in said
    assert taken.reference not in said
    assert client.cookies[COOKIE].encode() not in value("select token from receipt_session"), "its digest is kept"


def test_a_visit_is_of_one_reference_alone(client: Client) -> None:
    taken, other = to_correct(), to_correct(9)
    open_file(client, taken)

    assert REASON not in shown(client, address_of(other))
    assert 'name="secret"' in shown(client, address_of(other))


@pytest.mark.parametrize(("wait", "again"), [(IDLE, 1), (LONGEST / 8, 9)])
def test_a_visit_ends_when_it_lies_idle_and_however_busy_it_is(client: Client, wait: timedelta, again: int) -> None:
    taken = to_correct()
    open_file(client, taken)
    begun = clock.now()

    for times in range(1, again):
        rows("update receipt_session set begun_at = %s, seen_at = seen_at", begun - wait * times)
        rows("update receipt_session set seen_at = now()")
        if times * wait < LONGEST:
            assert REASON in shown(client, address_of(taken))
    if again == 1:
        rows("update receipt_session set seen_at = %s", begun - wait)

    assert REASON not in shown(client, address_of(taken))


def test_a_visit_that_is_used_is_seen(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    rows("update receipt_session set seen_at = %s", clock.now() - IDLE / 2)

    assert REASON in shown(client, address_of(taken))

    assert value("select seen_at from receipt_session") > clock.now() - timedelta(minutes=1)


def test_who_closes_the_file_closes_it_for_every_copy_of_the_cookie(client: Client) -> None:
    taken = to_correct()
    page = open_file(client, taken)
    token = client.cookies[COOKIE]

    answer = client.post(address_of(taken, "close"), data={"mark": MARK.findall(page)[0]}, follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, "/fr/closed")
    assert '"cache"' in answer.headers["clear-site-data"]
    assert "cookies" not in answer.headers["clear-site-data"], "they would be those of the agency's whole domain"
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert PAGES.text("fr", "Your file is closed") in shown(client, "/fr/closed")
    client.cookies.set(COOKIE, token)
    assert REASON not in shown(client, address_of(taken))
    assert rows("select token from receipt_session") == []


@pytest.mark.parametrize("mark", [None, "", "0" * 32])
def test_a_form_without_the_visits_mark_does_nothing_and_says_so(client: Client, mark: str | None) -> None:
    taken = to_correct()
    open_file(client, taken)

    for to in ("withdraw", "close"):
        form = {"version": "2"} | ({} if mark is None else {"mark": mark})
        answer = client.post(address_of(taken, to), data=form)
        assert answer.status_code == 403
        assert PAGES.text("fr", "error.403.title") in answer.text.replace("&#39;", "'")

    assert value("select stage from cases where id = %s", taken.case_id) == "needs_correction"
    assert REASON in shown(client, address_of(taken))


def test_a_mark_of_another_reference_is_forged(client: Client) -> None:
    taken, other = to_correct(), to_correct(9)
    mark = MARK.findall(open_file(client, other))[0]
    open_file(client, taken)

    assert client.post(address_of(taken, "withdraw"), data={"mark": mark, "version": "2"}).status_code == 403


def test_a_form_of_another_tab_is_taken_after_the_visit_was_opened_again(client: Client) -> None:
    taken = under_review()
    rows("update cases set stage = 'hearing', deadline = now() + interval '3 days' where id = %s", taken.case_id)
    open_file(client, taken)
    form = hidden_of(client.get(address_of(taken, "say")).text)
    rows("update receipt_session set begun_at = begun_at - interval '4 hours'")
    open_file(client, taken)

    assert client.post(address_of(taken, "say"), data=form | {"said": "Nous y vivons."}).status_code == 200

    assert rows("select text from case_text") == [("Nous y vivons.",)]
    client.cookies.clear()
    open_file(client, taken)
    closed = client.post(address_of(taken, "close"), data={"mark": form["mark"]})
    assert str(closed.url.path) == "/fr/closed"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_other_site_opens_a_visit_or_sends_a_form(client: Client, site: str) -> None:
    taken = to_correct()
    elsewhere = {"Sec-Fetch-Site": site}
    asked = client.post(address_of(taken, "open"), data={"secret": taken.secret}, headers=elsewhere)
    assert (asked.status_code, COOKIE in client.cookies) == (403, False)

    mark = MARK.findall(open_file(client, taken))[0]
    sent = client.post(address_of(taken, "withdraw"), data={"mark": mark, "version": "2"}, headers=elsewhere)
    assert sent.status_code == 403


@both
def test_after_the_visit_is_over_what_was_typed_is_kept_and_shown_again(client: Client, language: str) -> None:
    taken = under_review()
    said = '<b>لم نسكن هناك</b>\r\n"Jamais" & voilà'
    rows("update cases set stage = 'hearing', deadline = now() + interval '3 days' where id = %s", taken.case_id)
    open_file(client, taken, language)
    page = client.get(address_of(taken, "say", language)).text
    form = {"mark": MARK.findall(page)[0], "version": "4", "said": said}
    rows("update receipt_session set begun_at = begun_at - interval '4 hours'")

    asked = client.post(address_of(taken, "say", language), data=form)

    assert asked.status_code == 403
    assert PAGES.text(language, "Give the secret code to go on") in unescape(asked.text)
    assert "<b>" not in asked.text
    assert rows("select text from case_text") == []
    kept = hidden_of(asked.text)
    wrong = client.post(address_of(taken, "open", language), data=kept | {"secret": "0000000000"})
    assert wrong.status_code == 422
    again = client.post(address_of(taken, "open", language), data=hidden_of(wrong.text) | {"secret": taken.secret})
    assert str(again.url.path) == address_of(taken, "say", language)
    assert said.replace("\r\n", "\n") in unescape(again.text).replace("\r\n", "\n")


def test_wrong_secrets_make_wait_longer_each_time_and_lock_nobody_out(client: Client) -> None:
    taken = to_correct()
    wrong = {"secret": "0000000000"}
    first = [client.post(address_of(taken, "open"), data=wrong).status_code for _ in range(FREE_TRIES)]
    assert first == [422] * (FREE_TRIES - 1) + [429]

    refused = client.post(address_of(taken, "open"), data={"secret": taken.secret})
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert REASON not in unescape(refused.text)

    rows("update wrong_secret set at = at - interval '1 hour'")
    assert REASON in open_file(client, taken)
    assert rows("select tries from wrong_secret") == [], "a right one makes a fresh start"


def test_the_waits_double_up_to_a_quarter_of_an_hour() -> None:
    waits = [wait_after(tries).total_seconds() for tries in range(FREE_TRIES, FREE_TRIES + 10)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert wait_after(FREE_TRIES - 1) == timedelta(0)
    assert wait_after(10**6).total_seconds() == 900


def test_wrong_secrets_of_one_reference_make_nobody_else_wait_and_unknown_ones_leave_nothing(client: Client) -> None:
    taken, other = to_correct(), to_correct(9)
    for _ in range(FREE_TRIES + 1):
        client.post(address_of(taken, "open"), data={"secret": "0000000000"})
    assert REASON in open_file(client, other)
    assert client.post("/fr/status/RSU-0000-0000-0000/open", data={"secret": "0"}).status_code == 404
    assert value("select count(*) from wrong_secret") == 1


def test_visits_that_are_over_are_cleared_away(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    with after(seconds=OWN[1].total_seconds() + 1), transaction() as connection:
        assert sweep(connection, clock.now()) == 1
    assert rows("select token from receipt_session") == []


@pytest.mark.parametrize(
    "to", ["withdraw", "say", "appeal", "appeal/values", "appeal/check", "appeal/receipt", "change"]
)
def test_a_page_of_a_visit_asks_for_the_secret_and_leads_on(client: Client, to: str) -> None:
    taken = registered()
    page = client.get(address_of(taken, to))
    assert (page.status_code, ASKED in unescape(page.text)) == (200, True)
    assert client.get(f"/fr/status/RSU-0000-0000-0000/{to}").status_code == 404

    opened = client.post(address_of(taken, "open"), data=hidden_of(page.text) | {"secret": taken.secret})
    assert opened.status_code == 200
    assert ASKED not in unescape(opened.text)


def test_nobody_is_led_elsewhere(client: Client) -> None:
    taken = registered()
    for to in ("//evil.example", "../../..", "close", "https://evil.example/"):
        form = {"secret": taken.secret, "to": to}
        answer = client.post(address_of(taken, "open"), data=form, follow_redirects=False)
        assert answer.headers["location"] == address_of(taken)


def test_a_form_of_a_page_whose_visit_goes_on_is_taken(client: Client) -> None:
    taken = to_correct()
    open_file(client, taken)
    assert send(client, address_of(taken, "withdraw")).status_code == 200
    assert value("select stage from cases where id = %s", taken.case_id) == "withdrawn"


def test_what_is_left_of_visits_goes_after_a_day_whether_or_not_another_one_begins(client: Client) -> None:
    taken = to_correct()
    client.post(address_of(taken, "open"), data={"secret": "0000000000"})
    rows("update wrong_secret set tries = 1")
    open_file(client, to_correct(9))
    assert (value("select count(*) from receipt_session"), value("select count(*) from wrong_secret")) == (1, 1)

    with after(days=1, seconds=60):
        erased = retain()

    assert (erased["receipt_session"], erased["wrong_secret"]) == (1, 1)
    assert (value("select count(*) from receipt_session"), value("select count(*) from wrong_secret")) == (0, 0)
