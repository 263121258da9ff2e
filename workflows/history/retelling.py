"""A case told again from its events: its file before and after each of them, by the bodies that they took.

Shared by replay and doctor.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import msgspec
from pydantic import ValidationError

from models.database import Connection
from workflows.bodies.body import Body
from workflows.casefile import CaseFile
from workflows.engine.chain import Sealed
from workflows.engine.opening import sealed_body
from workflows.events.event import BESIDE_THE_FLOWS, KINDS, BodyTaken, CaseOpened, Event, Recorded
from workflows.flows import FLOWS, Move, move
from workflows.history.chains import EventRow

EVENTS = """
    select case_id, seq, kind, at, actor, evidence::text, facts::text, salt, commitment, owed, hash from event
    where case_id = any(%s) order by case_id, seq
"""
GONE = object.__new__(Body)  # stands for one that was erased: whoever reads a field of it made a mistake
BODIES = """
    select case_id, number, household_id, body::text, phone, salt, made_at from case_body
    where case_id = any(%s) order by case_id, number
"""


def is_decision(kind: str) -> bool:
    """Whether a stage decided on an event of this kind: nothing is computed of openings, operations and documents."""
    known = KINDS.get(kind, Event)
    return known not in BESIDE_THE_FLOWS and not issubclass(known, CaseOpened)


class StoredEvent(EventRow):
    """An event as it stands in the table, to be told again."""

    __slots__ = ()

    @property
    def is_whole(self) -> bool:
        """Neither what was known nor what followed is erased."""
        return self.evidence is not None and self.facts is not None

    def event(self) -> Event | None:
        """The decision; None where it cannot be read."""
        try:
            return msgspec.json.decode((self.facts or "").encode(), type=KINDS[self.kind])
        except (KeyError, msgspec.MsgspecError):
            return None

    def sealed(self, event: Event) -> Sealed:
        """As it was when it was recorded."""
        recorded = Recorded(self.seq, self.at, self.actor, event)
        evidence, facts = (self.evidence or "").encode(), (self.facts or "").encode()
        return Sealed(
            self.case_id, recorded, self.kind, evidence, facts, self.salt or b"", self.commitment, self.owed, self.hash
        )


class StoredBody(NamedTuple):
    """A body as it stands in the table."""

    case_id: int
    number: int
    household_id: int | None
    body: str | None
    phone: str | None
    salt: bytes | None
    made_at: datetime

    def is_sealed_by(self, digest: str) -> bool:
        """Whether its bytes are those that the event took; erased ones are not said to be others."""
        return self.body is None or (self.salt is not None and sealed_body(self.salt, self.body) == digest)

    def restored(self, kind: type[Body]) -> Body | None:
        """What was sent, or GONE; None where it is none that today's model knows."""
        try:
            return GONE if self.body is None else kind.restored(self.body)
        except ValidationError:
            return None


class Told(NamedTuple):
    """One event of a case, with its file before it and after it.

    None where no flow leads on, or the body in force since then cannot be read.
    """

    before: CaseFile
    stored: StoredEvent
    event: Event
    after: CaseFile | None


@dataclass(frozen=True, slots=True)
class History:
    """What is stored of a case's past, in order."""

    events: Sequence[StoredEvent]
    bodies: Mapping[int, StoredBody]
    restored: dict[int, Body | None] = field(default_factory=dict)  # each once

    def retell(self) -> Iterator[Told]:
        """Its events from the first on, until one is erased or cannot be read."""
        file: CaseFile | None = None
        for stored in self.events:
            event = stored.event() if stored.is_whole else None
            if isinstance(event, CaseOpened) and stored.seq == 1:
                file = self.opening(stored, event)
            if file is None or event is None:
                return
            to = Move(file.stage) if isinstance(event, CaseOpened) else leads_to(file, event)
            recorded = Recorded(stored.seq, stored.at, stored.actor, event)
            after = self.in_force(file.after(recorded, to.stage, to.anew), file) if to else None
            yield Told(file, stored, event, after)
            file = after

    def kind(self) -> str | None:
        """The kind of case, as its first event says; None where that cannot be read."""
        event = self.events[0].event() if self.events else None
        return event.kind if isinstance(event, CaseOpened) and event.kind in FLOWS else None

    def opening(self, stored: StoredEvent, event: CaseOpened) -> CaseFile | None:
        """The file as it was when the case was opened; None where no body can be read, or there is no such flow."""
        body = self.body(event.body)
        if body is None or event.kind not in FLOWS:
            return None
        return CaseFile.opened(id=stored.case_id, at=stored.at, stage=FLOWS[event.kind].first, body=body, by=event)

    def in_force(self, moved: CaseFile, before: CaseFile) -> CaseFile | None:
        """The file with the body in force after a correction; None where that cannot be read."""
        if moved.body_number == before.body_number:
            return moved
        body = self.body(moved.body_number)
        return msgspec.structs.replace(moved, body=body) if body else None

    def body(self, number: int) -> Body | None:
        """A body by its number, or GONE; None where there is none, or it cannot be read."""
        if number not in self.restored:
            stored, kind = self.bodies.get(number), self.kind()
            self.restored[number] = stored.restored(FLOWS[kind].body) if stored and kind else None
        return self.restored[number]

    def unsealed(self) -> Iterator[tuple[StoredEvent, int]]:
        """Events that took a body which is not there any more as they took it, and its number."""
        for stored in self.events:
            event = stored.event() if stored.is_whole else None
            if isinstance(event, BodyTaken):
                found = self.bodies.get(event.body)
                unread = found is not None and found.body is not None and self.body(event.body) is None
                if found is None or unread or not found.is_sealed_by(event.digest):
                    yield stored, event.body


def leads_to(file: CaseFile, event: Event) -> Move | None:
    """Where this event leads; None where no flow knows the stage that it is said to have been taken at."""
    try:
        return move(file.kind, file.stage, event)
    except LookupError:
        return None


def histories(connection: Connection, case_ids: Sequence[int]) -> dict[int, History]:
    """What is stored of these cases.

    Events first: else a body that is corrected in between would seem to be gone.
    """
    events: dict[int, list[StoredEvent]] = {case_id: [] for case_id in case_ids}
    for event in map(StoredEvent._make, connection.execute(EVENTS, [list(case_ids)])):
        events[event.case_id].append(event)
    bodies: dict[int, dict[int, StoredBody]] = {case_id: {} for case_id in case_ids}
    for each in map(StoredBody._make, connection.execute(BODIES, [list(case_ids)])):
        bodies[each.case_id][each.number] = each
    return {case_id: History(events[case_id], bodies[case_id]) for case_id in case_ids}
