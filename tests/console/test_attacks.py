"""What somebody tries who means harm: each try has a plain answer, and leaves nothing behind."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import BoundedSemaphore
from time import monotonic, sleep

import pytest

from models import clock
from models.database import transaction
from models.errors import Refused
from tests.console.test_cases import ENGLISH
from tests.filing import rows
from tests.portal.conftest import Client
from tests.portal.standing import under_review
from tests.staffing import APP_SECRET, PASSWORD, a_person, code_now, signed_in, token_in
from workflows.staff import accounts, passwords, sessions, sign_in, throttle
from workflows.staff.sessions import Session

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("address", "status"),
    [("/console/load?holder=%00", 404), ("/console/queues/escalate?next=//[", 200), ("/console/cases/x?done=%00", 404)],
)
def test_an_address_that_nobody_types_is_answered(client: Client, address: str, status: int) -> None:
    signed_in(client, a_person("Salma", "supervisor"))
    assert client.get(address).status_code == status


def test_a_form_whose_sender_names_no_page_leads_to_the_sign_in(client: Client) -> None:
    answer = client.post("/console/next", headers={"referer": "http://["}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in?next=/console")


@pytest.mark.parametrize("code", ["\u00b2" * 6, "\u0966" * 6, "\u07c0"])
def test_digits_of_no_keyboard_of_ours_are_a_wrong_code_and_noted(client: Client, code: str) -> None:
    a_person("Amina", "caseworker")
    page = client.get("/console/sign-in").text
    asked = client.post("/console/sign-in", data={"token": token_in(page), "name": "Amina", "password": PASSWORD})
    answer = client.post("/console/sign-in/code", data={"token": token_in(asked.text), "code": code})
    assert answer.status_code == 422
    assert rows("select count(*) from audit_entry where act = 'sign_in_refused'") == [(1,)]


def test_who_only_looks_at_what_a_household_would_be_told_is_noted_as_a_reader(client: Client) -> None:
    case = under_review()
    client.headers.update(ENGLISH)
    token = signed_in(client, a_person("Amina", "caseworker"))
    form = {"token": token, "version": "4", "answer": "refuse:duplicate_application"}
    shown = client.post(f"/console/cases/{case.reference}/review", data=form)
    assert "What the household is told" in shown.text
    found = rows("select act, role, case_ids from audit_entry")
    assert found == [("read_case", "caseworker", [case.case_id])]


@pytest.mark.parametrize("token", ["", "0" * 32])
def test_what_another_site_sends_after_a_session_ended_is_not_kept(client: Client, token: str) -> None:
    case, amina = under_review(), a_person("Amina", "caseworker")
    signed_in(client, amina)
    with transaction() as connection:
        sessions.end_all(connection, amina.account, clock.now())
    address = f"/console/cases/{case.reference}"
    form = {"token": token, "note": "What Amina never wrote"}
    client.post(f"{address}/desk/note", data=form, headers={"referer": f"https://testserver.local{address}"})
    assert rows("select count(*) from kept_form") == [(0,)]


def half_session(name: str, owes: str) -> tuple[Session, str]:
    """A sign-in that begins and goes no further."""
    now = clock.now()
    with transaction() as connection:
        account = accounts.find_account(connection, name)
        token = sessions.begin(connection, account.id, now, owes)
        session = sessions.session_of(connection, token, now)
    assert session is not None
    return session, token


def go_on(half: tuple[Session, str], words: str) -> None:
    """Goes on with such a sign-in: a password of one's own, or an authenticator."""
    session, token = half
    if session.owes == "password":
        sign_in.give_password(session, token, words, clock.now())
    else:
        sign_in.give_app(session, token, APP_SECRET, code_now(), clock.now())


@pytest.mark.parametrize("owes", ["password", "app"])
def test_who_saw_the_password_that_was_handed_on_gets_nothing_once_its_owner_signed_in(owes: str) -> None:
    a_person("Amina", "caseworker", app=False)
    stranger = half_session("Amina", owes)
    go_on(half_session("Amina", owes), "words that nobody else knows")
    kept = rows("select password, app_secret from staff_account")
    with pytest.raises(Refused) as refused:
        go_on(stranger, "words of a stranger here")
    assert refused.value.code == "session_ended"
    assert rows("select password, app_secret from staff_account") == kept


@pytest.mark.parametrize("change", ["reset", "lock"])
def test_a_password_that_ends_while_it_is_tried_begins_no_session(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    a_person("Amina", "caseworker")
    is_right = passwords.is_right

    def meanwhile(password: str, kept: str | None) -> bool:
        found = is_right(password, kept)
        with transaction() as connection:
            account = accounts.find_account(connection, "Amina")
            if change == "lock":
                accounts.lock(connection, account, clock.now())
            else:
                accounts.reset(connection, account, clock.now())
        return found

    monkeypatch.setattr(sign_in, "is_right", meanwhile)
    with pytest.raises(Refused) as refused:
        sign_in.sign_in(sign_in.Attempt("Amina", "127.0.0.1"), PASSWORD, clock.now())
    assert refused.value.code == "wrong_sign_in"
    assert rows("select count(*) from staff_session") == [(0,)]


def counted(number: int) -> None:
    """Counts a try to sign in, each time to another account and from another address of one network."""
    with transaction() as connection:
        throttle.count_try(connection, throttle.counters(f"Nobody {number}", f"2001:db8::{number:x}"), clock.now())


def test_who_has_many_addresses_of_one_network_waits_as_one() -> None:
    for number in range(31):
        counted(number)
    with pytest.raises(Refused) as refused:
        counted(31)
    assert refused.value.code == "must_wait"


def test_of_two_people_of_an_office_who_sign_in_at_one_moment_none_waits() -> None:
    now = clock.now()
    for name, earlier in (("Amina", 0), ("Brahim", 5)):  # who began first may be counted second
        with transaction() as connection:
            counters = throttle.counters(name, "10.0.0.1")
            throttle.count_try(connection, counters, now - timedelta(milliseconds=earlier))


def test_a_storm_of_passwords_keeps_no_citizen_waiting_and_counts_no_try_that_was_not_made(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_turns", turns := BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "PATIENCE", 3)
    turns.acquire()  # somebody's password takes its time
    token = token_in(client.get("/console/sign-in").text)
    sent = [{"token": token, "name": f"Nobody {number}", "password": PASSWORD} for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(client.post, "/console/sign-in", data=each) for each in sent]
        sleep(1)
        began = monotonic()
        assert client.get("/ar/status/RSU-AAAA-AAAA-AAAA").status_code == 404
        assert monotonic() - began < 1
    assert {each.result().status_code for each in answers} == {503}
    assert rows("select sum(failures) from sign_in_wait") == [(0,)]
