"""The check of a history against its anchors, in the standard library alone.

Where the rows come from it does not know: a database gives them (audit.py), or the files of an export
(workflows/audit/exported.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple, Protocol

from workflows.audit.seals import Place, SealCheck, last_of
from workflows.history.anchors import Remembered, Title, anchored_seals, check_end, files, losses, read_all
from workflows.history.chains import AuditReport, ChainCheck, ChainEnd, EventRow
from workflows.history.heads import Anchored, Head, Heads, last_head


@dataclass(slots=True)
class CaseRange:
    """The cases of one range of keys: all greater than `after`, up to `upto` and including it."""

    after: int
    upto: int
    cases: dict[int, ChainEnd]

    def anchored(self, heads: Heads) -> dict[int, list[Anchored]]:
        """The anchored heads of each case that is here."""
        return {case: found for case, found in heads.between(self.after, self.upto) if case in self.cases}

    def missing(self, heads: Heads) -> Iterator[tuple[int, list[Anchored]]]:
        """The cases of this range that were anchored and are gone, with their anchored heads."""
        return ((case, found) for case, found in heads.between(self.after, self.upto) if case not in self.cases)

    def events(self, starts: Mapping[int, Head] | None) -> Iterable[EventRow]:
        """The events of this range in order; with `starts`, only those of its cases after these heads."""
        raise NotImplementedError


class Source(Protocol):
    """Where the rows come from, and what the database remembers of its anchors."""

    def remembered(self, series: str) -> Remembered | None:
        """The last anchor of a series."""

    def places(self, start: int) -> Iterable[Place]:
        """The seals from this position on, in order, beside their entries; then the entries without a seal."""

    def ranges(self, after: int) -> Iterable[CaseRange]:
        """All cases after this one, range by range. The last range has no case, and goes on to the last key."""


class Check(NamedTuple):
    """The anchored heads and dates to which a check compares the history, and its report."""

    heads: Heads
    since: int | None  # the number of an anchor
    erasable_before: datetime  # a case whose last event is older may have lost its facts
    now: datetime
    report: AuditReport


def check_source(source: Source, directory: Path, check: Check) -> None:
    """Checks all anchors, all entries of the staff, and all cases after the last one of the report.

    A check that goes on after a case has seen the entries already.
    """
    titles = read_anchors(source, directory, check)
    if not check.report.upto:
        check_entries(source, titles, check)
    for part in source.ranges(check.report.upto):
        check_range(part, check)
        check.report.upto = max(part.cases, default=check.report.upto)


def read_anchors(source: Source, directory: Path, check: Check) -> list[Title]:
    """Reads all anchors; reports what is wrong with them, and whether the last ones are missing."""
    report = check.report
    titles = read_all(directory, check.heads, report.add)
    report.anchors, report.losses = len(files(directory)), list(losses(titles))
    if titles:
        check_end(directory, titles, source.remembered(str(titles[0].get("series"))), report.add)
    return titles


def check_entries(source: Source, titles: Sequence[Title], check: Check) -> None:
    """Checks the chain of entries, from its beginning or from the last position of the anchors up to `since`."""
    anchored = anchored_seals(titles, check.report.add)
    earlier = [each for each in titles if each.get("anchor", 0) <= (check.since or 0)]
    start = last_of(anchored_seals(earlier).items() & anchored.items())
    walk = SealCheck(
        {at: hashed for at, hashed in anchored.items() if at >= start[0]}, start, check.now, check.report.add
    )
    for place in source.places(start[0]):
        walk.check(place)
    walk.check_end()
    check.report.entries += walk.entries


def check_range(part: CaseRange, check: Check) -> None:
    """Checks each case of a range once, or each that moved since the anchor."""
    report, since = check.report, check.since
    for case_id, those in part.missing(check.heads):
        report.add(f"case {case_id}: gone, anchored with {those[-1].seq} events")
    anchored = part.anchored(check.heads)
    starts = {case_id: starting_head(anchored.get(case_id, ()), since) for case_id in part.cases}
    due = {
        each.id: each
        for each in part.cases.values()
        if since is None or has_moved(each, anchored.get(each.id, ()), starts[each.id])
    }
    report.cases += len(due)
    read_after = None if since is None else {case_id: starts[case_id] for case_id in due}
    for case_id, events in groupby(part.events(read_after), key=attrgetter("case_id")):
        if case := due.pop(case_id, None):
            check_case(case, events, anchored.get(case_id, ()), starts[case_id], check)
        else:
            report.add(f"case {case_id}: events without a case")
    for case in due.values():
        check_case(case, (), anchored.get(case.id, ()), starts[case.id], check)


def check_case(
    case: ChainEnd, events: Iterable[EventRow], anchored: Sequence[Anchored], start: Head, check: Check
) -> None:
    """Checks one case against its chain and its anchors, from this head on."""
    later = {each.seq: each.hash for each in anchored if each.seq > start[0]}
    ChainCheck(case, later, start, check.erasable_before, check.report).walk(events)


def starting_head(anchored: Sequence[Anchored], since: int | None) -> Head:
    """Where the check of a case starts: at its beginning, or at its last head in the anchors up to `since`."""
    return last_head([each for each in anchored if since is not None and each.number <= since])


def has_moved(case: ChainEnd, anchored: Sequence[Anchored], start: Head) -> bool:
    """Whether the case, by its own row or by a later anchor, has a newer head than this one."""
    return start != (case.version, case.head) or last_head(anchored) != start
