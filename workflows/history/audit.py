"""The history's seal: the heads of all chains anchored into files outside the database, and the check of both.

A changed, removed or inserted event, a cut tail, a case that is gone and a changed anchor all show. So do evidence, facts and salt
that are gone, unless they went by law: the case has ended, and its history says that it was erased (CaseErased), or the period of
retention for events, as the policy has it today, is over since its last event. Those are counted; the commitment to them stays, and the chain with it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from models import clock
from models.database import Connection
from models.errors import Refused
from workflows.chain import GENESIS, commit, link
from workflows.history import anchors
from workflows.history.anchors import Head, Heads
from workflows.history.retention import cutoff

# A folder that hangs, as a share on a network may, keeps neither the lock nor an old snapshot for ever.
BOUND = "set local idle_in_transaction_session_timeout = '30min'"
ANCHOR_LOCK = 7221  # advisory, until the transaction ends: two anchors at once would take the same number
AT_ONCE = 5000  # rows, of however many there are
HEADS = "select id, version, head from cases order by id"
# One statement, hence one moment: a system at work has cases that move meanwhile.
EVENTS = """
    select c.id, c.version, c.head, c.open, e.seq, e.kind, e.at, e.actor, e.evidence::text, e.facts::text, e.salt, e.commitment, e.hash
    from cases c left join event e on e.case_id = c.id order by c.id, e.seq
"""
WITHOUT_CASE = "select distinct case_id from event e where not exists (select from cases c where c.id = e.case_id) order by case_id"
GONE = "select a.case_id, a.seq from anchored a left join found f using (case_id) where f.case_id is null order by a.case_id"


@dataclass(slots=True)
class Findings:
    """What the check read, how many events lost their facts by law, and what it found: a sentence for each break, with case and sequence."""

    cases: int = 0
    events: int = 0
    erased: int = 0
    anchors: int = 0
    breaks: list[str] = field(default_factory=list)


class Stored(NamedTuple):
    """An event as it stands in the table, beside what its case says of its last one."""

    case_id: int
    version: int
    head: bytes
    open: bool
    seq: int | None  # None: the case has no event at all
    kind: str
    at: datetime
    actor: str
    evidence: str | None
    facts: str | None
    salt: bytes | None
    commitment: bytes
    hash: bytes

    @property
    def is_erased(self) -> bool:
        """Nothing is left but its commitment."""
        return (self.evidence, self.facts, self.salt) == (None, None, None)


def anchor(connection: Connection, directory: Path, now: datetime) -> Path | None:
    """Writes what moved since the last anchor into a new file; None where nothing did. Raises Refused where anchors are damaged.

    Reads all anchors and all heads once, in one transaction: at nine million cases some minutes, in constant memory.
    """
    connection.execute(BOUND)
    connection.execute("select pg_advisory_xact_lock(%s)", [ANCHOR_LOCK])
    with anchors.scratch() as heads:
        _, breaks = anchors.read(directory, heads)
        if breaks:
            raise Refused("anchors_damaged", f"The anchors in {directory} do not hold together: {breaks[0]}")
        anchors.put(heads, "found", ((case_id, version, head) for case_id, version, head in rows_of(connection, HEADS)))
        return anchors.write(directory, heads, now)


def verify(connection: Connection, directory: Path) -> Findings:
    """Every event against its chain, every chain against its case and its anchor, every anchor against the next."""
    connection.execute(BOUND)
    connection.execute("select pg_advisory_xact_lock_shared(%s)", [ANCHOR_LOCK])
    findings = Findings()
    with anchors.scratch() as heads:
        findings.anchors, damaged = anchors.read(directory, heads)
        findings.breaks += damaged
        over = cutoff("event", clock.now())
        anchors.put(heads, "found", check_cases(rows_of(connection, EVENTS), heads, over, findings))
        findings.breaks += [f"case {case_id}: gone, anchored with {seq} events" for case_id, seq in heads.execute(GONE)]
    findings.breaks += [f"case {case_id}: events without a case" for (case_id,) in connection.execute(WITHOUT_CASE)]
    return findings


def check_cases(rows: Iterable[tuple[Any, ...]], heads: Heads, over: datetime, findings: Findings) -> Iterator[tuple[int, int, bytes]]:
    """Walks all cases in order; the head of each, as its events give it. What ended before `over` may have lost its facts."""
    for case_id, events in groupby(map(Stored._make, rows), key=attrgetter("case_id")):
        history = list(events)
        findings.cases += 1
        if history[0].seq is not None:
            check_erased(history, over, findings)
        yield case_id, *check_case(history, anchors.anchored(heads, case_id), findings)


def check_case(events: Sequence[Stored], anchored: Head | None, findings: Findings) -> Head:
    """One case's events from the first to the last, whose sequence and hash are its head."""
    seq, hashed = 0, GENESIS
    for each in events:
        if each.seq is not None:
            findings.events += 1
            findings.breaks += [f"case {each.case_id}{what}" for what in wrong(each, each.seq, (seq, hashed), anchored)]
            seq, hashed = each.seq, each.hash
    case_id, version, head = events[0][:3]
    if (seq, hashed) != (version, head):
        findings.breaks.append(f"case {case_id}: its last event is not the one it names ({version})")
    if anchored and seq < anchored[0]:
        findings.breaks.append(f"case {case_id}: tail cut, anchored with {anchored[0]} events, has {seq}")
    return seq, hashed


def check_erased(events: Sequence[Stored], over: datetime, findings: Findings) -> None:
    """An event may be erased where its case has ended, and was erased by law or had its last event before `over`."""
    # By the time of its events, which the chain guards; the case's row says what it likes.
    aged = max(each.at for each in events) < over
    told = max((each.seq or 0 for each in events if each.kind == "CaseErased"), default=0)
    for each in events:
        if each.is_erased and (each.open or not (aged or (each.seq or 0) <= told)):
            findings.breaks.append(f"case {each.case_id}, event {each.seq}: evidence, facts and salt are gone, but were not erased by law")
        elif each.is_erased and each.kind != "CaseErased":
            findings.erased += 1


def wrong(event: Stored, seq: int, before: Head, anchored: Head | None) -> Iterator[str]:
    """What is wrong with an event, given the head before it."""
    if seq != before[0] + 1:
        yield f": event {before[0] + 1} is missing before {seq}"
    if event.salt is None and (event.evidence, event.facts) != (None, None):
        yield f", event {seq}: has evidence or facts without their salt"
    if event.salt is not None and commit(event.salt, str(event.evidence).encode(), str(event.facts).encode()) != event.commitment:
        yield f", event {seq}: evidence or facts were changed"
    if link(before[1], event.case_id, seq, event.kind, event.at, event.actor, event.commitment) != event.hash:
        yield f", event {seq}: does not follow from the one before"
    if anchored and anchored[0] == seq and anchored[1] != event.hash:
        yield f", event {seq}: differs from the anchor"


def rows_of(connection: Connection, statement: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement, some thousands at a time."""
    with connection.cursor(name="audit") as cursor:
        cursor.itersize = AT_ONCE
        yield from cursor.execute(statement)
