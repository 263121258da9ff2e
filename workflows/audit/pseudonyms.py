"""Under which pseudonym a person stands in the audit who was searched for: nobody recognisable without the key.

The same search gives the same pseudonym, however it is typed, so that an auditor finds it again.
"""

import hmac
from hashlib import sha256
from unicodedata import normalize

from models.settings import settings
from workflows.bodies.text import canonical

IDCS, PHONE, NAME = "idcs", "phone", "name"  # by what somebody searches


def person(by: str, value: str) -> str:
    """The pseudonym of whoever has this identifier, phone (E.164) or name."""
    typed = " ".join(canonical(normalize("NFKC", value)).split()).casefold()
    return f"person:{hmac.digest(settings().key(), f'audit.{by}.{typed}'.encode(), sha256)[:8].hex()}"
