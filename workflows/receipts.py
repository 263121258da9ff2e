"""What is made from the installation's key: a secret for each reference, and pseudonyms. References themselves nobody can guess.

The secret is derived from the reference and the installation's key, so that a repeated request gets the same receipt again
and nothing secret is stored.
"""

import hmac
import secrets
from hashlib import sha256
from unicodedata import normalize

from models.settings import settings
from workflows.declaration import EASTERN_DIGITS

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to mistake


def new_reference() -> str:
    """60 random bits, as RSU-XXXX-XXXX-XXXX; it begins with a letter, so that it survives right-to-left text."""
    digits = "".join(secrets.choice(ALPHABET) for _ in range(12))
    return f"RSU-{digits[:4]}-{digits[4:8]}-{digits[8:]}"


def normal(reference: str) -> str:
    """A reference as it was typed, in its written form: lower case, blanks, Arabic-Indic digits and look-alikes are forgiven."""
    plain = typed(reference.upper().replace("-", "").strip().removeprefix("RSU"))
    return f"RSU-{plain[:4]}-{plain[4:8]}-{plain[8:]}"


def typed(code: str) -> str:
    """What somebody typed, in our alphabet: either kind of digits, look-alikes forgiven, anything else left out."""
    plain = code.upper().translate(EASTERN_DIGITS).translate(str.maketrans("ILO", "110"))
    return "".join(letter for letter in plain if letter in ALPHABET)


def secret_for(reference: str) -> str:
    """The secret of a reference: 50 bits in ten characters."""
    digest = int.from_bytes(hmac.digest(settings().key(), f"receipt\0{reference}".encode(), sha256)[:8], "big")
    return "".join(ALPHABET[(digest >> 5 * place) & 31] for place in range(10))


def is_secret_of(reference: str, secret: str) -> bool:
    """Whether this secret, however it was typed, belongs to the reference; in constant time."""
    return hmac.compare_digest(secret_for(reference), typed(secret))


def pseudonym(role: str, name: str) -> str:
    """Who acted, as the history shows it: the same person always the same, however the name is typed, nobody recognisable without the key."""
    person = normalize("NFKC", " ".join(name.split())).casefold()
    return f"{role}:{hmac.digest(settings().key(), f'actor.{role}.{person}'.encode(), sha256)[:8].hex()}"
