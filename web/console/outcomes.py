"""What became of an act on some cases, told on the page to which the browser is sent after it.

It stands in the address, signed for the session, so that reloading that page repeats nothing and nobody else makes one.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from models.settings import settings


class Told(NamedTuple):
    """An act, the references with which it was done, and those with which it was not, each with the code of why."""

    act: str
    done: Sequence[str]
    failed: Sequence[tuple[str, str]]


def seal(digest: bytes, told: Told) -> str:
    """What became of an act, as an address of this session carries it."""
    said = urlsafe_b64encode(json.dumps(told, separators=(",", ":")).encode()).decode().rstrip("=")
    return f"{said}.{mark(digest, said)}"


def unseal(digest: bytes, value: str) -> Told | None:
    """What became of an act; None for what this session did not make."""
    said, _, given = value.partition(".")
    if not hmac.compare_digest(given.encode(), mark(digest, said).encode()):
        return None
    try:
        act, done, failed = json.loads(urlsafe_b64decode(said + "=" * (-len(said) % 4)))
    except (Error, ValueError):
        return None
    return Told(act, done, [(reference, code) for reference, code in failed])


def mark(digest: bytes, said: str) -> str:
    """What nobody can make without the key."""
    return hmac.digest(settings().key(), b"outcome." + digest + said.encode(), sha256).hex()[:24]
