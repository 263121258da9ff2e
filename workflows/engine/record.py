"""Writing down what was decided: events, register rows, messages owed and where each case stands now, set by set, in
one transaction.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from models.arrays import columns
from models.database import Connection
from workflows.casefile import CaseFile
from workflows.engine import lanes
from workflows.engine.projections import PROJECTIONS, Row, Transition
from workflows.flows import PARKED, stage_of
from workflows.flows.grammar import MACHINE, Stage
from workflows.registers.person_claims import LET_GO, release


class QueueState(NamedTuple):
    """Where a case stands: the columns that PLACE sets, in order. Most cases of a batch come to the same place."""

    stage: str
    open: bool
    machine: bool
    queue: str | None
    ready: bool
    rank: datetime
    due_at: datetime | None
    deadline: datetime | None
    stage_since: datetime


class CaseUpdate(NamedTuple):
    """A case after its last move, and its place."""

    id: int
    version: int
    head: bytes
    declaration: int
    state: QueueState


UPDATE = """
    update cases set stage = %s, open = %s, machine = %s, queue = %s, ready = %s, rank = %s, due_at = %s,
        deadline = %s, stage_since = %s,
        version = now.version, head = now.head, declaration = now.declaration
    from unnest(%s::bigint[], %s::int[], %s::bytea[], %s::int[]) as now (id, version, head, declaration)
    where cases.id = now.id
"""


def case_update(file: CaseFile, head: bytes, now: datetime) -> CaseUpdate:
    """A file's case as it stands from now on."""
    return CaseUpdate(file.id, file.version, head, file.declaration_number, queue_state(file, now))


def queue_state(file: CaseFile, now: datetime) -> QueueState:
    """Where this file belongs from now on: a queue, a timer, an operator, or nowhere any more."""
    if file.stage == PARKED:
        return parked_state(now, file.stage_since)
    step = stage_of(file.kind, file.stage)
    machine = step.owner == MACHINE
    since = begun(step, file)
    rank, due, deadline = (
        lanes.rank(file.lane, now),
        None if machine else step.next_timer(since, now),
        step.deadline(since),
    )
    return QueueState(file.stage, step.open, machine, step.queue, machine, rank, due, deadline, file.stage_since)


def parked_state(now: datetime, since: datetime) -> QueueState:
    """With an operator."""
    return QueueState(PARKED, True, False, None, False, now, None, None, since)


def begun(step: Stage, file: CaseFile) -> datetime:
    """Since when the stage's periods count: by its deadline where it has one, which may have been set anew
    (queue/timers.py).
    """
    return file.deadline - step.within if file.deadline and step.within else file.stage_since


def record(connection: Connection, moves: Sequence[Transition], standings: Sequence[CaseUpdate]) -> None:
    """Everything that these moves write. The caller's transaction makes it all or nothing."""
    record_transitions(connection, moves)
    release(connection, [each.id for each in standings if each.state.stage in LET_GO])
    together = defaultdict(list)
    for each in standings:
        together[each.state].append(each[:-1])
    for shared, rows in together.items():
        connection.execute(UPDATE, [*shared, *columns(rows)])


def record_transitions(connection: Connection, moves: Sequence[Transition]) -> None:
    """The rows of these moves, table by table."""
    for table in PROJECTIONS:
        copy(connection, table.name, table.columns, table.rows_of(moves))


def copy(connection: Connection, table: str, columns: str, rows: Sequence[Row]) -> None:
    """COPY these rows; nothing is sent where there are none."""
    if rows:
        with connection.cursor() as cursor, cursor.copy(f"copy {table} ({columns}) from stdin") as stream:
            for row in rows:
                stream.write_row(row)
