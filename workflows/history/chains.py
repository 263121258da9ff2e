"""One case's chain: its events from the first to the last beside each other, its case and its anchors, without keeping
them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from workflows.engine.chain import commit, link
from workflows.history.heads import Head

KEPT = 100  # sentences, however many breaks there are


class CaseRow(NamedTuple):
    """What a case says of its chain."""

    id: int
    version: int
    head: bytes
    open: bool


class Stored(NamedTuple):
    """An event as it stands in the table."""

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
    def is_erased(self) -> bool:
        """Nothing is left but its commitment."""
        return (self.evidence, self.facts, self.salt) == (None, None, None)


@dataclass(slots=True)
class Findings:
    """What the check read, what lost its facts by law, how many breaks there are with a sentence for each of the first,
    what was accepted as lost.
    """

    cases: int = 0
    events: int = 0
    erased: int = 0
    anchors: int = 0
    broken: int = 0
    breaks: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    upto: int = 0  # the last case that was looked at

    def add(self, what: str, times: int = 1) -> None:
        """A break, or several of one kind."""
        self.broken += times
        if len(self.breaks) < KEPT:
            self.breaks.append(what)


@dataclass(slots=True)
class ChainCheck:
    """A walk along one chain, from a head that is known on."""

    case: CaseRow
    anchored: dict[int, bytes]  # hashes by sequence, of anchors
    at: Head
    over: datetime  # what ended before may have lost its facts
    findings: Findings
    aged: bool = False  # the last event is as old as that
    gone: int = 0  # events without facts of which nothing has told yet that it was lawful
    gone_first: list[int] = field(default_factory=list)

    def walk(self, events: Iterable[Stored]) -> None:
        """Every event in order, then what the case and its anchors say of the end."""
        for each in events:
            self.findings.events += 1
            for what in wrong(each, self.at):
                self.findings.add(f"case {each.case_id}{what}")
            if self.anchored.pop(each.seq, each.hash) != each.hash:
                self.findings.add(f"case {each.case_id}, event {each.seq}: differs from the anchor")
            self.at, self.aged = (each.seq, each.hash), each.at < self.over
            self.note_erased(each)
        self.end()

    def note_erased(self, event: Stored) -> None:
        """An event may be erased where its case has ended, and was erased by law since, or is old enough by the end."""
        if event.kind == "CaseErased" and not self.case.open:
            self.findings.erased += self.gone
            self.gone, self.gone_first = 0, []
        elif event.is_erased:
            self.gone += 1
            if len(self.gone_first) < KEPT:
                self.gone_first.append(event.seq)

    def end(self) -> None:
        """Nothing follows."""
        case, seq = self.case, self.at[0]
        if self.aged and not case.open:
            self.findings.erased += self.gone
        elif self.gone:
            for each in self.gone_first:
                self.findings.add(
                    f"case {case.id}, event {each}: evidence, facts and salt are gone, but were not erased by law"
                )
            self.findings.broken += self.gone - len(self.gone_first)
        if self.at != (case.version, case.head):
            self.findings.add(f"case {case.id}: its last event is not the one it names ({case.version})")
        if beyond := [each for each in self.anchored if each > seq]:
            self.findings.add(f"case {case.id}: tail cut, anchored with {max(beyond)} events, has {seq}")


def wrong(event: Stored, before: Head) -> Iterator[str]:
    """What is wrong with an event, given the head before it."""
    seq = event.seq
    if seq != before[0] + 1:
        yield f": event {before[0] + 1} is missing before {seq}"
    if event.salt is None and (event.evidence, event.facts) != (None, None):
        yield f", event {seq}: has evidence or facts without their salt"
    if (
        event.salt is not None
        and commit(event.salt, str(event.evidence).encode(), str(event.facts).encode()) != event.commitment
    ):
        yield f", event {seq}: evidence or facts were changed"
    if (
        link(before[1], event.case_id, seq, event.kind, event.at, event.actor, event.commitment, event.owed)
        != event.hash
    ):
        yield f", event {seq}: does not follow from the one before"
