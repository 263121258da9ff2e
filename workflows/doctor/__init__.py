"""Is everything where it can be found?

Counts that must all be zero, each a promise of the engine or a key that the hot tables go without.

`quick.py` asks once, `ranges.py` goes through whole tables, each range in a short transaction of its own: no snapshot
stays open.
"""

from collections.abc import Collection, Iterator
from contextlib import nullcontext

from models.database import Connection, scalar
from workflows.doctor.comparison import NAMES as RECOMPUTED
from workflows.doctor.findings import Findings
from workflows.doctor.quick import QUICK
from workflows.doctor.ranges import CASES, WALKS, Walk
from workflows.flows import QUEUES
from workflows.history.keyranges import FIRST_KEY, Snapshots, key_ranges

NAMES = (*dict.fromkeys([*(name for walk in WALKS for name in walk.checks), *RECOMPUTED, *QUICK]),)


def examine(connection: Connection, owed_kinds: Collection[str]) -> dict[str, int]:
    """Every count by name, all within the caller's transaction; all zero in health."""
    return dict(examine_by_ranges(lambda: nullcontext(connection), owed_kinds, Findings()).counts)


def examine_by_ranges(snapshots: Snapshots, owed_kinds: Collection[str], findings: Findings) -> Findings:
    """The same, with the places of the first findings, each range in a snapshot of its own.

    Goes on after the case that `findings` came to.

    `owed_kinds`: the kinds of events that make a message owed.

    """
    known: dict[str, object] = {"owed_kinds": list(owed_kinds), "queues": list(QUEUES)}
    with snapshots() as connection:
        for name, statement in QUICK.items():
            findings.add(name, scalar(connection, statement, known))
    for walk in WALKS:
        for upto in go(walk, snapshots, known, findings):
            findings.upto = upto if walk is CASES else findings.upto
    return findings


def go(walk: Walk, snapshots: Snapshots, known: dict[str, object], findings: Findings) -> Iterator[int]:
    """One walk, range after range; how far it came. That of cases begins where an earlier run was stopped."""
    start = findings.upto if walk is CASES else FIRST_KEY
    for connection, keys in key_ranges(snapshots, walk.table, start, walk.at_once):
        walk.look(connection, keys, known, findings)
        yield keys.upto
