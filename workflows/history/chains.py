"""Checks one case's chain of events against its case and its anchors, event by event, without keeping them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from workflows.engine.hashes import commitment_to, event_hash
from workflows.history.heads import Head

KEPT = 100  # sentences of a report, however many breaks there are
SHOWN = 20  # of these, where they are printed


class ChainEnd(NamedTuple):
    """The end of a case's chain as its row in `cases` has it: its number of events and the last hash."""

    id: int
    version: int
    head: bytes
    open: bool


class EventRow(NamedTuple):
    """A row of the table `event`."""

    case_id: int
    seq: int
    kind: str
    at: datetime
    actor: str
    evidence: str | None
    facts: str | None
    salt: bytes | None
    commitment: bytes
    owed: bytes
    hash: bytes

    @property
    def is_withheld(self) -> bool:
        """Whether only that is known which of evidence, facts and salt are there, as of an export without facts."""
        return False

    @property
    def is_erased(self) -> bool:
        """Whether evidence, facts and salt are gone, so that only the commitment to them is left."""
        return (self.evidence, self.facts, self.salt) == (None, None, None)


@dataclass(slots=True)
class AuditReport:
    """The result of an audit: its counts, a sentence for each of the first breaks, and the accepted losses."""

    cases: int = 0
    events: int = 0
    erased: int = 0  # events that lost their facts by law
    anchors: int = 0
    entries: int = 0  # of the audit of the staff
    broken: int = 0
    breaks: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    upto: int = 0  # the last case that was audited

    def add(self, sentence: str) -> None:
        """Counts a break, and keeps its sentence if it is one of the first."""
        self.broken += 1
        if len(self.breaks) < KEPT:
            self.breaks.append(sentence)

    def counts(self) -> dict[str, int]:
        """The counts, as they are printed."""
        return {
            "cases": self.cases,
            "events": self.events,
            "erased": self.erased,
            "audit_entries": self.entries,
            "anchors": self.anchors,
            "breaks": self.broken,
        }

    def summary(self) -> dict[str, object]:
        """All of it, for a program to read."""
        return {**self.counts(), "findings": self.breaks, "accepted_losses": self.losses, "upto": self.upto}

    def lines(self) -> list[str]:
        """The accepted losses, the first breaks, and the counts."""
        return [*self.losses, *self.breaks[:SHOWN], *[f"{name}: {count}" for name, count in self.counts().items()]]


@dataclass(slots=True)
class ChainCheck:
    """A walk along one chain, from a known head to its end."""

    case: ChainEnd
    anchored: dict[int, bytes]  # hashes by sequence, as anchors have them
    at: Head
    erasable_before: datetime  # a case whose last event is older may have lost its facts
    report: AuditReport
    is_old: bool = False  # the last event so far is older than that
    gone: int = 0  # events without facts, of which no later event has shown yet that this is lawful
    gone_first: list[int] = field(default_factory=list)

    def walk(self, events: Iterable[EventRow]) -> None:
        """Checks every event in order, then the end of the chain."""
        for each in events:
            self.report.events += 1
            for problem in event_problems(each, self.at):
                self.report.add(f"case {each.case_id}{problem}")
            if self.anchored.pop(each.seq, each.hash) != each.hash:
                self.report.add(f"case {each.case_id}, event {each.seq}: differs from the anchor")
            self.at, self.is_old = (each.seq, each.hash), each.at < self.erasable_before
            self.note_erased(each)
        self.check_end()

    def note_erased(self, event: EventRow) -> None:
        """Notes an event without facts; a later CaseErased of an ended case makes all before it lawful."""
        if event.kind == "CaseErased" and not self.case.open:
            self.report.erased += self.gone
            self.gone, self.gone_first = 0, []
        elif event.is_erased:
            self.gone += 1
            if len(self.gone_first) < KEPT:
                self.gone_first.append(event.seq)

    def check_end(self) -> None:
        """Erased events need an ended case that is old enough; case and anchors must name this last event."""
        case, seq = self.case, self.at[0]
        if self.is_old and not case.open:
            self.report.erased += self.gone
        elif self.gone:
            for each in self.gone_first:
                self.report.add(
                    f"case {case.id}, event {each}: evidence, facts and salt are gone, but were not erased by law"
                )
            self.report.broken += self.gone - len(self.gone_first)
        if self.at != (case.version, case.head):
            self.report.add(f"case {case.id}: its last event is not the one it names ({case.version})")
        if beyond := [each for each in self.anchored if each > seq]:
            self.report.add(f"case {case.id}: tail cut, anchored with {max(beyond)} events, has {seq}")


def event_problems(event: EventRow, before: Head) -> Iterator[str]:
    """The problems of one event, given the head of the event before it."""
    seq, salt = event.seq, event.salt
    evidence, facts = str(event.evidence).encode(), str(event.facts).encode()
    linked = event_hash(before[1], event.case_id, seq, event.kind, event.at, event.actor, event.commitment, event.owed)
    if seq != before[0] + 1:
        yield f": event {before[0] + 1} is missing before {seq}"
    if salt is None and (event.evidence, event.facts) != (None, None):
        yield f", event {seq}: has evidence or facts without their salt"
    if salt is not None and not event.is_withheld and commitment_to(salt, evidence, facts) != event.commitment:
        yield f", event {seq}: evidence or facts were changed"
    if linked != event.hash:
        yield f", event {seq}: does not follow from the one before"
