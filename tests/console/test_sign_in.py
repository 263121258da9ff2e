"""Signing in and out of the console, as a browser does it."""

from datetime import timedelta

import pytest

from models import clock
from models.database import transaction
from tests.filing import rows
from tests.portal.conftest import Client
from tests.staffing import APP_SECRET, PASSWORD, a_person, code_now, sign_in, token_in
from workflows.staff import accounts, throttle
from workflows.staff.roles import Grant, Territory
from workflows.staff.sessions import IDLE, LONGEST


def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(client: Client) -> None:
    person = a_person("Amina", "caseworker")
    asked = client.get("/console/?tab=mine", follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, "/console/sign-in?next=/console%3Ftab%3Dmine")
    sign_in(client, person)
    assert "Amina" in client.get("/console").text


def test_the_cookies_are_the_hosts_own_secure_and_unseen_by_scripts(client: Client) -> None:
    person = a_person("Amina", "caseworker")
    page = client.get("/console/sign-in")
    form = {"token": token_in(page.text), "name": person.name, "password": PASSWORD}
    asked = client.post("/console/sign-in", data=form, follow_redirects=False)
    for cookie in (*page.headers.get_list("set-cookie"), *asked.headers.get_list("set-cookie")):
        assert cookie.startswith("__Host-"), cookie
        assert [each for each in ("Path=/;", "Secure", "HttpOnly", "SameSite=lax") if each not in cookie] == [], cookie
        assert "Domain" not in cookie, cookie


def test_a_password_alone_opens_nothing(client: Client) -> None:
    person = a_person("Amina", "caseworker")
    page = client.get("/console/sign-in").text
    client.post("/console/sign-in", data={"token": token_in(page), "name": person.name, "password": PASSWORD})
    assert client.get("/console", follow_redirects=False).headers["location"].startswith("/console/sign-in")
    for step in ("password", "app"):  # what is not owed cannot be given instead of the code
        assert client.get(f"/console/sign-in/{step}", follow_redirects=False).headers["location"].endswith("/code")


def test_unknown_names_and_wrong_passwords_are_answered_alike(client: Client) -> None:
    person = a_person("Amina", "caseworker")
    page = client.get("/console/sign-in").text
    answers = []
    for name in (person.name, "Nobody"):
        form = {"token": token_in(page), "name": name, "password": "not the password"}
        answer = client.post("/console/sign-in", data=form, headers={"accept-language": "en"})
        assert answer.status_code == 422
        answers.append(answer.text.replace(name, "NAME"))
    assert answers[0] == answers[1]
    assert "The name or the password is not right." in answers[0]


def test_a_code_lets_in_once(client: Client) -> None:
    person, code = a_person("Amina", "caseworker"), code_now()  # the next code may come while the test runs
    for expected in (200, 422):
        client.cookies.clear()
        page = client.get("/console/sign-in").text
        form = {"token": token_in(page), "name": person.name, "password": PASSWORD}
        asked = client.post("/console/sign-in", data=form)
        given = client.post("/console/sign-in/code", data={"token": token_in(asked.text), "code": code})
        assert given.status_code == expected


def test_the_first_sign_in_chooses_a_password_and_sets_up_an_app(client: Client) -> None:
    with transaction() as connection:
        _, given = accounts.add(connection, "Amina", [Grant("caseworker")], clock.now())
    page = client.get("/console/sign-in").text
    asked = client.post("/console/sign-in", data={"token": token_in(page), "name": "amina", "password": given})
    assert str(asked.url).partition("?")[0].endswith("/sign-in/password")
    assert 'value="Amina" autocomplete="username"' in asked.text, "a password manager keeps it for nobody"
    form = {"token": token_in(asked.text), "password": PASSWORD}
    asked = client.post("/console/sign-in/password", data=form)
    assert str(asked.url).partition("?")[0].endswith("/sign-in/app")
    assert "<svg" in asked.text
    form = {"token": token_in(asked.text), "secret": APP_SECRET, "code": code_now()}
    shown = client.post("/console/sign-in/app", data=form)
    codes = [line.partition('ltr">')[2].partition("<")[0] for line in shown.text.splitlines() if 'ltr">' in line]
    assert len(codes) == 8
    assert client.get("/console").status_code == 200
    client.cookies.clear()
    page = client.get("/console/sign-in").text
    asked = client.post("/console/sign-in", data={"token": token_in(page), "name": "amina", "password": PASSWORD})
    used = client.post("/console/sign-in/code", data={"token": token_in(asked.text), "code": codes[0].lower()})
    assert str(used.url).endswith("/console")


def test_a_session_ends_by_idleness_by_age_by_signing_out_and_with_its_account(client: Client) -> None:
    person = a_person("Amina", "caseworker")

    def is_in() -> bool:
        return client.get("/console", follow_redirects=False).status_code == 200

    sign_in(client, person)
    now = clock.now()
    with transaction() as connection:
        connection.execute("update staff_session set seen_at = %s", [now - IDLE + timedelta(minutes=1)])
    assert is_in()
    with transaction() as connection:
        connection.execute("update staff_session set seen_at = %s", [now - IDLE])
    assert not is_in()
    sign_in(client, person)
    with transaction() as connection:
        connection.execute("update staff_session set began_at = %s", [now - LONGEST])
    assert not is_in()
    sign_in(client, person)
    page = client.get("/console").text
    stolen = dict(client.cookies)
    left = client.post("/console/sign-out", data={"token": token_in(page)}, follow_redirects=False)
    assert left.headers["clear-site-data"] == '"cache"'
    client.cookies.clear()
    client.cookies.update(stolen)
    assert not is_in()
    client.cookies.clear()
    sign_in(client, person)
    with transaction() as connection:
        accounts.lock(connection, accounts.find_account(connection, "AMINA"), clock.now())
    assert not is_in()


def test_the_first_page_says_where_one_works_and_how_accounts_are_kept(client: Client) -> None:
    client.headers["accept-language"] = "en"
    sign_in(client, a_person("Amina", "caseworker", within=Territory(6)))
    start = client.get("/console").text
    assert "Casablanca-Settat" in start
    assert "sijil staff" not in start
    client.cookies.clear()
    sign_in(client, a_person("Brahim", "administrator"))
    assert "sijil staff --help" in client.get("/console").text


def test_each_sign_in_has_a_session_of_its_own(client: Client) -> None:
    person = a_person("Amina", "caseworker")
    sign_in(client, person)
    first = client.cookies["__Host-sijil-staff"]
    sign_in(client, person)
    assert client.cookies["__Host-sijil-staff"] != first


@pytest.mark.parametrize("token", [None, "", "0" * 32])
def test_a_form_without_its_token_does_nothing(client: Client, token: str | None) -> None:
    sign_in(client, a_person("Amina", "caseworker"))
    form = {} if token is None else {"token": token}
    answer = client.post("/console/sign-out", data=form)
    assert answer.status_code == 403
    assert client.get("/console", follow_redirects=False).status_code == 200


def test_a_form_of_another_session_does_nothing(client: Client) -> None:
    sign_in(client, a_person("Amina", "caseworker"))
    token = token_in(client.get("/console").text)
    client.cookies.clear()
    sign_in(client, a_person("Omar", "caseworker"))
    assert client.post("/console/sign-out", data={"token": token}).status_code == 403


def test_a_form_that_another_site_sends_does_nothing(client: Client) -> None:
    sign_in(client, a_person("Amina", "caseworker"))
    token = token_in(client.get("/console").text)
    headers = {"sec-fetch-site": "cross-site"}
    assert client.post("/console/sign-out", data={"token": token}, headers=headers).status_code == 403


def test_nobody_is_led_away_from_the_console(client: Client) -> None:
    for where in ("https://example.org/console", "//example.org", "/console\\@example.org", "/ar"):
        assert 'name="next" value="/console"' in client.get("/console/sign-in", params={"next": where}).text


def test_the_waits_after_failures_grow_and_end(client: Client) -> None:
    person = a_person("Amina", "caseworker")
    page = client.get("/console/sign-in").text
    form = {"token": token_in(page), "name": person.name, "password": "wrong"}
    waits: list[timedelta] = []
    for _ in range(5):
        assert client.post("/console/sign-in", data=form).status_code == 422
        with transaction() as connection:
            waits += connection.execute("select max(free_at - last_at) from sign_in_wait").fetchone() or ()
            connection.execute("update sign_in_wait set free_at = last_at")
    assert [each.total_seconds() for each in waits] == [0, 0, 0, 2, 4]
    with transaction() as connection:
        connection.execute("update sign_in_wait set free_at = now() + interval '1 minute'")
    assert client.post("/console/sign-in", data=form | {"password": PASSWORD}).status_code == 429
    with transaction() as connection:
        connection.execute("update sign_in_wait set free_at = now()")
    assert client.post("/console/sign-in", data=form | {"password": PASSWORD}).status_code == 200


def test_whoever_guesses_does_not_keep_the_owner_of_a_known_device_waiting(client: Client) -> None:
    person = a_person("Amina", "caseworker")
    sign_in(client, person)
    mine = dict(client.cookies)
    client.cookies.clear()
    page = client.get("/console/sign-in").text
    form = {"token": token_in(page), "name": person.name, "password": "wrong"}
    client.post("/console/sign-in", data=form)
    with transaction() as connection:
        connection.execute(
            "update sign_in_wait set free_at = now() + interval '1 minute', failures = 40 where failures = 1"
        )
    assert client.post("/console/sign-in", data=form).status_code == 429
    with transaction() as connection:  # of the address, which both have in this test
        connection.execute("delete from sign_in_wait where key = %s", [throttle.key_of("address:testclient")])
    client.cookies.clear()
    client.cookies.update({"__Host-sijil-device": mine["__Host-sijil-device"]})
    sign_in(client, person)


def test_the_language_is_the_readers_choice_and_stays(client: Client) -> None:
    page = client.get("/console/sign-in", headers={"accept-language": "fr"}).text
    assert 'lang="fr"' in page
    assert "Se connecter" in page
    form = {"token": token_in(page), "language": "en", "next": "/console/sign-in"}
    shown = client.post("/console/language", data=form)
    assert 'lang="en"' in shown.text
    assert "Sign in" in shown.text


def test_the_audit_says_who_signed_in_who_could_not_and_who_signed_out(client: Client) -> None:
    person = a_person("Amina", "caseworker")
    page = client.get("/console/sign-in").text
    client.post("/console/sign-in", data={"token": token_in(page), "name": "Amina", "password": "wrong"})
    client.post("/console/sign-in", data={"token": token_in(page), "name": "Nobody", "password": "wrong"})
    client.post("/console/sign-out", data={"token": token_in(sign_in(client, person))})
    noted = rows("select act, account_id, case_ids from audit_entry order by id")
    assert noted == [(act, person.account, []) for act in ("sign_in_refused", "sign_in", "sign_out")]
