"""ID tokens as a provider makes them, and as forgers would."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256, sha512
from json import dumps
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from workflows.staff.provider.id_tokens import SIGNATURES

ISSUER, CLIENT, NONCE, ACCESS, SUBJECT = "https://id.example.org", "sijil", "a nonce", "an access token", "subject-1"


@cache
def keys() -> Mapping[str, RSAKey | ECKey | OKPKey]:
    """A key for each algorithm; RSA keys take their time, so they are made once."""
    rsa = RSAKey.generate_key(2048, {"kid": "rsa"})
    okp = OKPKey.generate_key("Ed25519", {"kid": "okp"})
    ec = ECKey.generate_key("P-256", {"kid": "ec"})
    return {"RS256": rsa, "PS256": rsa, "ES256": ec, "EdDSA": okp, "Ed25519": okp}


def public_keys() -> list[dict[str, Any]]:
    """The public halves, as a provider shows them."""
    return [keys()[algorithm].as_dict(private=False, use="sig") for algorithm in ("RS256", "ES256", "EdDSA")]


def claims(now: datetime, **changes: Any) -> dict[str, Any]:
    """What an honest token says; None leaves a claim out."""
    second = int(now.timestamp())
    plain = {"iss": ISSUER, "aud": CLIENT, "sub": SUBJECT, "nonce": NONCE, "iat": second, "exp": second + 300}
    return {name: value for name, value in (plain | changes).items() if value is not None}


def signed(said: dict[str, Any], algorithm: str = "RS256", **header: Any) -> str:
    """A token that says this."""
    key = keys()[algorithm]
    return jwt.encode({"alg": algorithm, "kid": key.kid} | header, said, key, registry=SIGNATURES)


def forged(head: dict[str, Any], said: dict[str, Any], sign: Callable[[bytes], bytes] = lambda _: b"") -> str:
    """A token put together by hand, as no library would."""
    whole = ".".join(part(dumps(each).encode()) for each in (head, said))
    return f"{whole}.{part(sign(whole.encode()))}"


def part(data: bytes) -> str:
    """A part of a token."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed_by_the_right_key(head: dict[str, Any], said: dict[str, Any]) -> str:
    """A token whose head may be anything, with a good signature of RS256."""
    return forged(head, said, lambda whole: SIGNATURES.algorithms["RS256"].sign(whole, keys()["RS256"]))


def signed_with_what_all_know(said: dict[str, Any]) -> str:
    """A token of HS256, whose shared key is the public key of RS256 (CVE-2015-9235)."""
    public = keys()["RS256"].as_pem(private=False)
    return forged({"alg": "HS256", "kid": "rsa"}, said, lambda whole: hmac.digest(public, whole, sha256))


def hash_of(access_token: str, algorithm: str = "RS256") -> str:
    """`at_hash`: the left half of the digest."""
    digest = (sha512 if algorithm in ("EdDSA", "Ed25519") else sha256)(access_token.encode()).digest()
    return part(digest[: len(digest) // 2])
