"""An export of history and audit, read and checked without a database, in the standard library alone.

export.json           when it was made, the lines of each file, the last anchors that the database remembers
cases.ndjson          [case, number of its events, last hash, is it open]
events.ndjson         [case, sequence, kind, moment, actor, commitment, owed digests, hash, then either
                      evidence, facts, salt, or whether each of these is there]
audit_entries.ndjson  all columns of each entry, to the byte as they are hashed
audit_seals.ndjson    [position, number of the entry, hash], in order
anchors/              copies of the anchors
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from workflows.audit.seals import Place
from workflows.history.anchors import NOT_AN_ANCHOR, Remembered
from workflows.history.chains import AuditReport, ChainEnd, EventRow
from workflows.history.checking import CaseRange, Check, check_source
from workflows.history.heads import Head, scratch_heads

MANIFEST, ANCHORS = "export.json", "anchors"
CASES, EVENTS, ENTRIES, SEALS = "cases.ndjson", "events.ndjson", "audit_entries.ndjson", "audit_seals.ndjson"
RANGE = 1000  # cases in memory
BEFORE_ALL, AFTER_ALL = -(2**63), 2**63 - 1  # numbers of cases
USAGE = "python verify.py [FOLDER OF THE EXPORT [FOLDER OF YOUR OWN COPIES OF THE ANCHORS]]"


class WithheldEvent(EventRow):
    """An event of an export without facts: only whether evidence, facts and salt are there."""

    __slots__ = ()

    @property
    def is_withheld(self) -> bool:
        """Whether only that is known."""
        return True


class EventLines:
    """Events in the order of their cases, handed out up to a case."""

    def __init__(self, events: Iterator[EventRow]) -> None:
        self.events = events
        self.next = next(events, None)

    def upto(self, case_id: int) -> Iterator[EventRow]:
        """The next events, of cases up to this one."""
        while self.next is not None and self.next.case_id <= case_id:
            event, self.next = self.next, next(self.events, None)
            yield event


@dataclass(slots=True)
class ExportedRange(CaseRange):
    """A range of cases, and the lines of their events."""

    lines: EventLines

    def events(self, starts: Mapping[int, Head] | None) -> Iterable[EventRow]:
        """The events of this range, in order."""
        return self.lines.upto(self.upto)


class Exported:
    """The files of an export."""

    def __init__(self, folder: Path, report: AuditReport) -> None:
        self.folder, self.report = folder, report
        self.manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        self.reading, self.number = MANIFEST, 0  # a file, and the line in it

    def lines(self, name: str) -> Iterator[str]:
        """The lines of a file; reports where it has more or fewer than were exported."""
        number = 0
        with (self.folder / name).open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                self.reading, self.number = name, number
                yield line.rstrip("\n")
        if number != self.manifest["lines"][name]:
            self.report.add(f"{name}: has {number} lines, and had {self.manifest['lines'][name]} as it was exported")

    def remembered(self, series: str) -> Remembered | None:
        """The last anchor of a series, as the database remembered it."""
        found = self.manifest["remembered"].get(series)
        return Remembered(*found) if found else None

    def places(self, start: int) -> Iterator[Place]:
        """All seals beside their entries, then the entries without a seal. Checks all, so `start` is 0."""
        entries = self.lines(ENTRIES)
        line = next(entries, None)
        for position, entry_id, hashed in map(json.loads, self.lines(SEALS)):
            is_there = line is not None and entry_number(line) == entry_id
            yield Place(position, entry_id, bytes.fromhex(hashed), line if is_there else None)
            line = next(entries, None) if is_there else line
        for left in chain([] if line is None else [line], entries):
            yield Place(None, entry_number(left), b"", left)

    def ranges(self, after: int) -> Iterator[ExportedRange]:
        """All cases, range by range. The last range has no case. Checks all, so `after` is 0."""
        cases = map(case_of, self.lines(CASES))
        events = EventLines(map(event_of, self.lines(EVENTS)))
        after = BEFORE_ALL
        while part := {case.id: case for case in islice(cases, RANGE)}:
            yield ExportedRange(after, max(part), part, events)
            after = max(part)
        yield ExportedRange(after, AFTER_ALL, {}, events)


def entry_number(line: str) -> int:
    """The number of an entry: the first column of its line."""
    return int(line[1 : line.index(",")])


def case_of(line: str) -> ChainEnd:
    """A case from its line."""
    case_id, version, head, is_open = json.loads(line)
    return ChainEnd(case_id, version, bytes.fromhex(head), is_open)


def event_of(line: str) -> EventRow:
    """An event from its line."""
    case_id, seq, kind, at, actor, commitment, owed, hashed, *content = json.loads(line)
    sealed = bytes.fromhex(commitment), bytes.fromhex(owed), bytes.fromhex(hashed)
    moment = datetime.fromisoformat(at)
    if content[:1] in ([True], [False]):
        evidence, facts, salt = content
        there = "" if evidence else None, "" if facts else None, b"" if salt else None
        return WithheldEvent(case_id, seq, kind, moment, actor, *there, *sealed)
    evidence, facts, salt = content
    return EventRow(case_id, seq, kind, moment, actor, evidence, facts, salt and bytes.fromhex(salt), *sealed)


def verify_export(folder: Path, anchors: Path | None = None) -> AuditReport:
    """Checks an export as `sijil audit verify` checks the database, against its own anchors or these."""
    report = AuditReport()
    exported = Exported(folder, report)
    erasable, now = (datetime.fromisoformat(exported.manifest[name]) for name in ("erasable_before", "at"))
    try:
        with scratch_heads() as heads:
            check_source(exported, anchors or folder / ANCHORS, Check(heads, None, erasable, now, report))
    except NOT_AN_ANCHOR:
        report.add(f"{exported.reading}, line {exported.number}: cannot be read; nothing after it was checked")
    return report


def main(arguments: Sequence[str]) -> int:
    """Checks an export and prints what was found; returns 1 where something was changed."""
    folder, *rest = map(Path, arguments or [str(Path(sys.argv[0]).parent)])
    if len(rest) > 1 or not (folder / MANIFEST).is_file() or not all(each.is_dir() for each in rest):
        print(f"{folder} is no whole export, or the anchors are not there. {USAGE}", file=sys.stderr)
        return 2
    report = verify_export(folder, *rest)
    for line in report.lines():
        print(line)
    if not report.anchors:
        print("There is no anchor: nothing outside the database confirms this.")
    if not json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["with_facts"]:
        print("Evidence and facts were not exported: the chains cover commitments to them, which were not opened.")
    return 1 if report.broken else 0
