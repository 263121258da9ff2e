"""A case told again from its events: its file before and after each of them, by the declarations that they took.

Shared by replay and doctor.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import msgspec
from pydantic import ValidationError

from models.database import Connection
from workflows.bodies.declaration import Declaration, restored
from workflows.casefile import CaseFile
from workflows.engine.chain import Sealed
from workflows.events import KINDS, ApplicationReceived, CorrectionReceived, Event, Recorded
from workflows.flows import FLOWS, stage_after
from workflows.history.chains import EventRow
from workflows.intake.submit import sealed_body

NOT_DECIDED = {
    "ApplicationReceived",
    "CaseParked",
    "CaseResumed",
    "CaseErased",
}  # arrivals and operations: nothing to compute
EVENTS = """
    select case_id, seq, kind, at, actor, evidence::text, facts::text, salt, commitment, owed, hash from event
    where case_id = any(%s) order by case_id, seq
"""
GONE = object.__new__(Declaration)  # stands for one that was erased: whoever reads a field of it made a mistake
DECLARATIONS = (
    "select case_id, number, household_id, body::text, phone, salt, made_at from declaration where case_id "
    "= any(%s) order by case_id, number"
)


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


class StoredDeclaration(NamedTuple):
    """A declaration as it stands in the table."""

    case_id: int
    number: int
    household_id: int
    body: str | None
    phone: str | None
    salt: bytes | None
    made_at: datetime

    def is_sealed_by(self, digest: str) -> bool:
        """Whether its bytes are those that the event took; erased ones are not said to be others."""
        return self.body is None or (self.salt is not None and sealed_body(self.salt, self.body) == digest)

    def read(self) -> Declaration | None:
        """What was declared, or GONE; None where it is none that today's model knows."""
        try:
            return GONE if self.body is None else restored(self.body)
        except ValidationError:
            return None


class Told(NamedTuple):
    """One event of a case, with its file before it and after it:

    None where no map leads on, or the declaration in force since then cannot be read.
    """

    before: CaseFile
    stored: StoredEvent
    event: Event
    after: CaseFile | None


@dataclass(frozen=True, slots=True)
class History:
    """What is stored of a case's past, in order."""

    events: Sequence[StoredEvent]
    declarations: Mapping[int, StoredDeclaration]
    read: dict[int, Declaration | None] = field(default_factory=dict)  # each once

    def retell(self) -> Iterator[Told]:
        """Its events from the first on, until one is erased or cannot be read."""
        file: CaseFile | None = None
        for stored in self.events:
            event = stored.event() if stored.is_whole else None
            if isinstance(event, ApplicationReceived) and stored.seq == 1:
                file = self.opening(stored, event)
            if file is None or event is None:
                return
            to = leads_to(file, event)
            after = (
                self.in_force(file.after(Recorded(stored.seq, stored.at, stored.actor, event), to), file)
                if to
                else None
            )
            yield Told(file, stored, event, after)
            file = after

    def opening(self, stored: StoredEvent, event: ApplicationReceived) -> CaseFile | None:
        """The file as it was when the application arrived; None where no declaration can be read, or there is no such
        flow.
        """
        declaration = self.declared(event.declaration)
        if declaration is None or event.kind not in FLOWS:
            return None
        return CaseFile.opened(
            id=stored.case_id,
            reference=event.reference,
            kind=event.kind,
            stage=FLOWS[event.kind].first,
            lane=event.lane,
            household_id=event.household,
            declaration=declaration,
            at=stored.at,
        )

    def in_force(self, moved: CaseFile, before: CaseFile) -> CaseFile | None:
        """The file with the declaration in force after a correction; None where that cannot be read."""
        if moved.declaration_number == before.declaration_number:
            return moved
        declaration = self.declared(moved.declaration_number)
        return msgspec.structs.replace(moved, declaration=declaration) if declaration else None

    def declared(self, number: int) -> Declaration | None:
        """A declaration by its number, or GONE; None where there is none, or it cannot be read."""
        if number not in self.read:
            stored = self.declarations.get(number)
            self.read[number] = stored.read() if stored else None
        return self.read[number]

    def unsealed(self) -> Iterator[tuple[StoredEvent, int]]:
        """Events that took a declaration which is not there any more as they took it, and its number."""
        for stored in self.events:
            event = stored.event() if stored.is_whole else None
            if isinstance(event, ApplicationReceived | CorrectionReceived):
                found = self.declarations.get(event.declaration)
                if (
                    found is None
                    or not found.is_sealed_by(event.digest)
                    or (found.body is not None and self.declared(event.declaration) is None)
                ):
                    yield stored, event.declaration


def leads_to(file: CaseFile, event: Event) -> str | None:
    """Where this event leads; None where no flow knows the stage that it is said to have been taken at."""
    try:
        return stage_after(file.kind, file.stage, event)
    except LookupError:
        return None


def histories(connection: Connection, case_ids: Sequence[int]) -> dict[int, History]:
    """What is stored of these cases.

    Events first: else a declaration that is corrected in between would seem to be gone.
    """
    events: dict[int, list[StoredEvent]] = {case_id: [] for case_id in case_ids}
    for event in map(StoredEvent._make, connection.execute(EVENTS, [list(case_ids)])):
        events[event.case_id].append(event)
    declarations: dict[int, dict[int, StoredDeclaration]] = {case_id: {} for case_id in case_ids}
    for each in map(StoredDeclaration._make, connection.execute(DECLARATIONS, [list(case_ids)])):
        declarations[each.case_id][each.number] = each
    return {case_id: History(events[case_id], declarations[case_id]) for case_id in case_ids}
