"""Audits the history: every event against its chain, and every chain against its case and its anchors.

The audit finds a changed, removed or inserted event, a cut tail, a missing case and a changed anchor, however many
anchors followed. It finds missing evidence, facts and salt, too, unless they went by law: the case has ended, and
either its history says that it was erased (CaseErased), or today's period of retention has passed since its last event.
Those are counted; the commitment to them stays, and with it the chain. `anchoring.py` writes the anchors.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from models import clock
from models.arrays import columns
from models.database import Connection
from models.errors import Refused
from workflows.history.anchoring import anchor as anchor
from workflows.history.anchoring import anchor_by_ranges as anchor_by_ranges
from workflows.history.anchoring import read_anchors
from workflows.history.anchors import Acceptance as Acceptance
from workflows.history.caseranges import CaseRange, case_ranges
from workflows.history.chains import AuditReport as AuditReport
from workflows.history.chains import ChainCheck, ChainEnd, EventRow
from workflows.history.heads import Anchored, Head, Heads, last_head, scratch_heads
from workflows.history.keyranges import Snapshots
from workflows.history.retention import cutoff

EVENTS_AT_ONCE = 2000  # a single case may have any number of events
FIELDS = (
    "e.case_id, e.seq, e.kind, e.at, e.actor, e.evidence::text, e.facts::text, e.salt, e.commitment, e.owed, e.hash"
)
EVENTS = f"select {FIELDS} from event e where e.case_id > %s and e.case_id <= %s order by e.case_id, e.seq"
SINCE = f"""
    select {FIELDS} from unnest(%s::bigint[], %s::int[]) as moved (case_id, seq) join event e
        on e.case_id = moved.case_id and e.seq > moved.seq
    order by e.case_id, e.seq
"""


class Check(NamedTuple):
    """The anchored heads and dates to which an audit compares the history, and its report."""

    heads: Heads
    since: int | None  # the number of an anchor
    erasable_before: datetime  # a case whose last event is older may have lost its facts
    report: AuditReport


def verify(connection: Connection, directory: Path) -> AuditReport:
    """Audits as `verify_by_ranges` does, within the caller's transaction: a snapshot, where others write meanwhile."""
    report = AuditReport()
    verify_by_ranges(lambda: nullcontext(connection), directory, report)
    return report


def verify_by_ranges(snapshots: Snapshots, directory: Path, report: AuditReport, since: int | None = None) -> None:
    """Audits all cases after the last one of `report`, and all anchors.

    `since` names an anchor: then only cases that moved since it are audited, from their anchored heads on. Raises
    Refused where there is no such anchor.
    """
    with scratch_heads() as heads:
        read_anchors(snapshots, directory, heads, report)
        if since is not None and not 0 < since <= report.anchors:
            raise Refused("unknown_anchor", f"There is no anchor {since} in {directory}: there are {report.anchors}.")
        check = Check(heads, since, cutoff("event", clock.now()), report)
        for part in case_ranges(snapshots, report.upto):
            check_range(part, check)
            report.upto = max(part.cases, default=report.upto)


def check_range(part: CaseRange, check: Check) -> None:
    """Checks each case of a range once, or each that moved since the anchor."""
    report = check.report
    for case_id, those in part.missing(check.heads):
        report.add(f"case {case_id}: gone, anchored with {those[-1].seq} events")
    anchored = part.anchored(check.heads)
    starts = {case_id: starting_head(anchored.get(case_id, ()), check.since) for case_id in part.cases}
    due = {
        each.id: each
        for each in part.cases.values()
        if check.since is None or has_moved(each, anchored.get(each.id, ()), starts[each.id])
    }
    report.cases += len(due)
    for case_id, events in groupby(stream_events(part, due, starts, check.since), key=attrgetter("case_id")):
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


def stream_events(
    part: CaseRange, cases: Mapping[int, ChainEnd], starts: Mapping[int, Head], since: int | None
) -> Iterator[EventRow]:
    """The events of a range, in order; with `since`, only the events of these cases after their starting heads."""
    after = [(case_id, starts[case_id][0]) for case_id in cases]
    statement, parameters = (EVENTS, list(part.keys)) if since is None else (SINCE, columns(after))
    if since is None or cases:
        with part.connection.cursor(name="audit") as cursor:
            cursor.itersize = EVENTS_AT_ONCE
            yield from map(EventRow._make, cursor.execute(statement, parameters))
