"""Makes the ledger's entry of a message: its number, and a salted digest of all that it says.

The hash of the message's event covers the digest, so Sijil recognises a message that somebody changed by hand, before
it sends it and afterwards. An erasure deletes the salt with the text: nobody can then test a guess against the digest.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from workflows.engine.chain import DIGEST_BYTES, digest, encode, new_salt
from workflows.registers.ports import Notice

TIMESTAMP_MASK = 2**48 - 1  # a UUID has room for no more, whatever a clock said


class Entry(NamedTuple):
    """A message that is owed from now on."""

    id: str  # 32 hexadecimal digits: the reference that the gateway is given
    salt: bytes
    notice: Notice

    @property
    def digest(self) -> bytes:
        """The digest that its event seals."""
        return digest_of(self.salt, self.id, self.notice)


def ledger_entry(notice: Notice, at: datetime) -> Entry:
    """A message with a number of its own, a UUID of version 7 (RFC 9562), and a salt.

    Numbers go by time, so that their index grows at its end.
    """
    milliseconds, drawn = int(at.timestamp() * 1000) & TIMESTAMP_MASK, os.urandom(10).hex()
    return Entry(f"{milliseconds:012x}7{drawn[:3]}8{drawn[3:18]}", new_salt(), notice)


def digest_of(salt: bytes, id: str, notice: Notice) -> bytes:
    """The digest of a message in the ledger; `id` in hexadecimal digits alone."""
    return digest("message", salt, encode((id, *notice)))


def digests(owed: bytes) -> Iterator[bytes]:
    """The digests that an event seals, one by one."""
    return (owed[start : start + DIGEST_BYTES] for start in range(0, len(owed), DIGEST_BYTES))
