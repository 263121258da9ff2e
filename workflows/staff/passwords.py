"""Passwords of local accounts: argon2id (RFC 9106), at most two at once, so that a storm leaves a core to the pages."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore
from unicodedata import normalize

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from models.errors import Refused, Unavailable
from workflows.intake.receipts import ALPHABET
from workflows.staff.signatures import name_key

SHORTEST, LONGEST = 12, 200  # characters (NIST SP 800-63B-4 asks for 8 beside a second factor, 15 without)
AT_ONCE = min(2, max(1, (os.cpu_count() or 2) - 1))
PATIENCE = 10  # seconds that a try waits for its turn
HASHER = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=65_536, parallelism=1),))
_turns = BoundedSemaphore(AT_ONCE)


@contextmanager
def turn() -> Iterator[None]:
    """Waits for one of the few places. Raises Unavailable where too many try at once."""
    if not _turns.acquire(timeout=PATIENCE):
        raise Unavailable("Too many people sign in at once.")
    try:
        yield
    finally:
        _turns.release()


def hashed(password: str) -> str:
    """The hash that is kept."""
    with turn():
        return HASHER.hash(normal(password))


def is_right(password: str, kept: str | None) -> bool:
    """Whether this is the password of the hash. An account without one takes as long, so that nobody learns of it."""
    with turn():
        return HASHER.verify(normal(password[: 2 * LONGEST]), kept or of_nobody()) and kept is not None


def normal(password: str) -> str:
    """A password as it is hashed: the same from every keyboard."""
    return normalize("NFKC", password).strip()


@cache
def of_nobody() -> str:
    """The hash of a password that nobody knows."""
    return HASHER.hash(secrets.token_urlsafe(32))


def new_password() -> str:
    """A password that an administrator hands on: 80 bits, in groups that can be read out."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(16))
    return "-".join(letters[place : place + 4] for place in range(0, 16, 4))


def require_good(password: str, name: str) -> None:
    """Raises Refused for a password that is too short, too long, the name, or of few letters."""
    if not SHORTEST <= len(normal(password)) <= LONGEST:
        raise Refused("bad_password", f"A password has {SHORTEST} to {LONGEST} characters. A few words are good.")
    if len(set(password)) < SHORTEST // 2 or name_key(name) in name_key(password):
        raise Refused("bad_password", "This password is easily guessed: choose a few words that nobody knows of you.")
