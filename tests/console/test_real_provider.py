"""Sign-in against the real `oidc-provider`: what it takes, what it refuses, and what becomes of both."""

from base64 import urlsafe_b64decode
from collections.abc import Iterator

import httpx
import pytest

from models.database import transaction
from tests.console.conftest import SECURE
from tests.console.identity import (
    BACK,
    NEEDED,
    a_member,
    asked,
    begin,
    is_missing,
    leads_to,
    prove,
    real_provider,
    trust,
)
from tests.portal.conftest import Client
from tests.staffing import token_in

pytestmark = pytest.mark.skipif(is_missing(), reason=NEEDED)
ENGLISH = {"accept-language": "en"}


@pytest.fixture(scope="module")
def running() -> Iterator[str]:
    with real_provider() as issuer:
        yield issuer


@pytest.fixture
def issuer(client: Client, monkeypatch: pytest.MonkeyPatch, running: str) -> str:
    trust(monkeypatch, running)
    return running


def test_somebody_signs_in_there_and_is_in_here(client: Client, issuer: str) -> None:
    a_member("Amina", issuer, "amina@example.org")
    answer = client.get(prove(begin(client, "/console/?tab=mine"), "amina@example.org"), follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/?tab=mine")
    assert "Amina" in client.get("/console").text


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA"])
def test_each_algorithm_that_we_take_is_verified(
    client: Client, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    with real_provider(id_token_signed_response_alg=algorithm) as issuer:
        trust(monkeypatch, issuer)
        a_member("Amina", issuer, "amina")
        assert client.get(prove(begin(client), "amina"), follow_redirects=False).status_code == 303


def test_a_public_client_is_guarded_by_pkce_alone(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with real_provider(token_endpoint_auth_method="none", client_secret=None) as issuer:
        trust(monkeypatch, issuer, OIDC_CLIENT_SECRET="")
        a_member("Amina", issuer, "amina")
        assert client.get(prove(begin(client), "amina"), follow_redirects=False).status_code == 303


def test_the_provider_refuses_a_code_whose_verifier_is_another(client: Client, issuer: str) -> None:
    a_member("Amina", issuer, "amina")
    back = prove(begin(client), "amina")
    with transaction() as connection:
        connection.execute("update sign_in_flow set verifier = %s", ["v" * 43])
    answer = client.get(back, headers=ENGLISH, follow_redirects=False)
    assert (answer.status_code, "refused the request" in answer.text) == (403, True)
    assert client.get("/console", follow_redirects=False).status_code == 303


def test_the_provider_refuses_to_take_a_request_without_a_challenge(client: Client, issuer: str) -> None:
    address = begin(client)
    assert len(urlsafe_b64decode(asked(address)["code_challenge"] + "=")) == 32
    without = "&".join(part for part in address.split("&") if not part.startswith("code_challenge"))
    assert asked(prove(without))["error"] == "invalid_request"


def test_a_code_that_was_used_opens_nothing_in_another_sign_in(client: Client, issuer: str) -> None:
    a_member("Amina", issuer, "amina")
    back = prove(begin(client), "amina")
    assert client.get(back, follow_redirects=False).status_code == 303
    assert client.get(back, headers=ENGLISH, follow_redirects=False).status_code == 403
    client.post("/console/sign-out", data={"token": token_in(client.get("/console").text)}, follow_redirects=False)
    answer = {"state": asked(begin(client))["state"], "code": asked(back)["code"], "iss": issuer}
    shown = client.get(BACK, params=answer, headers=ENGLISH, follow_redirects=False)
    assert (shown.status_code, "refused the request" in shown.text) == (403, True)
    assert client.get("/console", follow_redirects=False).status_code == 303


def test_a_code_of_somebody_else_is_of_no_use_in_my_browser(client: Client, issuer: str) -> None:
    """Whoever lures me with a code of their own wants me to work in their name."""
    a_member("Mallory", issuer, "mallory")
    theirs = asked(prove(begin(client), "mallory"))
    client.cookies.clear()
    mine = asked(begin(client))
    answer = {"state": mine["state"], "code": theirs["code"], "iss": issuer}
    assert client.get(BACK, params=answer, follow_redirects=False).status_code == 403
    assert client.get("/console", follow_redirects=False).status_code == 303


def test_who_cancels_there_is_told_so_here(client: Client, issuer: str) -> None:
    answer = client.get(prove(begin(client), cancel=True), headers=ENGLISH)
    assert (answer.status_code, "cancelled or denied" in answer.text) == (403, True)


def test_who_has_no_account_reads_who_they_are_there(client: Client, issuer: str) -> None:
    answer = client.get(prove(begin(client), "omar@example.org"), headers=ENGLISH)
    assert (answer.status_code, "omar@example.org" in answer.text) == (403, True)


def test_a_wrong_secret_of_the_client_opens_nothing(
    client: Client, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_member("Amina", issuer, "amina")
    trust(monkeypatch, issuer, OIDC_CLIENT_SECRET="another")
    assert client.get(prove(begin(client), "amina"), follow_redirects=False).status_code == 403


def test_signing_out_leads_to_the_provider_which_knows_where_to_lead_back(client: Client, issuer: str) -> None:
    a_member("Amina", issuer, "amina")
    client.get(prove(begin(client), "amina"))
    left = client.post("/console/sign-out", data={"token": token_in(client.get("/console").text)})
    address = leads_to(left.text)
    assert address.startswith(f"{issuer}/session/end?")
    assert asked(address)["post_logout_redirect_uri"] == f"{SECURE}/console/sign-in"
    assert httpx.get(address).status_code == 200
