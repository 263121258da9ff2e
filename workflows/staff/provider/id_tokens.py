"""The rules by which an ID token is believed (OpenID Connect Core 1.0, 3.1.3.7)."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256, sha512
from typing import Any

from joserfc import jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jws import JWSRegistry
from joserfc.jwt import Claims, JWTClaimsRegistry

from models.errors import Refused
from workflows.staff.provider.discovery import KIND_OF, PublicKey

LEEWAY = 60  # seconds by which the provider's clock may differ
LONGEST_SUBJECT = 255  # characters (Core 1.0, 2)
KeyOf = Callable[[str, str | None], PublicKey]  # by algorithm and `kid`


class Signatures(JWSRegistry):
    """The algorithms that we take. `none` and those with a shared key are none of them.

    EdDSA is the older name of Ed25519 (RFC 9864), and what most providers say: the library's warning helps nobody.
    """

    algorithms = {name: copy(JWSRegistry.algorithms[name]) for name in KIND_OF}  # noqa: RUF012 - as its parent has it


Signatures.algorithms["EdDSA"].security_warning = None
SIGNATURES = Signatures(algorithms=list(KIND_OF), strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say. `acr`: one of these must be in `acr` or `amr`; none: the provider's word is enough."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    acr: Collection[str] = ()


def subject_in(token: str, key_of: KeyOf, expected: Expected, now: datetime) -> str:
    """Who signed in, by a token that keeps every rule.

    Raises Refused for another, whose text is the rule that is broken and nothing of the token; and what `key_of` does.
    """
    try:
        read = jwt.decode(token, lambda found: key_named(found.headers(), key_of), registry=SIGNATURES)
        claims_of(expected, now).validate(read.claims)
    except ClaimError as error:
        raise Refused("bad_proof", error.claim) from None
    except JoseError as error:
        raise Refused("bad_proof", error.error or "token") from None
    except (ValueError, TypeError):
        raise Refused("bad_proof", "token") from None
    require_ours(read.claims, expected)
    require_hash(read.claims, str(read.header["alg"]), expected.access_token)
    require_strength(read.claims, expected.acr)
    subject: str = read.claims["sub"]
    if not (subject.isprintable() and 0 < len(subject) <= LONGEST_SUBJECT):
        raise Refused("bad_proof", "sub")
    return subject


def key_named(header: dict[str, Any], key_of: KeyOf) -> PublicKey:
    """The key that the head of a token names. Raises what `key_of` raises."""
    kid = header.get("kid")
    return key_of(header["alg"], kid if isinstance(kid, str) else None)


def claims_of(expected: Expected, now: datetime) -> JWTClaimsRegistry:
    """The claims that every token has, and their values."""
    return JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        nonce={"essential": True, "value": expected.nonce},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )


def require_ours(claims: Claims, expected: Expected) -> None:
    """Raises Refused for a token that was made for another client, too, and given to that one."""
    audience, party = claims["aud"], claims.get("azp")
    if party is None and isinstance(audience, list) and len(audience) > 1:
        raise Refused("bad_proof", "azp")
    if party is not None and party != expected.client_id:
        raise Refused("bad_proof", "azp")


def require_hash(claims: Claims, algorithm: str, access_token: str) -> None:
    """Raises Refused where the token says that it came with another access token (Core 1.0, 3.1.3.8)."""
    given = claims.get("at_hash")
    if given is None:
        return
    digest = (sha512 if KIND_OF[algorithm] == "OKP" else sha256)(access_token.encode()).digest()
    expected = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), expected):
        raise Refused("bad_proof", "at_hash")


def require_strength(claims: Claims, acr: Collection[str]) -> None:
    """Raises Refused where the person did not prove themselves as strongly as the settings ask."""
    methods = claims.get("amr")
    said = [claims.get("acr"), *(methods if isinstance(methods, list) else [])]
    if acr and not any(each in said for each in acr):
        raise Refused("weak_sign_in", "acr")
