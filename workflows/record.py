"""Writing down what was decided: events, register rows, messages owed and where each case stands now, set by set, in one transaction."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from models.database import Connection
from workflows import lanes
from workflows.arrays import columns
from workflows.casefile import CaseFile
from workflows.chain import Sealed
from workflows.events import HouseholdApproved, ScoreComputed
from workflows.flow import MACHINE, PARKED, Step, step_of
from workflows.ports import Notice
from workflows.social_register import LocalSocialRegister


class Move(NamedTuple):
    """One decision: the file it was made on, the event as stored, the notices it makes owed."""

    case: CaseFile
    sealed: Sealed
    notices: Sequence[Notice]


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
        return Place(PARKED, True, False, None, False, now, None, None, file.stage_since)
    step = step_of(file.kind, file.stage)
    machine = step.owner == MACHINE
    rank, due, deadline = lanes.rank(file.lane, now), timer(step, file, now), step.deadline(file.stage_since)
    return Place(file.stage, step.open, machine, step.queue, machine, rank, due, deadline, file.stage_since)


def timer(step: Step, file: CaseFile, now: datetime) -> datetime | None:
    """When to look at it again if nobody speaks."""
    return None if step.owner == MACHINE else step.next_timer(file.stage_since, now)


def record(connection: Connection, moves: Sequence[Move], standings: Sequence[Standing]) -> None:
    """Everything that these moves write. The caller's transaction makes it all or nothing."""
    record_moves(connection, moves)
    letting_go = [each.id for each in standings if each.place.stage in LET_GO]
    if letting_go:
        LocalSocialRegister(connection).release(letting_go)
    together = defaultdict(list)
    for each in standings:
        together[each.place].append(each[:-1])
    for shared, rows in together.items():
        connection.execute(PLACE, [*shared, *columns(rows)])


def record_moves(connection: Connection, moves: Sequence[Move]) -> None:
    """The rows of these moves, table by table."""
    for table in TABLES:
        copy(connection, table.name, table.columns, (row for move in moves for row in table.rows(move)))


# Where a case stands that holds nobody: another household may claim these persons meanwhile.
LET_GO = {"needs_correction", "under_review", "withdrawn", "lapsed", "rejected"}


class Table(NamedTuple):
    """A table that moves write to: its columns, and the rows of one move."""

    name: str
    columns: str
    rows: Callable[[Move], Iterable[tuple[Any, ...]]]


def copy(connection: Connection, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """COPY these rows; nothing is sent where there are none."""
    waiting = list(rows)
    if waiting:
        with connection.cursor() as cursor, cursor.copy(f"copy {table} ({columns}) from stdin") as stream:  # type: ignore[arg-type]
            for row in waiting:
                stream.write_row(row)


def event_rows(move: Move) -> Iterable[tuple[Any, ...]]:
    """The event itself."""
    s = move.sealed
    yield s.case_id, s.recorded.seq, s.kind, s.recorded.at, s.recorded.actor, s.evidence.decode(), s.facts.decode(), s.salt, s.commitment, s.hash


def message_rows(move: Move) -> Iterable[tuple[Any, ...]]:
    """The messages that it makes owed."""
    s = move.sealed
    for notice in move.notices:
        yield s.case_id, s.recorded.seq, notice.template, notice.channel, notice.language, notice.recipient, notice.body, s.recorded.at


def score_rows(move: Move) -> Iterable[tuple[Any, ...]]:
    """A score, beside the facts that explain it."""
    event = move.sealed.recorded.event
    if isinstance(event, ScoreComputed):
        yield move.case.id, move.sealed.recorded.seq, move.case.household_id, event.score, event.policy, move.sealed.recorded.at


def household_rows(move: Move) -> Iterable[tuple[Any, ...]]:
    """A household that enters the register."""
    event = move.sealed.recorded.event
    if isinstance(event, HouseholdApproved) and event.version == 1:
        yield move.case.household_id, move.case.id, move.sealed.recorded.at


def version_rows(move: Move) -> Iterable[tuple[Any, ...]]:
    """A household's version: true from when it was declared, known from now."""
    event = move.sealed.recorded.event
    if isinstance(event, HouseholdApproved):
        case, declared = move.case, move.case.declaration
        yield (
            case.household_id, event.version, f"[{case.submitted_at},)", f"[{move.sealed.recorded.at},)",
            case.id, declared.milieu, declared.region, declared.commune, len(declared.members),
        )  # fmt: skip


def member_rows(move: Move) -> Iterable[tuple[Any, ...]]:
    """Its members, under the names they were declared with."""
    event = move.sealed.recorded.event
    if isinstance(event, HouseholdApproved):
        for position, member in enumerate(move.case.declaration.members):
            given, family = (member.given_name_ar, member.family_name_ar)
            if not (given and family):
                given, family = member.given_name_la, member.family_name_la
            yield move.case.household_id, event.version, position, member.idcs, f"{given} {family}", member.relationship, True


def eligibility_rows(move: Move) -> Iterable[tuple[Any, ...]]:
    """Which thresholds it meets."""
    event = move.sealed.recorded.event
    if isinstance(event, HouseholdApproved):
        for each in event.eligibilities:
            yield move.case.household_id, event.version, each.programme, each.eligible, each.threshold, each.policy


TABLES = (
    Table("event", "case_id, seq, kind, at, actor, evidence, facts, salt, commitment, hash", event_rows),
    Table("score", "case_id, seq, household_id, value, policy, computed_at", score_rows),
    Table("household", "id, registered_by, registered_at", household_rows),
    Table("household_version", "household_id, version, valid, known, case_id, milieu, region, commune, size", version_rows),
    Table("household_member", "household_id, version, position, idcs, name, relationship, active", member_rows),
    Table("eligibility", "household_id, version, programme, eligible, threshold, policy", eligibility_rows),
    Table("message", "case_id, seq, template, channel, language, recipient, body, due_at", message_rows),
)

