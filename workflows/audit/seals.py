"""The chain of audit entries, and its check, in the standard library alone.

The hash of an entry covers its line (the JSON of all its columns), its position, and the hash of the entry before it.
The encoding is fixed for ever: a changed one gets a new label, and old entries keep theirs.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from workflows.engine.hashes import GENESIS, timestamp

LABEL = b"sijil.audit.1"
SEALED_WITHIN = timedelta(minutes=5)  # a supervisor seals every two seconds
Seal = tuple[int, bytes]  # a position and its hash
UNSEALED: Seal = (0, GENESIS)  # before the first
compact = json.JSONEncoder(separators=(",", ":")).encode


class EntryRow(NamedTuple):
    """A row of the table `audit_entry`."""

    id: int
    xact: str
    at: datetime
    actor: str
    account_id: int | None
    role: str
    act: str
    purpose: str
    case_ids: Sequence[int]
    persons: Sequence[str]
    records: int  # the column `count`, a word that a tuple has already
    detail: str  # JSON, as it is stored

    def line(self) -> str:
        """All columns as one JSON array, to the byte as it is hashed and exported."""
        columns: list[Any] = [*self[:-1]]
        columns[2] = timestamp(self.at)
        return f"{compact(columns)[:-1]},{self.detail}]"


class Place(NamedTuple):
    """A seal beside its entry: one of the two may not be there."""

    position: int | None
    entry_id: int
    hash: bytes
    line: str | None


def last_of(seals: Iterable[Seal]) -> Seal:
    """The seal with the highest position; where there is none, what is before the first."""
    return max(seals, default=UNSEALED)


def seal_hash(before: bytes, position: int, line: str, label: bytes = LABEL) -> bytes:
    """The hash of an entry at this position, given the hash of the entry before it (GENESIS for the first)."""
    return sha256(before + b"%b\0%d\0" % (label, position) + line.encode()).digest()


@dataclass(slots=True)
class SealCheck:
    """A walk along the chain of entries, from a known seal to its end, then over the entries that have no seal."""

    anchored: dict[int, bytes]  # hashes by position, as anchors have them
    at: Seal
    now: datetime
    report: Callable[[str], None]  # receives a sentence about each break
    entries: int = 0  # that were checked

    def check(self, place: Place) -> None:
        """Checks the next place: sealed ones come in the order of their positions, and all others after them."""
        self.entries += place.line is not None
        if place.position is None:
            self.check_unsealed(place)
            return
        position, before = place.position, self.at[1]
        if position == self.at[0] != 0:  # where the walk starts: it was checked another time
            self.compare(position, place.hash)
            return
        if position != self.at[0] + 1:
            self.report(f"audit position {self.at[0] + 1}: is missing before {position}")
        if place.line is None:
            self.report(f"audit position {position}: its entry {place.entry_id} is gone")
        elif seal_hash(before, position, place.line) != place.hash:
            self.report(
                f"audit position {position}: entry {place.entry_id} was changed, or does not follow from the one before"
            )
        self.compare(position, place.hash)
        self.at = (position, place.hash)

    def compare(self, position: int, hashed: bytes) -> None:
        """The hash at an anchored position is that of the anchor."""
        if self.anchored.pop(position, hashed) != hashed:
            self.report(f"audit position {position}: differs from the anchor")

    def check_unsealed(self, place: Place) -> None:
        """An entry without a seal must be younger than a few minutes: nothing guards it."""
        at = datetime.fromisoformat(json.loads(place.line or "[]")[2])
        if self.now - at > SEALED_WITHIN:
            self.report(f"audit entry {place.entry_id}: has no seal, though it is of {at:%F %H:%M} UTC")

    def check_end(self) -> None:
        """No anchor may name a position after the last one."""
        if self.anchored:
            last, has = max(self.anchored), self.at[0]
            self.report(
                f"audit: tail cut, anchored up to position {last}, {f'has {has}' if has < last else 'has less'}"
            )
            self.anchored.clear()
