"""The feed of life events of the population register on another machine, page by page.

The register tells what happened to whom, and no value. A page is believed as a whole or not at all; an event in it that
cannot be read spoils no other, as long as its position can. docs/formats.md says how.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from models import clock
from models.foreign import read_json
from tasks.registers.caller import Call, Caller
from tasks.registers.failures import CallFailed, Failed
from tasks.registers.line import Response
from tasks.registers.population import RemoteRegister, read_key
from workflows.heard.told import NO_IDENTIFIER, UNREADABLE, LifeEvent, Page, Standing
from workflows.identifiers.typed import NotAnIdentifier, identifier
from workflows.population.signatures import sign

EVENTS = "/population/v1/events"
LONGEST_WORD, MOST_FIELDS = 40, 40  # of a kind and of the name of a field
# No clock of a register goes beyond these; near the ends of the calendar a zone's hours more would be no date at all.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=1)
def client(url: str, partner: str, key: Path, seconds: float) -> RemoteRegister:
    """The register as it is asked for its feed: where that alone is refused or broken, nobody waits for a comparison.

    Raises Unavailable where our key cannot be read.
    """
    return RemoteRegister(Caller.of("the feed of life events", url, seconds, 1, 0), partner, read_key(key))


class Envelope(msgspec.Struct):
    """A page, whose events are read one by one."""

    events: list[msgspec.Raw] | None = None
    next: int | None = None
    more: bool | None = None
    error: Any = None


class Place(msgspec.Struct):
    """Where an event stands."""

    position: int


class Person(msgspec.Struct):
    """Whom an event is about: by the identifier, where our policy there lets us read it."""

    idcs: str | None = None


class Told(msgspec.Struct):
    """An event as it is told."""

    position: int
    at: datetime
    kind: str
    person: Person
    other: Person | None = None
    on: date | None = None
    fields: tuple[str, ...] = ()


def page(register: RemoteRegister, known: Standing, limit: int) -> Page:
    """The events behind what is applied; the last applied one comes first. Raises RegisterAway and Unavailable."""
    path = f"{EVENTS}?after={known.after}&limit={limit + 1}"

    def make() -> Call:
        number = str(uuid4())
        signature = sign(b"", register.key, path, clock.now(), number)
        return Call(number, path, b"", {"sijil-partner": register.partner, "signature": signature}, "GET")

    return register.caller.ask(make, lambda _, response: read(response, known), 1)


def read(response: Response, known: Standing) -> Page:
    """What a page says. Raises CallFailed for one that is none."""
    if response.not_taken:
        raise CallFailed(Failed.NOT_TAKEN)
    try:
        told = read_json(response.content, Envelope)
    except msgspec.ValidationError as error:
        raise CallFailed(Failed.OTHER_JSON) from error
    except ValueError as error:
        raise CallFailed(Failed.HALF_JSON) from error
    if told.error is not None:
        raise CallFailed(Failed.ERROR_INSIDE)
    if told.events is None or told.next is None or told.more is None:
        raise CallFailed(Failed.OTHER_JSON)
    events = [event_of(raw) for raw in told.events]
    if told.next != (events[-1].position if events else known.after):
        events.append(hidden(told.next))
    return Page(events)


def hidden(position: int) -> LifeEvent:
    """What stands in the place of an event that we are not told, or that is not there: a gap, as the next one shows."""
    return LifeEvent(position + 1, clock.now(), flaw=UNREADABLE)


def event_of(raw: msgspec.Raw) -> LifeEvent:
    """An event as we read it. Raises CallFailed where not even its position can be read."""
    try:
        position = read_json(raw, Place).position
    except ValueError as error:
        raise CallFailed(Failed.OTHER_JSON) from error
    try:
        told = read_json(raw, Told)
    except ValueError:
        return LifeEvent(position, clock.now(), flaw=UNREADABLE)
    if told.person.idcs is None or (told.other and told.other.idcs is None):
        return LifeEvent(position, told.at, flaw=NO_IDENTIFIER)
    return readable(told)


def readable(told: Told) -> LifeEvent:
    """The event, if its parts are what they should be and the database can keep each of them."""
    try:
        idcs, other = typed(told.person), typed(told.other)
    except NotAnIdentifier:
        idcs, other = None, None
    words = [told.kind, *told.fields]
    whole = told.at.tzinfo and EARLIEST <= told.at < LATEST and len(told.fields) <= MOST_FIELDS
    if idcs is None or not whole or not all(map(is_word, words)):
        return LifeEvent(told.position, clock.now(), flaw=UNREADABLE)
    return LifeEvent(told.position, told.at, told.kind, idcs, other, told.on, told.fields)


def typed(person: Person | None) -> str | None:
    """The identifier of a person as it is kept here, however the register writes it. Raises NotAnIdentifier."""
    return identifier(person.idcs) if person and person.idcs is not None else None


def is_word(text: str) -> bool:
    """Whether this may be the name of a kind or a field; no database keeps a NUL in one."""
    return text.isprintable() and len(text) <= LONGEST_WORD
