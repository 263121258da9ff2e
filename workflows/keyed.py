"""What is made from the installation's key: a secret for each reference, and pseudonyms.

The secret is derived from the reference and the installation's key, so that a repeated request gets the same receipt again
and nothing secret is stored.
"""

import hmac
from hashlib import sha256
from unicodedata import normalize

from models.settings import settings
from workflows.references import ALPHABET, typed
from workflows.text import canonical


def secret_for(reference: str) -> str:
    """The secret of a reference: 50 bits in ten characters."""
    digest = int.from_bytes(hmac.digest(settings().key(), f"receipt\0{reference}".encode(), sha256)[:8], "big")
    return "".join(ALPHABET[(digest >> 5 * place) & 31] for place in range(10))


def is_secret_of(reference: str, secret: str) -> bool:
    """Whether this secret, however it was typed, belongs to the reference; in constant time."""
    return hmac.compare_digest(secret_for(reference), typed(secret))


def pseudonym(role: str, name: str) -> str:
    """Who acted, as the history shows it: the same person always the same, however the name is typed, nobody recognisable without the key."""
    person = " ".join(canonical(normalize("NFKC", name)).split()).casefold()
    return f"{role}:{hmac.digest(settings().key(), f'actor.{role}.{person}'.encode(), sha256)[:8].hex()}"
