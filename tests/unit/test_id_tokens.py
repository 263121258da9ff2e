"""Which ID tokens are believed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refused
from tests.id_tokens import (
    ACCESS,
    CLIENT,
    ISSUER,
    NONCE,
    SUBJECT,
    claims,
    forged,
    hash_of,
    public_keys,
    signed,
    signed_by_the_right_key,
    signed_with_what_all_know,
)
from workflows.staff.provider.discovery import PublicKey, fits, public_key
from workflows.staff.provider.id_tokens import Expected, subject_in

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
OTHER = "https://other.example.org"


def key_of(algorithm: str, kid: str | None) -> PublicKey:
    """As a provider finds it among its keys, without a network."""
    known = [key for each in public_keys() for key in public_key(each)]
    found = [key for key in known if fits(key, algorithm, kid)]
    if not found:
        raise Refused("bad_proof", "key")
    return found[0]


def subject(token: str, *acr: str, now: datetime = NOW) -> str:
    """Who signed in, by this token."""
    return subject_in(token, key_of, Expected(ISSUER, CLIENT, NONCE, ACCESS, acr), now)


def refusal(token: str, *acr: str, now: datetime = NOW) -> tuple[str, str]:
    """The code of the refusal, and the rule that the token breaks."""
    with pytest.raises(Refused) as refused:
        subject(token, *acr, now=now)
    return refused.value.code, str(refused.value)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_honest_token_is_believed(algorithm: str) -> None:
    said = claims(NOW, at_hash=hash_of(ACCESS, algorithm), aud=[CLIENT], azp=CLIENT)
    assert subject(signed(said, algorithm)) == SUBJECT


@pytest.mark.parametrize(
    ("broken", "changes"),
    [
        ("iss", {"iss": OTHER}),
        ("iss", {"iss": ISSUER + "/"}),
        ("iss", {"iss": [ISSUER]}),
        ("iss", {"iss": None}),
        ("aud", {"aud": "another client"}),
        ("aud", {"aud": ["another client"]}),
        ("aud", {"aud": []}),
        ("aud", {"aud": {"sijil": 1}}),
        ("aud", {"aud": None}),
        ("azp", {"aud": [CLIENT, "another client"]}),
        ("azp", {"aud": [CLIENT, "another client"], "azp": "another client"}),
        ("azp", {"azp": "another client"}),
        ("nonce", {"nonce": "another nonce"}),
        ("nonce", {"nonce": None}),
        ("nonce", {"nonce": ""}),
        ("sub", {"sub": None}),
        ("sub", {"sub": ""}),
        ("sub", {"sub": 7}),
        ("sub", {"sub": "a" * 256}),
        ("sub", {"sub": "a\0b"}),
        ("exp", {"exp": None}),
        ("exp", {"exp": "tomorrow"}),
        ("exp", {"exp": float("nan")}),
        ("exp", {"exp": float("inf")}),
        ("exp", {"exp": True}),
        ("iat", {"iat": None}),
        ("iat", {"iat": "now"}),
        ("nbf", {"nbf": int(NOW.timestamp()) + 100}),
        ("at_hash", {"at_hash": hash_of("another token")}),
        ("at_hash", {"at_hash": 7}),
        ("at_hash", {"at_hash": "é"}),
    ],
)
def test_a_token_that_breaks_a_rule_is_not_believed(broken: str, changes: dict[str, Any]) -> None:
    assert refusal(signed(claims(NOW, **changes))) == ("bad_proof", broken)


def test_clocks_may_differ_by_a_minute_and_no_more() -> None:
    token = signed(claims(NOW))
    assert subject(token, now=NOW + timedelta(seconds=300 + 59)) == SUBJECT
    assert refusal(token, now=NOW + timedelta(seconds=300 + 60)) == ("bad_proof", "exp")
    assert subject(token, now=NOW - timedelta(seconds=60)) == SUBJECT
    assert refusal(token, now=NOW - timedelta(seconds=61)) == ("bad_proof", "iat")


def test_a_token_that_nobody_signed_is_not_believed() -> None:
    assert refusal(forged({"alg": "none"}, claims(NOW))) == ("bad_proof", "unsupported_algorithm")


def test_a_token_that_is_signed_with_what_all_know_is_not_believed() -> None:
    assert refusal(signed_with_what_all_know(claims(NOW))) == ("bad_proof", "unsupported_algorithm")


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS1", "RS384", "", None, 7, ["RS256"]])
def test_no_other_algorithm_is_taken(algorithm: Any) -> None:
    token = signed_by_the_right_key({"alg": algorithm, "kid": "rsa"}, claims(NOW))
    assert refusal(token)[0] == "bad_proof"


def test_a_key_is_of_its_own_algorithm_alone() -> None:
    assert refusal(signed(claims(NOW), "ES256", kid="rsa")) == ("bad_proof", "key")
    assert refusal(signed(claims(NOW), kid="a kid that nobody knows")) == ("bad_proof", "key")
    assert refusal(signed(claims(NOW), "EdDSA", kid="ec")) == ("bad_proof", "key")


def test_a_token_that_was_changed_is_not_believed() -> None:
    head, _, signature = signed(claims(NOW)).split(".")
    _, payload, _ = signed(claims(NOW, sub="somebody else")).split(".")
    assert refusal(f"{head}.{payload}.{signature}") == ("bad_proof", "bad_signature")


def test_a_token_needs_what_it_calls_critical() -> None:
    head = {"alg": "RS256", "kid": "rsa", "crit": ["ours"], "ours": 1}
    assert refusal(signed_by_the_right_key(head, claims(NOW))) == ("bad_proof", "unsupported_header")


def test_heads_that_nobody_defined_are_ignored() -> None:
    assert subject(signed(claims(NOW), ours="of the provider")) == SUBJECT


@given(st.text(max_size=60) | st.from_regex(r"[\w-]{0,20}\.[\w-]{0,20}\.[\w-]{0,20}", fullmatch=True))
def test_nonsense_is_refused_and_never_a_fault(token: str) -> None:
    assert refusal(token)[0] == "bad_proof"


@pytest.mark.parametrize("said", [{"acr": "mfa"}, {"amr": ["pwd", "mfa"]}, {"acr": "phr", "amr": ["pwd"]}])
def test_the_strength_that_is_asked_for_may_stand_in_acr_or_amr(said: dict[str, Any]) -> None:
    assert subject(signed(claims(NOW, **said)), "mfa", "phr") == SUBJECT


@pytest.mark.parametrize("said", [{}, {"acr": "pwd"}, {"amr": ["pwd"]}, {"amr": "mfa"}, {"amr": [{}], "acr": ["mfa"]}])
def test_less_strength_than_is_asked_for_opens_nothing(said: dict[str, Any]) -> None:
    assert refusal(signed(claims(NOW, **said)), "mfa") == ("weak_sign_in", "acr")
