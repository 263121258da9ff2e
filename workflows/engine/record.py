"""Records decisions, set by set: events, register rows, messages owed, and the queue state of each case."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from models.arrays import columns
from models.database import Connection
from models.days import day_of
from models.errors import Broken
from models.tables import binary_types
from workflows.casefile import CaseFile
from workflows.engine import lanes
from workflows.engine.projections import PROJECTIONS, Row, Transition, Transitions
from workflows.events.enrolment import PersonEnrolled
from workflows.events.registration import HouseholdApproved, NothingSuspicious, PersonAwaited
from workflows.events.update import HouseholdChanged, HouseholdEnded
from workflows.flows import FLOWS, PARKED, stage_of
from workflows.flows.grammar import MACHINE, Stage
from workflows.population.life import Told, born
from workflows.registers.period_rows import write_changes
from workflows.registers.periods import PeriodChange, Span
from workflows.registers.person_claims import release
from workflows.registers.person_moves import ENDED, Settled, forget_waits, settle


class QueueState(NamedTuple):
    """Where a case stands in the queue: the columns that UPDATE sets, in order.

    Most cases of a batch share one state, and one statement updates all that share it.
    """

    stage: str
    open: bool
    machine: bool
    queue: str | None
    ready: bool
    rank: datetime
    due_at: datetime | None
    deadline: datetime | None
    stage_since: datetime
    lane: int
    waiting: bool = False  # for another case of its household, which is in the machine


class CaseUpdate(NamedTuple):
    """The new values of a case's row, after its last transition."""

    id: int
    version: int
    head: bytes
    body_number: int
    kind: str
    state: QueueState


UPDATE = """
    update cases set stage = %s, open = %s, machine = %s, queue = %s, ready = %s, rank = %s, due_at = %s, deadline = %s,
        stage_since = %s, lane = %s, waiting = %s, version = now.version, head = now.head, body_number = now.body_number
    from unnest(%s::bigint[], %s::int[], %s::bytea[], %s::int[]) as now (id, version, head, body_number)
    where cases.id = now.id
"""


def queue_state(file: CaseFile, now: datetime) -> QueueState:
    """The queue state of this file: ready in a queue, waiting for a timer or an operator, or ended."""
    if file.stage == PARKED:
        return parked_state(now, file.stage_since, file.lane)
    stage = stage_of(file.kind, file.stage)
    machine = stage.owner == MACHINE
    since = periods_begin(stage, file)
    return QueueState(
        file.stage,
        stage.open,
        machine,
        stage.queue,
        machine,
        lanes.rank(file.lane, now),
        None if machine else stage.next_timer(since, now),
        stage.deadline(since),
        file.stage_since,
        file.lane,
    )


def parked_state(now: datetime, since: datetime, lane: int) -> QueueState:
    """The queue state of a parked case, which waits for an operator."""
    return QueueState(PARKED, True, False, None, False, now, None, None, since, lane)


def periods_begin(stage: Stage, file: CaseFile) -> datetime:
    """The moment from which the periods of the stage count.

    It follows from the deadline if the stage has one, because the sweep may have reset it (queue/timers.py).
    """
    return file.deadline - stage.within if file.deadline and stage.within else file.stage_since


def record(connection: Connection, transitions: Sequence[Transition], updates: Sequence[CaseUpdate]) -> None:
    """Writes these transitions and the new rows of their cases. The caller's transaction makes it all or nothing."""
    made = Transitions(transitions)
    record_transitions(connection, made)
    settle_households(connection, made)
    tell_births(connection, made)
    ended = [each.id for each in updates if not holds_persons(each.kind, each.state.stage) and ever_holds(each.kind)]
    release(connection, ended)
    rows_by_state = defaultdict(list)
    for each in updates:
        rows_by_state[each.state].append(each[:4])
    for state, rows in rows_by_state.items():
        connection.execute(UPDATE, [*state, *columns(rows)])


def holds_persons(kind: str, stage: str) -> bool:
    """Whether a case of this kind holds its persons at this stage; a parked case does."""
    return stage == PARKED or stage_of(kind, stage).holds_persons


@cache
def ever_holds(kind: str) -> bool:
    """Whether a case of this kind holds persons at any stage."""
    return any(stage.holds_persons for stage in FLOWS[kind].stages.values())


def settle_households(connection: Connection, transitions: Transitions) -> None:
    """Writes what changed households do to the past that the register knows, and to who holds their members."""
    changed = transitions.by(HouseholdChanged, HouseholdEnded)
    changes = {each.case.household_id or 0: change_of_periods(each) for each in changed}
    if len(changes) < len(changed):
        raise Broken("Two cases changed one household in one transaction, though the cases of a household take turns.")
    if changes:
        write_changes(connection, changes)
    moving = transitions.by(HouseholdApproved, HouseholdChanged, HouseholdEnded)
    if settled := [found for each in moving if (found := settled_by(each))]:
        settle(connection, settled)


def tell_births(connection: Connection, transitions: Transitions) -> None:
    """Tells the partners of the population register of the newborns who came into it, each with the parent who came.

    Parents are locked in the order of their identifiers.
    """
    for each in sorted(transitions.by(PersonEnrolled), key=lambda each: each.case.body.parent or ""):
        recorded, body = each.sealed.recorded, each.case.body
        assert isinstance(recorded.event, PersonEnrolled)
        if body.is_newborn(day_of(recorded.at)):
            told = Told(recorded.at, recorded.actor, body.birth_date if body.birth_precision == "day" else None)
            born(connection, recorded.event.idcs, told, body.parent)


def change_of_periods(transition: Transition) -> PeriodChange:
    """What a change or end of a household does to its periods."""
    event = transition.sealed.recorded.event
    assert isinstance(event, HouseholdChanged | HouseholdEnded)
    past = event.past
    return PeriodChange(
        past.known_from, past.closed, tuple(Span(each.version, each.since, each.until) for each in past.added)
    )


def settled_by(transition: Transition) -> Settled | None:
    """Who holds whom after this event, where that is more than that the case holds whom it claimed."""
    event, case = transition.sealed.recorded.event, transition.case
    if isinstance(event, HouseholdEnded):
        return Settled(case.household_id or 0, case.id, ENDED, ())
    assert isinstance(event, HouseholdApproved | HouseholdChanged)
    screened = case.last(NothingSuspicious)
    if event.version == 1 and not screened.taken_over:
        return None
    return Settled(case.household_id or 0, case.id, event.version, case.body.persons)


def record_transitions(connection: Connection, transitions: Transitions) -> None:
    """Writes the rows of these transitions, table by table."""
    forget_waits(connection, [each.case.id for each in transitions.all if PersonAwaited in each.case.past])
    for table in PROJECTIONS:
        copy(connection, table.name, table.columns, table.rows_of(transitions))


def copy(connection: Connection, table: str, columns: str, rows: Sequence[Row]) -> None:
    """Writes these rows with COPY; sends nothing where there are none.

    It uses COPY's binary format where it can: bytes and instants cost both sides less in it.
    """
    if not rows:
        return
    types = binary_types(table, columns)
    statement = f"copy {table} ({columns}) from stdin{' (format binary)' if types else ''}"
    with connection.cursor() as cursor, cursor.copy(statement) as stream:
        if types:
            stream.set_types(types)
        for row in rows:
            stream.write_row(row)
