"""Chains the events of a case.

The hash of an event covers a salted commitment to its evidence and facts, the digests of the messages that it makes
owed, and the hash of the event before it. An erasure deletes evidence, facts and salt; commitments and hashes stay, and
still verify. The encoding is fixed for ever (hashes.py).
"""

import os
from hashlib import sha256

import msgspec

from workflows.engine.hashes import GENESIS as GENESIS
from workflows.engine.hashes import commitment_to as commitment_to
from workflows.engine.hashes import event_hash as event_hash
from workflows.events.event import Event, Recorded
from workflows.evidence import Evidence

SALT_BYTES = 16
DIGEST_BYTES = sha256().digest_size
encode = msgspec.json.Encoder().encode


def new_salt() -> bytes:
    """A random salt."""
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


def digest(label: str, salt: bytes, content: bytes) -> bytes:
    """The salted digest of some content: it shows any change, and nobody can test a guess without the salt.

    `label` keeps the digests of one kind of content apart from those of another.
    """
    return sha256(f"sijil.{label}.1\0".encode() + salt + content).digest()


def seal(  # noqa: PLR0913 - all that is sealed together
    previous: bytes, case_id: int, recorded: Recorded, evidence: Evidence, owed: bytes = b"", salt: bytes | None = None
) -> Sealed:
    """Seals an event: computes its commitment and its hash. The salt is random unless one is given."""
    event: Event = recorded.event
    kind = type(event).__name__
    known, facts = encode(evidence), encode(event)
    salt = salt or new_salt()
    commitment = commitment_to(salt, known, facts)
    hashed = event_hash(previous, case_id, recorded.seq, kind, recorded.at, recorded.actor, commitment, owed)
    return Sealed(case_id, recorded, kind, known, facts, salt, commitment, owed, hashed)
