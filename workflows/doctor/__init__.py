"""Is everything where it can be found?

Counts that must all be zero, each a promise of the engine or a key that the hot tables go without.

`quick.py` asks once, `ranges.py` goes through whole tables, each range in a short transaction of its own: no snapshot
stays open.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext

from models.database import Connection, scalar
from workflows.doctor.comparison import NAMES as RECOMPUTED
from workflows.doctor.findings import Findings
from workflows.doctor.person_rows import COUNT as KEYS_CHANGED
from workflows.doctor.quick import QUICK
from workflows.doctor.ranges import CASES, WALKS, Walk
from workflows.documents.sealing import known_keys
from workflows.flows import FLOWS, case_queues, places
from workflows.flows.grammar import OTHER_CASE
from workflows.history.keyranges import FIRST_KEY, Snapshots, key_ranges
from workflows.staff.signatures import OFFICER, OPERATOR

CHECKS = [name for walk in WALKS for name in walk.checks]
NAMES = (*dict.fromkeys([*CHECKS, *RECOMPUTED, "periods_changed", KEYS_CHANGED, *QUICK]),)


def examine(connection: Connection) -> dict[str, int]:
    """Every count by name, all within the caller's transaction; all zero in health."""
    return dict(examine_by_ranges(lambda: nullcontext(connection), Findings()).counts)


def examine_by_ranges(snapshots: Snapshots, findings: Findings) -> Findings:
    """The same, with the places of the first findings, each range in a snapshot of its own.

    Goes on after the case that `findings` came to.
    """
    facts = known()
    with snapshots() as connection:
        for name, statement in QUICK.items():
            findings.add(name, scalar(connection, statement, facts))
    for walk in WALKS:
        for upto in go(walk, snapshots, facts, findings):
            findings.upto = upto if walk is CASES else findings.upto
    return findings


def known() -> dict[str, object]:
    """What the flows say, as the statements are given it: the queues; which events of which kinds of cases make a
    message owed, and which open a case; and the stages that wait for such a case. And how the pseudonyms of the staff
    begin, and which keys of documents there are.
    """
    return {
        "queues": list(case_queues()),
        "staff": [OFFICER, OPERATOR],
        "document_keys": list(known_keys()),
        **columns_of("owed_by", "owed_events", owed()),
        **columns_of(
            "opening_kinds",
            "opening_events",
            [(kind, event.__name__) for kind, stage in places() for event in stage.opens],
        ),
        **columns_of(
            "waiting_kinds",
            "waiting_stages",
            [(kind, stage.name) for kind, stage in places() if stage.owner == OTHER_CASE],
        ),
    }


def owed() -> list[tuple[str, str]]:
    """The kinds of cases and of events that make a message owed."""
    return [(flow.kind, event.__name__) for flow in FLOWS.values() for event, said in flow.messages.items() if said]


def columns_of(first: str, second: str, pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
    """Pairs as two columns of these names."""
    return {first: [one for one, _ in pairs], second: [other for _, other in pairs]}


def go(walk: Walk, snapshots: Snapshots, known: dict[str, object], findings: Findings) -> Iterator[int]:
    """One walk, range after range; how far it came. That of cases begins where an earlier run was stopped."""
    start = findings.upto if walk is CASES else FIRST_KEY
    for connection, keys in key_ranges(snapshots, walk.table, start, walk.at_once):
        walk.look(connection, keys, known, findings)
        yield keys.upto
