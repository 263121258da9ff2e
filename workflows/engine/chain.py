"""The chain of a case: each event's hash covers a salted commitment to its facts, the digests of the messages it makes
owed, and the hash before it.

Facts and salt can be erased by law; commitments and hashes stay and still verify. The encoding is fixed for ever:
a change of it is a new label, and old events keep theirs.
"""

import os
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

import msgspec

from workflows.events import Event, Recorded
from workflows.evidence import Evidence

GENESIS = bytes(32)
SALT_BYTES = 16
DIGEST_BYTES = sha256().digest_size
encode = msgspec.json.Encoder().encode


def new_salt() -> bytes:
    """A random one."""
    return os.urandom(SALT_BYTES)


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """An event as it is stored: exact bytes, commitment and hash."""

    case_id: int
    recorded: Recorded
    kind: str
    evidence: bytes
    facts: bytes
    salt: bytes
    commitment: bytes
    owed: bytes
    hash: bytes


def digest(what: str, salt: bytes, content: bytes) -> bytes:
    """What tells whether this content was changed, and from which nobody can guess it without the salt.

    `what` keeps one kind of content from another.
    """
    return sha256(f"sijil.{what}.1\0".encode() + salt + content).digest()


def commit(salt: bytes, evidence: bytes, facts: bytes) -> bytes:
    """The commitment to what was known and what followed: nobody can guess facts from it without the salt."""
    return sha256(b"sijil.facts.1\0" + salt + len(evidence).to_bytes(8, "big") + evidence + facts).digest()


def link(  # noqa: PLR0913 - all that the hash covers, one by one
    previous: bytes, case_id: int, seq: int, kind: str, at: datetime, actor: str, commitment: bytes, owed: bytes = b""
) -> bytes:
    """The hash of an event, given that of the one before (GENESIS for the first).

    `owed`: the digests of its messages, one after the other.
    """
    return sha256(
        previous + f"sijil.event.1\0{case_id}\0{seq}\0{kind}\0{stamp(at)}\0{actor}\0".encode() + commitment + owed
    ).digest()


@lru_cache(maxsize=256)
def stamp(at: datetime) -> str:
    """An instant as it enters the hash: UTC, with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def seal(  # noqa: PLR0913 - all that is sealed together
    previous: bytes, case_id: int, recorded: Recorded, evidence: Evidence, owed: bytes = b"", salt: bytes | None = None
) -> Sealed:
    """An event with its commitment and its place in the chain. Its salt is random, unless one is given."""
    event: Event = recorded.event
    kind = type(event).__name__
    known, facts = encode(evidence), encode(event)
    salt = salt or new_salt()
    commitment = commit(salt, known, facts)
    hashed = link(previous, case_id, recorded.seq, kind, recorded.at, recorded.actor, commitment, owed)
    return Sealed(case_id, recorded, kind, known, facts, salt, commitment, owed, hashed)
