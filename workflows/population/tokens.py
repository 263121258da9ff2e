"""The token under which a partner knows a person, in place of the identifier.

A keyed hash (HMAC-SHA256) under a key of the partner's own: the same person always has the same token with one partner
and another one with each other partner, and without the register's key nobody computes one or tests a guess.
"""

import hmac
from collections.abc import Callable
from hashlib import sha256

from models.settings import settings

SALT = 16  # bytes of a partner
LABEL = b"sijil.population.token.1\0"
BYTES = 16  # of a token


def tokens(salt: bytes) -> Callable[[str], str]:
    """Makes the tokens of a partner from identifiers."""
    key = hmac.digest(settings().key(), LABEL + salt, sha256)
    return lambda idcs: hmac.digest(key, idcs.encode(), sha256)[:BYTES].hex()
