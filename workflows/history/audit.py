"""The history's seal: the heads of all chains anchored into files outside the database (`anchoring.py`), and the check
of both.

A changed, removed or inserted event, a cut tail, a case that is gone and a changed anchor all show, however many
anchors were written since. So do evidence, facts and salt that are gone, unless they went by law: the case has ended,
and its history says that it was erased (CaseErased), or the period of retention for events, as the policy has it today,
is over since its last event. Those are counted; the commitment to them stays, and the chain with it.
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
from workflows.history.anchoring import read
from workflows.history.anchors import Acceptance as Acceptance
from workflows.history.chains import CaseRow, ChainCheck, Stored
from workflows.history.chains import Findings as Findings
from workflows.history.heads import Anchored, Head, Heads, last_of, scratch
from workflows.history.ranges import Connections, Range, ranges
from workflows.history.retention import cutoff

EVENTS_AT_ONCE = 2000  # of one case there may be any number
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
    """What a history is checked against, and what is found."""

    heads: Heads
    since: int | None  # the number of an anchor
    over: datetime  # what ended before may have lost its facts
    findings: Findings


def verify(connection: Connection, directory: Path) -> Findings:
    """The same as `verify_by_ranges`, within the caller's transaction; where others write meanwhile, that is a
    snapshot.
    """
    findings = Findings()
    verify_by_ranges(lambda: nullcontext(connection), directory, findings)
    return findings


def verify_by_ranges(snapshots: Connections, directory: Path, findings: Findings, since: int | None = None) -> None:
    """Every event against its chain, every chain against its case and its anchors, every anchor against the next.

    Goes on after the case that `findings` came to. `since`: only cases that moved since the anchor of that number, from
    there on. Raises Refused where there is no such anchor.
    """
    with scratch() as heads:
        read(snapshots, directory, heads, findings)
        if since is not None and not 0 < since <= findings.anchors:
            raise Refused("unknown_anchor", f"There is no anchor {since} in {directory}: there are {findings.anchors}.")
        check = Check(heads, since, cutoff("event", clock.now()), findings)
        for part in ranges(snapshots, findings.upto):
            check_range(part, check)
            findings.upto = max(part.cases, default=findings.upto)


def check_range(part: Range, against: Check) -> None:
    """The events of a range, or of those of its cases that moved; each case once."""
    findings = against.findings
    for case_id, those in part.gone(against.heads):
        findings.add(f"case {case_id}: gone, anchored with {those[-1].seq} events")
    known = part.known(against.heads)
    starts = {case_id: start(known.get(case_id, ()), against.since) for case_id in part.cases}
    moved = {
        each.id: each
        for each in part.cases.values()
        if against.since is None or is_moved(each, known.get(each.id, ()), starts[each.id])
    }
    findings.cases += len(moved)
    for case_id, events in groupby(stream(part, moved, starts, against.since), key=attrgetter("case_id")):
        if case := moved.pop(case_id, None):
            check(case, events, known.get(case_id, ()), starts[case_id], against)
        else:
            findings.add(f"case {case_id}: events without a case")
    for case in moved.values():
        check(case, (), known.get(case.id, ()), starts[case.id], against)


def check(case: CaseRow, events: Iterable[Stored], known: Sequence[Anchored], since: Head, against: Check) -> None:
    """One case against its chain and its anchors, from a head on."""
    later = {each.seq: each.hash for each in known if each.seq > since[0]}
    ChainCheck(case, later, since, against.over, against.findings).walk(events)


def start(known: Sequence[Anchored], since: int | None) -> Head:
    """From where on a case is checked: from its beginning, or from its head as it was anchored by then."""
    return last_of([each for each in known if since is not None and each.number <= since])


def is_moved(case: CaseRow, known: Sequence[Anchored], since: Head) -> bool:
    """Whether anything happened in the case since it had this head, by its own word or by that of a later anchor."""
    return since != (case.version, case.head) or last_of(known) != since


def stream(
    part: Range, cases: Mapping[int, CaseRow], starts: Mapping[int, Head], since: int | None
) -> Iterator[Stored]:
    """The events of a range, in order; `since` an anchor, only those of these cases, after the heads
    where they start.
    """
    statement, parameters = (
        (EVENTS, [part.after, part.upto])
        if since is None
        else (SINCE, columns([(each, starts[each][0]) for each in cases]))
    )
    if since is None or cases:
        with part.connection.cursor(name="audit") as cursor:
            cursor.itersize = EVENTS_AT_ONCE
            yield from map(Stored._make, cursor.execute(statement, parameters))
