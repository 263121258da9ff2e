"""The hashes of events, in the standard library alone: auditors take this file with them (audit/standalone.py).

The encoding is fixed for ever: a changed one gets a new label, and old events keep theirs.
"""

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

GENESIS = bytes(32)  # stands where the first one of a chain has the hash before it


def commitment_to(salt: bytes, evidence: bytes, facts: bytes) -> bytes:
    """The commitment to an event's evidence and facts: nobody can test a guess at them without the salt."""
    return sha256(b"sijil.facts.1\0" + salt + len(evidence).to_bytes(8, "big") + evidence + facts).digest()


def event_hash(  # noqa: PLR0913 - all that the hash covers, one by one
    previous: bytes, case_id: int, seq: int, kind: str, at: datetime, actor: str, commitment: bytes, owed: bytes = b""
) -> bytes:
    """The hash of an event, given the hash of the event before it (GENESIS for the first).

    `owed`: the digests of the event's messages, one after the other.
    """
    return sha256(
        previous + f"sijil.event.1\0{case_id}\0{seq}\0{kind}\0{timestamp(at)}\0{actor}\0".encode() + commitment + owed
    ).digest()


@lru_cache(maxsize=256)
def timestamp(at: datetime) -> str:
    """An instant as it enters the hash: UTC, with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
