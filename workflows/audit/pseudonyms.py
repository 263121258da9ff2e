"""Under which pseudonym a person stands in the audit who was searched for: nobody recognisable without the key.

The same search gives the same pseudonym, however it is typed, so that an auditor finds it again.
"""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from unicodedata import normalize

from models.settings import settings
from workflows.bodies.text import canonical

IDCS, PHONE, NAME = "idcs", "phone", "name"  # by what somebody searches


def person(by: str, value: str) -> str:
    """The pseudonym of whoever has this identifier, phone (E.164) or name."""
    return pseudonyms(by, [value])[0]


def pseudonyms(by: str, values: Iterable[str]) -> list[str]:
    """The pseudonyms of several people; the key is read once."""
    key = settings().key()
    typed = [" ".join(canonical(normalize("NFKC", value)).split()).casefold() for value in values]
    return [f"person:{hmac.digest(key, f'audit.{by}.{each}'.encode(), sha256)[:8].hex()}" for each in typed]
