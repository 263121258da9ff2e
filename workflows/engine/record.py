"""Writing down what was decided: events, register rows, messages owed and where each case stands now, set by set, in one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from models.arrays import columns
from models.database import Connection
from workflows.casefile import CaseFile
from workflows.engine import lanes
from workflows.engine.projections import TABLES, Move, Row
from workflows.flows import PARKED, step_of
from workflows.flows.grammar import MACHINE, Step
from workflows.registers.person_claims import LET_GO, release


class Place(NamedTuple):
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


class Standing(NamedTuple):
    """A case after its last move, and its place."""

    id: int
    version: int
    head: bytes
    declaration: int
    place: Place


PLACE = """
    update cases set stage = %s, open = %s, machine = %s, queue = %s, ready = %s, rank = %s, due_at = %s, deadline = %s, stage_since = %s,
        version = now.version, head = now.head, declaration = now.declaration
    from unnest(%s::bigint[], %s::int[], %s::bytea[], %s::int[]) as now (id, version, head, declaration)
    where cases.id = now.id
"""


def standing(file: CaseFile, head: bytes, now: datetime) -> Standing:
    """A file's case as it stands from now on."""
    return Standing(file.id, file.version, head, file.declaration_number, place(file, now))


def place(file: CaseFile, now: datetime) -> Place:
    """Where this file belongs from now on: a queue, a timer, an operator, or nowhere any more."""
    if file.stage == PARKED:
        return parked(now, file.stage_since)
    step = step_of(file.kind, file.stage)
    machine = step.owner == MACHINE
    since = begun(step, file)
    rank, due, deadline = lanes.rank(file.lane, now), None if machine else step.next_timer(since, now), step.deadline(since)
    return Place(file.stage, step.open, machine, step.queue, machine, rank, due, deadline, file.stage_since)


def parked(now: datetime, since: datetime) -> Place:
    """With an operator."""
    return Place(PARKED, True, False, None, False, now, None, None, since)


def begun(step: Step, file: CaseFile) -> datetime:
    """Since when the stage's periods count: by its deadline where it has one, which may have been set anew (queue/timers.py)."""
    return file.deadline - step.within if file.deadline and step.within else file.stage_since


def record(connection: Connection, moves: Sequence[Move], standings: Sequence[Standing]) -> None:
    """Everything that these moves write. The caller's transaction makes it all or nothing."""
    record_moves(connection, moves)
    release(connection, [each.id for each in standings if each.place.stage in LET_GO])
    together = defaultdict(list)
    for each in standings:
        together[each.place].append(each[:-1])
    for shared, rows in together.items():
        connection.execute(PLACE, [*shared, *columns(rows)])


def record_moves(connection: Connection, moves: Sequence[Move]) -> None:
    """The rows of these moves, table by table."""
    for table in TABLES:
        copy(connection, table.name, table.columns, table.rows_of(moves))


def copy(connection: Connection, table: str, columns: str, rows: Sequence[Row]) -> None:
    """COPY these rows; nothing is sent where there are none."""
    if rows:
        with connection.cursor() as cursor, cursor.copy(f"copy {table} ({columns}) from stdin") as stream:
            for row in rows:
                stream.write_row(row)
