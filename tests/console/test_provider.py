"""Sign-in by an identity provider that lies, fails and hangs: one that a test holds in its hand."""

import shlex
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import unquote_plus

import pytest
from structlog.testing import CapturingLogger

from models import clock
from models.database import transaction
from models.settings import settings
from tests.console.conftest import SECURE
from tests.console.identity import BACK, SECRET, Lying, a_member, asked, begin, leads_to, lying_provider, trust
from tests.filing import rows
from tests.id_tokens import CLIENT, SUBJECT, forged, hash_of, keys, signed, signed_with_what_all_know
from tests.portal.conftest import Client
from tests.staffing import PASSWORD, a_person, sign_in, token_in
from web.console import provider
from workflows.staff import accounts, sessions
from workflows.staff.provider import calls, discovery

ENGLISH = {"accept-language": "en"}


@pytest.fixture
def lying(client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lying]:
    with lying_provider() as lying:
        trust(monkeypatch, lying.issuer)
        yield lying


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """What the sign-in logs."""
    logger = CapturingLogger()
    monkeypatch.setattr(provider, "log", logger)
    monkeypatch.setattr(discovery, "log", logger)
    return logger


def come_back(client: Client, lying: Lying, **changes: str) -> Any:
    """Begins, and brings the provider's answer back."""
    given = asked(begin(client))
    lying.nonce = given["nonce"]
    answer = {"state": given["state"], "code": "a code"} | changes
    return client.get(BACK, params=answer, headers=ENGLISH, follow_redirects=False)


def is_in(client: Client) -> bool:
    """Whether this browser has a session."""
    return client.get("/console", follow_redirects=False).status_code == 200


def assert_nothing_begun(client: Client) -> None:
    """Nobody is signed in, in this browser and in the database."""
    assert not is_in(client)
    with transaction() as connection:
        assert connection.execute("select count(*) from staff_session").fetchone() == (0,)


def test_an_honest_answer_begins_a_session_that_owes_nothing(client: Client, lying: Lying) -> None:
    a_member("Amina", lying.issuer)
    lying.changes = {"at_hash": hash_of("an access token")}
    answer = come_back(client, lying)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    assert "Amina" in client.get("/console").text
    assert noted() == ["sign_in"]


def noted() -> list[str]:
    """What the audit says."""
    return [act for (act,) in rows("select act from audit_entry order by id")]


def test_the_request_says_what_it_has_to_and_the_exchange_proves_the_client(client: Client, lying: Lying) -> None:
    a_member("Amina", lying.issuer)
    given = asked(begin(client))
    assert given | {"state": "", "nonce": "", "code_challenge": ""} == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": SECURE + BACK,
        "scope": "openid",
        "state": "",
        "nonce": "",
        "code_challenge": "",
        "code_challenge_method": "S256",
    }
    lying.nonce = given["nonce"]
    client.get(BACK, params={"state": given["state"], "code": "a code"})
    assert lying.form["code"] == ["a code"]
    assert lying.form["redirect_uri"] == [SECURE + BACK]
    name, _, secret = b64decode(lying.authorization.partition(" ")[2]).decode().partition(":")
    assert (unquote_plus(name), unquote_plus(secret)) == (CLIENT, SECRET)


@pytest.mark.parametrize(
    ("secret", "methods", "sent"),
    [("", ["client_secret_basic"], None), (SECRET, ["client_secret_post"], [SECRET])],
)
def test_a_public_client_and_one_that_proves_itself_in_the_form(
    client: Client, lying: Lying, monkeypatch: pytest.MonkeyPatch, secret: str, methods: list[str], sent: object
) -> None:
    lying.metadata = {"token_endpoint_auth_methods_supported": methods}
    trust(monkeypatch, lying.issuer, OIDC_CLIENT_SECRET=secret)
    a_member("Amina", lying.issuer)
    assert come_back(client, lying).status_code == 303
    assert (lying.authorization, lying.form["client_id"], lying.form.get("client_secret")) == ("", [CLIENT], sent)


def test_who_wanted_a_page_is_led_to_it_and_nobody_away_from_the_console(client: Client, lying: Lying) -> None:
    a_member("Amina", lying.issuer)
    for wanted, led in (("/console/?tab=mine", "/console/?tab=mine"), ("https://example.org", "/console")):
        given = asked(begin(client, wanted))
        lying.nonce = given["nonce"]
        answer = client.get(BACK, params={"state": given["state"], "code": "c"}, follow_redirects=False)
        assert answer.headers["location"] == led


def test_an_answer_counts_once(client: Client, lying: Lying) -> None:
    a_member("Amina", lying.issuer)
    given = asked(begin(client))
    lying.nonce = given["nonce"]
    answer = {"state": given["state"], "code": "a code"}
    assert client.get(BACK, params=answer, follow_redirects=False).status_code == 303
    lying.calls.clear()
    again = client.get(BACK, params=answer, headers=ENGLISH, follow_redirects=False)
    assert (again.status_code, lying.calls) == (403, [])
    assert "belongs to no sign-in" in again.text


def test_an_answer_counts_in_the_browser_that_began_and_another_one_does_not_spoil_it(
    client: Client, lying: Lying
) -> None:
    a_member("Amina", lying.issuer)
    given = asked(begin(client))
    lying.nonce = given["nonce"]
    mine, answer = dict(client.cookies), {"state": given["state"], "code": "a code"}
    client.cookies.clear()
    for _ in range(2):  # without a cookie, then with one of its own
        assert client.get(BACK, params=answer, follow_redirects=False).status_code == 403
        assert_nothing_begun(client)
        client.get("/console/sign-in")
    client.cookies.clear()
    client.cookies.update(mine)
    assert client.get(BACK, params=answer, follow_redirects=False).status_code == 303


@pytest.mark.parametrize("state", ["", "a" * 43, "a" * 20_000, "é\0"])
def test_a_state_that_nobody_began_is_refused(client: Client, lying: Lying, state: str) -> None:
    a_member("Amina", lying.issuer)
    assert come_back(client, lying, state=state).status_code == 403
    assert_nothing_begun(client)


def test_an_answer_after_ten_minutes_is_too_old_and_the_next_one_clears_it_away(client: Client, lying: Lying) -> None:
    a_member("Amina", lying.issuer)
    given = asked(begin(client))
    lying.nonce = given["nonce"]
    with transaction() as connection:
        connection.execute("update sign_in_flow set begun_at = %s", [clock.now() - timedelta(minutes=10)])
    assert client.get(BACK, params={"state": given["state"], "code": "c"}).status_code == 403
    begin(client)
    with transaction() as connection:
        assert connection.execute("select count(*) from sign_in_flow").fetchone() == (1,)


@pytest.mark.parametrize(
    "changes",
    [{"nonce": "x"}, {"aud": "x"}, {"iss": "x"}, {"exp": 1}, {"iat": 10**11}, {"at_hash": "x"}, {"azp": "x"}],
    ids=str,
)
def test_a_token_that_breaks_a_rule_begins_nothing(
    logged: CapturingLogger, client: Client, lying: Lying, changes: dict[str, Any]
) -> None:
    a_member("Amina", lying.issuer)
    lying.changes = changes
    answer = come_back(client, lying)
    assert answer.status_code == 403
    assert "does not prove who you are" in answer.text
    assert_nothing_begun(client)
    assert [call.kwargs["why"] for call in logged.calls] == [*changes]
    for secret in (SUBJECT, "a code", "an access token", lying.nonce, SECRET):
        assert secret not in str(logged.calls)


@pytest.mark.parametrize(
    "make_token",
    [
        lambda said: forged({"alg": "none"}, said),
        signed_with_what_all_know,
        lambda said: signed(said, kid="unknown"),
        lambda said: signed(said, "ES256", kid="rsa"),
        lambda said: signed(said)[:-8],
        lambda said: "nonsense",
    ],
    ids=["none", "HS256", "unknown key", "another key", "cut", "nonsense"],
)
def test_a_token_that_is_signed_otherwise_begins_nothing(client: Client, lying: Lying, make_token: Any) -> None:
    a_member("Amina", lying.issuer)
    lying.make_token = make_token
    assert come_back(client, lying).status_code == 403
    assert_nothing_begun(client)


def test_new_keys_are_looked_for_at_most_once_a_minute(
    client: Client, lying: Lying, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_member("Amina", lying.issuer)
    assert come_back(client, lying).status_code == 303
    everything = lying.keys
    lying.keys = [key for key in everything if key["kid"] != "ec"]
    lying.make_token = lambda said: signed(said, "ES256")
    discovery.provider_of.cache_clear()
    assert [come_back(client, lying).status_code for _ in range(3)] == [403] * 3
    assert lying.calls.count("/jwks_uri") == 2  # of the first sign-in, and of the first of these
    lying.keys = everything
    monkeypatch.setattr(discovery, "AGAIN", 0.0)
    assert come_back(client, lying).status_code == 303


def test_a_weak_key_and_one_for_secrets_are_no_keys(client: Client, lying: Lying) -> None:
    a_member("Amina", lying.issuer)
    rsa = keys()["RS256"].as_dict(private=False)
    lying.keys = [rsa | {"use": "enc"}, rsa | {"n": rsa["n"][:300]}, {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "RSA"}]
    assert come_back(client, lying).status_code == 503
    assert_nothing_begun(client)


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ({"error": "access_denied", "error_description": "Amina said no"}, 403, "cancelled or denied"),
        ({"error": "invalid_request"}, 403, "refused the request"),
        ({"error": "<b>odd</b>"}, 403, "refused the request"),
        ({"error": "temporarily_unavailable"}, 503, "does not answer"),
        ({"error": "server_error", "code": ""}, 503, "does not answer"),
        ({"code": ""}, 403, "does not prove"),
        ({"code": "a" * 5000}, 403, "does not prove"),
        ({"iss": "https://other.example.org"}, 403, "does not prove"),
    ],
)
def test_an_answer_without_a_good_code_is_told_apart(
    logged: CapturingLogger, client: Client, lying: Lying, answer: dict[str, str], status: int, said: str
) -> None:
    a_member("Amina", lying.issuer)
    shown = come_back(client, lying, **answer)
    assert shown.status_code == status
    assert said in shown.text
    assert_nothing_begun(client)
    assert len(logged.calls) == 1
    assert "Amina" not in str(logged.calls)
    assert "odd" not in str(logged.calls)


def test_an_answer_without_its_issuer_is_refused_where_the_provider_promises_one(client: Client, lying: Lying) -> None:
    a_member("Amina", lying.issuer)
    lying.metadata = {"authorization_response_iss_parameter_supported": True}
    assert come_back(client, lying).status_code == 403
    assert come_back(client, lying, iss=lying.issuer).status_code == 303


@pytest.mark.parametrize(
    ("token_answer", "status"),
    [
        ({"error": "invalid_grant", "error_description": "the code of Amina"}, 403),
        ({"error": "temporarily_unavailable"}, 503),
        ({"access_token": "x", "token_type": "Bearer"}, 403),
        ({"id_token": "x", "token_type": "Bearer"}, 403),
        ({"access_token": "x", "id_token": ["x"]}, 403),
        ({"access_token": "x", "id_token": "x", "expires_at": "never"}, 403),
        (["a list"], 503),
    ],
    ids=str,
)
def test_an_exchange_that_fails_begins_nothing(
    logged: CapturingLogger, client: Client, lying: Lying, token_answer: Any, status: int
) -> None:
    a_member("Amina", lying.issuer)
    lying.token_answer = token_answer
    assert come_back(client, lying).status_code == status
    assert_nothing_begun(client)
    assert len(logged.calls) == 1
    assert "Amina" not in str(logged.calls)


def test_somebody_without_an_account_is_told_what_to_ask_for_and_that_works(client: Client, lying: Lying) -> None:
    subject = "S-<b>'7"
    lying.changes = {"sub": subject}
    answer = come_back(client, lying)
    assert answer.status_code == 403
    assert "S-&lt;b&gt;&#39;7" in answer.text
    assert lying.issuer in answer.text
    command = unescape(answer.text).partition('dir="ltr">sijil ')[2].partition("</pre>")[0].replace("\\\n", "")
    assert shlex.split(command)[5:] == ["--issuer", lying.issuer, "--subject", subject]
    assert_nothing_begun(client)
    a_member("Amina", lying.issuer, subject)
    assert come_back(client, lying).status_code == 303


def test_the_same_subject_of_another_issuer_is_somebody_else(client: Client, lying: Lying) -> None:
    a_member("Amina", f"{lying.issuer}/")
    assert come_back(client, lying).status_code == 403


def test_a_locked_account_stays_closed(client: Client, lying: Lying) -> None:
    a_member("Amina", lying.issuer)
    with transaction() as connection:
        accounts.lock(connection, accounts.find_account(connection, "Amina"), clock.now())
    answer = come_back(client, lying)
    assert answer.status_code == 403
    assert "Your account is locked here" in answer.text
    assert noted() == ["sign_in_refused"]
    assert_nothing_begun(client)


def test_a_second_factor_that_is_asked_for_must_be_there(
    client: Client, lying: Lying, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, lying.issuer, OIDC_ACR="mfa phr")
    a_member("Amina", lying.issuer)
    answer = come_back(client, lying)
    assert answer.status_code == 403
    assert "a second factor is needed" in answer.text
    assert_nothing_begun(client)
    lying.changes = {"amr": ["pwd", "mfa"]}
    assert asked(begin(client))["acr_values"] == "mfa phr"
    assert come_back(client, lying).status_code == 303


def test_a_provider_that_is_away_is_told_of_and_asked_again(
    client: Client, lying: Lying, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = a_person("Amina", "caseworker")
    lying.status = 500
    page = client.get("/console/sign-in").text
    form = {"token": token_in(page), "next": "/console/?tab=mine"}
    shown = client.post("/console/sign-in/provider", data=form, headers=ENGLISH)
    assert (shown.status_code, shown.headers["retry-after"]) == (503, "5")
    assert "does not answer" in shown.text
    assert 'name="next" value="/console/?tab=mine"' in shown.text
    lying.status = 200
    monkeypatch.setattr(discovery, "PAUSE", 0.0)
    leads_to(client.post("/console/sign-in/provider", data=form).text)
    lying.status = 500
    assert come_back(client, lying).status_code == 503
    assert_nothing_begun(client)
    sign_in(client, person)


def test_a_provider_that_fails_is_left_alone_for_some_seconds(client: Client, lying: Lying) -> None:
    lying.status = 500
    form = {"token": token_in(client.get("/console/sign-in").text)}
    assert [client.post("/console/sign-in/provider", data=form).status_code for _ in range(5)] == [503] * 5
    assert len(lying.calls) == 1


def test_what_is_known_of_the_provider_serves_while_it_is_away(
    client: Client, lying: Lying, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(client)
    lying.status = 500
    monkeypatch.setattr(discovery.Kept.get, "__defaults__", (0.0,))
    begin(client)
    monkeypatch.setattr(discovery, "A_DAY", 0.0)
    form = {"token": token_in(client.get("/console/sign-in").text)}
    assert client.post("/console/sign-in/provider", data=form).status_code == 503


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example.org"},
        {"token_endpoint": "http://id.example.org/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"end_session_endpoint": "http://id.example.org/out"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_a_provider_that_names_itself_or_its_addresses_wrongly_is_not_used(
    client: Client, lying: Lying, metadata: dict[str, str | None]
) -> None:
    lying.metadata = metadata
    form = {"token": token_in(client.get("/console/sign-in").text)}
    assert client.post("/console/sign-in/provider", data=form).status_code == 503


def test_few_readers_wait_for_the_provider_at_once(
    client: Client, lying: Lying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PATIENCE", 0.01)
    form = {"token": token_in(client.get("/console/sign-in").text)}
    taken = [calls._turns.acquire(timeout=1) for _ in range(calls.AT_ONCE)]
    try:
        assert client.post("/console/sign-in/provider", data=form).status_code == 503
    finally:
        for _ in taken:
            calls._turns.release()
    assert client.post("/console/sign-in/provider", data=form).status_code == 200


def test_the_form_of_the_button_has_its_token(client: Client, lying: Lying) -> None:
    client.get("/console/sign-in")
    assert client.post("/console/sign-in/provider", data={}).status_code == 403
    assert lying.calls == []


def test_no_password_is_taken_where_there_are_no_local_accounts(
    client: Client, lying: Lying, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = a_person("Amina", "caseworker")
    trust(monkeypatch, lying.issuer, LOCAL_ACCOUNTS="off", OIDC_NAME="Idara")
    page = client.get("/console/sign-in", headers=ENGLISH).text
    assert "Idara" in page
    assert "password" not in page
    form = {"token": token_in(page), "name": person.name, "password": PASSWORD}
    refused = client.post("/console/sign-in", data=form, headers=ENGLISH)
    assert (refused.status_code, "Nobody signs in by a password here" in refused.text) == (403, True)
    assert_nothing_begun(client)


def test_without_a_provider_its_addresses_lead_nowhere(client: Client) -> None:
    page = client.get("/console/sign-in").text
    assert "/console/sign-in/provider" not in page
    assert client.post("/console/sign-in/provider", data={"token": token_in(page)}).status_code == 404
    assert client.get("/console/sign-in/provider/out").status_code == 404
    assert client.get(BACK, params={"state": "x", "code": "x"}).status_code == 403


def test_signing_out_ends_both_sessions(client: Client, lying: Lying) -> None:
    a_member("Amina", lying.issuer)
    come_back(client, lying)
    token = token_in(client.get("/console").text)
    left = client.post("/console/sign-out", data={"token": token})
    assert_ended(client)
    assert noted() == ["sign_in", "sign_out"]
    address = leads_to(left.text)
    assert address.startswith(f"{lying.issuer}/end_session_endpoint?")
    assert asked(address) == {"client_id": CLIENT, "post_logout_redirect_uri": f"{SECURE}/console/sign-in"}


def assert_ended(client: Client) -> None:
    """This browser's session has ended, and the database has no other one."""
    assert not is_in(client)
    with transaction() as connection:
        assert connection.execute("select count(*) from staff_session where ended_at is null").fetchone() == (0,)


def test_signing_out_ends_our_session_whatever_the_provider_does(
    client: Client, lying: Lying, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_member("Amina", lying.issuer)
    come_back(client, lying)
    lying.status = 500
    discovery.provider_of.cache_clear()
    token = token_in(client.get("/console").text)
    left = client.post("/console/sign-out", data={"token": token}, headers=ENGLISH)
    assert "you may still be signed in there" in left.text
    assert_ended(client)


def test_a_provider_that_ends_no_session_is_not_gone_to_and_neither_for_a_local_account(
    client: Client, lying: Lying
) -> None:
    lying.metadata = {"end_session_endpoint": None}
    a_member("Amina", lying.issuer)
    come_back(client, lying)
    left = client.post("/console/sign-out", data={"token": token_in(client.get("/console").text)})
    assert str(left.url).endswith("/console/sign-in")
    sign_in(client, a_person("Omar", "caseworker"))
    lying.calls.clear()
    client.post("/console/sign-out", data={"token": token_in(client.get("/console").text)})
    assert lying.calls == []


def test_a_session_of_the_provider_ends_with_its_account(client: Client, lying: Lying) -> None:
    number = a_member("Amina", lying.issuer)
    come_back(client, lying)
    assert is_in(client)
    with transaction() as connection:
        sessions.end_all(connection, number, clock.now())
    assert not is_in(client)
    assert settings().oidc_issuer == lying.issuer
