"""The engine: gathers what the stages of a batch need, lets them decide, records it.

Nobody else changes a case's stage.

A batch is one transaction and is carried through every stage that this worker serves. What fails is halved until it
fails alone; what fails alone is tried again later and in the end parked. See docs/engine.md.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from models.database import Connection
from models.errors import Refused, Stale
from workflows.casefile import CaseFile
from workflows.engine.chain import seal
from workflows.engine.load import COLUMNS, CaseRow, case_files
from workflows.engine.messages import enter
from workflows.engine.projections import EVENTS, Transition, event_row
from workflows.engine.record import CaseUpdate, QueueState, case_update, copy, record
from workflows.events import Event, Recorded
from workflows.evidence import Evidence
from workflows.flows import PARKED, stage_of
from workflows.registers.ports import Adapters, Notices, Ports
from workflows.registers.social import LocalSocialRegister


@dataclass(slots=True)
class CaseInProgress:
    """One case on its way through a transaction: the file as it is now, the head of its chain, the moves made."""

    file: CaseFile
    head: bytes
    transitions: list[Transition] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What a batch came to: how many cases moved, the queues that have work now, and how many messages are owed."""

    cases: int = 0
    next_queues: frozenset[str] = frozenset()
    messages: int = 0


def work(
    connection: Connection, rows: Sequence[CaseRow], outside: Adapters, now: datetime, stages: Collection[str]
) -> BatchOutcome:
    """Decides on these locked cases, carries them on through every one of these stages, and records it all.

    The caller commits.
    """
    ports = Ports(now, outside.population(connection), LocalSocialRegister(connection))
    courses = [CaseInProgress(file, row.head) for file, row in zip(case_files(connection, rows), rows, strict=True)]
    under_way = courses
    while under_way:
        for stage, group in by_stage(under_way):
            decide_all(stage, group, ports, outside.notices)
        under_way = [each for each in under_way if each.file.stage in stages]
    moved = [course for course in courses if course.transitions]
    return write(connection, moved, now)


def by_stage(courses: Sequence[CaseInProgress]) -> list[tuple[tuple[str, str], list[CaseInProgress]]]:
    """The courses that stand at the same stage of the same flow, together, in the order of their stages' names."""
    together: dict[tuple[str, str], list[CaseInProgress]] = defaultdict(list)
    for course in courses:
        together[course.file.kind, course.file.stage].append(course)
    return [(stage, together[stage]) for stage in sorted(together)]


def decide_all(stage: tuple[str, str], courses: Sequence[CaseInProgress], ports: Ports, notices: Notices) -> None:
    """One question for all, then one decision each."""
    step = stage_of(*stage)
    evidence = step.gather([course.file for course in courses], ports)
    for course in courses:
        decide(course, evidence[course.file.id], notices)


def decide(course: CaseInProgress, evidence: Evidence, notices: Notices) -> Event:
    """Asks the stage, and makes the move that the map shows. Raises Refused where the map knows no such answer here."""
    step = stage_of(course.file.kind, course.file.stage)
    decision = step.handlers.get(type(evidence))
    if decision is None:
        raise Refused("not_possible_now", f"This is not possible while the case is '{course.file.stage}'.")
    event = decision(course.file, evidence)
    apply(course, event, step.transitions[type(event)], evidence, notices)
    return event


def apply(course: CaseInProgress, event: Event, to: str, evidence: Evidence, notices: Notices) -> None:
    """Chains the event to the case and moves the file on."""
    file = course.file
    recorded = Recorded(file.version + 1, evidence.at, evidence.by, event)
    messages = [enter(notice, recorded.at) for notice in notices(file, recorded)]
    owed = b"".join([each.digest for each in messages]) if messages else b""
    sealed = seal(course.head, file.id, recorded, evidence, owed)
    course.transitions.append(Transition(file, sealed, messages))
    course.file, course.head = file.after(recorded, to), sealed.hash


def write(connection: Connection, courses: Sequence[CaseInProgress], now: datetime) -> BatchOutcome:
    """Records the moves of these courses and where each case stands now."""
    moves = [apply for course in courses for apply in course.transitions]
    standings = [case_update(course.file, course.head, now) for course in courses]
    if moves:
        record(connection, moves, standings)
    return BatchOutcome(len(courses), queues_of(standings), sum(len(each.messages) for each in moves))


def queues_of(standings: Sequence[CaseUpdate]) -> frozenset[str]:
    """The queues that these cases are due in."""
    return frozenset(each.state.queue for each in standings if each.state.ready and each.state.queue)


# One case ------------------------------------------------------------------------------------------

LOCK = f"select {COLUMNS} from cases where id = any(%s) order by id for update"
HEAD = "update cases set version = %s, head = %s where id = %s"


def advance(
    connection: Connection, case_id: int, version: int, evidence: Evidence, notices: Notices
) -> tuple[Event, CaseFile, BatchOutcome]:
    """One case, on a person's word.

    Raises Stale where `version` is no longer the case's, Refused where a rule forbids it.

    A double click, a repeated message and a colleague who was faster are the same thing: Stale, nothing changed.

    """
    row = lock(connection, case_id, version)
    if row.stage == PARKED:
        raise Refused(
            "not_possible_now",
            "The application waits for our operators; it goes on as soon as they have mended what held it up.",
        )
    (file,) = case_files(connection, [row])
    course = CaseInProgress(file, row.head)
    event = decide(course, evidence, notices)
    return event, course.file, write(connection, [course], evidence.at)


def append(
    connection: Connection, row: CaseRow, event: Event, evidence: Evidence, place: QueueState | None = None
) -> None:
    """Chains an event beside the map to a locked case, by its row alone: also where its file cannot be loaded, or no
    map knows its stage.

    The case stays where it stands, unless a `place` is given.

    """
    seq = row.version + 1
    sealed = seal(row.head, row.id, Recorded(seq, evidence.at, evidence.by, event), evidence)
    copy(connection, EVENTS.name, EVENTS.columns, [event_row(sealed)])
    if place:
        record(connection, [], [CaseUpdate(row.id, seq, sealed.hash, row.declaration, place)])
    else:
        connection.execute(HEAD, [seq, sealed.hash, row.id])


def lock(connection: Connection, case_id: int, version: int | None = None) -> CaseRow:
    """The case's row, held until the transaction ends. Raises Stale where it is gone or has another version."""
    row = next(iter(lock_all(connection, [case_id])), None)
    if row is None or (version is not None and row.version != version):
        now = f" It is at version {row.version} now." if row else ""
        raise Stale(f"The case has moved on meanwhile; nothing was changed.{now}")
    return row


def lock_all(connection: Connection, case_ids: Sequence[int]) -> list[CaseRow]:
    """The rows of these cases in key order, held until the transaction ends."""
    return [CaseRow(*row) for row in connection.execute(LOCK, [list(case_ids)])]
