"""A life event as the feed tells it, and whether a page of the feed goes on where the last one ended. Pure."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec

UNREADABLE, NO_IDENTIFIER = "unreadable", "no_identifier"
# Why nothing more is applied, each with what an operator is told.
HALTS = {
    "gap": "a position is missing: an event was lost, or our policy there does not name every kind",
    "goes_back": "the feed ends before what was applied: the register lost events, or is another one",
    "rewritten": "the last applied event reads otherwise now: the register was put back to an older state, or changed",
}


class LifeEvent(msgspec.Struct, frozen=True, gc=False):
    """Something that happened to a person: what, to whom, on which day, and which fields it changed; no value.

    `flaw`: why it cannot be read; then nothing but its position is believed.
    """

    position: int
    at: datetime
    kind: str = ""
    idcs: str = ""
    other: str | None = None
    on: date | None = None
    fields: tuple[str, ...] = ()
    flaw: str = ""

    @property
    def digest(self) -> bytes | None:
        """By which it is recognised when it is read again; None of one that could not be read."""
        if self.flaw:
            return None
        told = [self.position, self.at.astimezone(UTC), self.kind, self.idcs, self.other, self.on, self.fields]
        return sha256(msgspec.json.encode(told)).digest()

    @property
    def persons(self) -> list[str]:
        """Whom it is about."""
        return [each for each in (self.idcs, self.other) if each]


class Standing(NamedTuple):
    """The last position that is applied, and the digest of the event there."""

    cursor: int = 0
    digest: bytes | None = None

    @property
    def after(self) -> int:
        """Behind which position to read: the last applied event comes once more, to see that it is still there."""
        return max(self.cursor - 1, 0)


class Page(NamedTuple):
    """The next events of a feed, the last applied one first."""

    events: Sequence[LifeEvent]


class Halted(Exception):
    """The feed does not go on where it ended: nothing of it is applied. Holds a code of `HALTS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def going_on(page: Page, known: Standing) -> Sequence[LifeEvent]:
    """The new events of a page. Raises Halted where it does not go on from there, position after position."""
    events = list(page.events)
    if known.cursor:
        if not events:
            raise Halted("goes_back")
        last = events.pop(0)
        if last.position != known.cursor:
            raise Halted("gap" if last.position > known.cursor else "goes_back")
        if known.digest and last.digest != known.digest:
            raise Halted("rewritten")
    for place, event in enumerate(events, known.cursor + 1):
        if event.position != place:
            raise Halted("gap" if event.position > place else "goes_back")
    return events
