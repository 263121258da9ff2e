"""Whether a partner signed this request: a detached JWS (RFC 7515, appendix F) over the body, by Ed25519 (RFC 8037).

The protected header names the key (`kid`), the moment (`iat`) and the address (`path`), so that a signature is good for
one body at one address in one minute.
"""

from datetime import datetime
from typing import Any, NamedTuple

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode

from models.foreign import read_json
from workflows.population.refusals import NotAnswered
from workflows.staff.provider.id_tokens import Signatures

SKEW = 60  # seconds by which the clocks may differ, and the request may be on its way
LONGEST = 2_000  # characters of a signature
LONGEST_KID = 100
LATEST = 2**40  # seconds since 1970 that any clock may say
ALGORITHMS = ["EdDSA", "Ed25519"]  # the older name, and that of RFC 9864
REGISTRY = Signatures(algorithms=ALGORITHMS, strict_check_header=False)


class Head(NamedTuple):
    """What the protected header of a signature says."""

    kid: str
    iat: int
    path: str
    id: str = ""  # `jti`: of a request without a body, which has no id of its own


def head_of(signature: str) -> Head:
    """What a signature says of itself, not believed yet. Raises NotAnswered."""
    parts = signature.split(".")
    if len(signature) > LONGEST or len(parts) != 3 or parts[1]:
        raise NotAnswered("signature_malformed")
    try:
        found: dict[str, Any] = read_json(urlsafe_b64decode(parts[0].encode()), dict)
    except ValueError:  # of the encoding, of JSON, of another type
        raise NotAnswered("signature_malformed") from None
    kid, iat, path, jti = (found.get(name) for name in ("kid", "iat", "path", "jti"))
    plain = found.get("alg") in ALGORITHMS and "crit" not in found and "b64" not in found
    if not (isinstance(kid, str) and type(iat) is int and isinstance(path, str) and isinstance(jti, str | None)):
        raise NotAnswered("signature_malformed")
    if not plain or not 0 < len(kid) <= LONGEST_KID or not 0 < iat < LATEST:
        raise NotAnswered("signature_malformed")
    return Head(kid, iat, path, jti or "")


def require_signed(signature: str, body: bytes, x: str) -> None:
    """Raises NotAnswered unless this key signed this body."""
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
    try:
        jws.deserialize_compact(signature, key, registry=REGISTRY, payload=body)
    except (JoseError, ValueError):
        raise NotAnswered("signature_wrong") from None


def require_fresh(head: Head, path: str, now: datetime) -> None:
    """Raises NotAnswered for a signature of another address, or one that is too old or of the future."""
    if head.path != path:
        raise NotAnswered("signature_path")
    if abs(now.timestamp() - head.iat) > SKEW:
        raise NotAnswered("signature_time")


def public_key(text: bytes | str) -> tuple[str, str]:
    """The kid and the key of a public JWK of Ed25519. Raises ValueError, whose text says what is wrong."""
    try:
        given: Any = read_json(text, dict)
        key = OKPKey.import_key(given)
    except (JoseError, ValueError, TypeError, KeyError):
        raise ValueError("It is no JWK of Ed25519 (RFC 8037).") from None
    if key.curve_name != "Ed25519":
        raise ValueError("It is a key of another curve than Ed25519.")
    if key.is_private:
        raise ValueError("It is the private key, which nobody else may have: give the public one.")
    kid = given.get("kid") or key.thumbprint()
    if not isinstance(kid, str) or len(kid) > LONGEST_KID or not kid.isascii() or not kid.isprintable():
        raise ValueError(f"Its kid must have 1 to {LONGEST_KID} printable letters.")
    return kid, str(key.as_dict(private=False)["x"])


def new_key() -> OKPKey:
    """A new pair of keys, whose kid is its thumbprint (RFC 7638)."""
    return OKPKey.generate_key("Ed25519", auto_kid=True)


def sign(body: bytes, key: OKPKey, path: str, now: datetime, jti: str = "") -> str:
    """The signature of a request, as a partner makes it."""
    header = {"alg": "EdDSA", "kid": key.kid, "iat": int(now.timestamp()), "path": path}
    header |= {"jti": jti} if jti else {}
    return jws.detach_content(jws.serialize_compact(header, body, key, registry=REGISTRY))
