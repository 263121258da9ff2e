"""Leases: cases whose stage asks a register elsewhere, while it is asked and no transaction is open.

A lease is the batch's `attempt` with an end. Its cases are not ready meanwhile, so they stand in it alone. The answer
is recorded where the fence holds: the attempt is still this worker's, and the case has the version that it had. The
sweep makes a lease that ended due again, under another number, so that a late answer finds its fence gone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import structlog

from models.database import Connection
from models.errors import Broken, RegisterAway, Unavailable
from workflows.casefile import CaseFile
from workflows.engine.load import CaseRow, case_files
from workflows.evidence import Compared, RegisteredPerson
from workflows.flows import stage_of
from workflows.queue.attempts import REMOVE_FROM_QUEUE, Attempt
from workflows.queue.inhand import in_hand
from workflows.registers.ports import Answer, DeclaredPerson, RemotePopulation

QUESTION = "a question"  # to the population register, which may be elsewhere, and slow
MARGIN = timedelta(seconds=20)  # beyond the longest question: an answer that came in time is recorded in time, too

TAKE = "update attempt set queue = %s, case_ids = %s, ends_at = %s where id = %s and worker_id = %s"
# Of a quarantined attempt, the cases about which the register is not asked yet: they stand in an attempt alone.
LEAVE_REST = """
    insert into attempt (queue, case_ids, at, unanswered, probe, rank)
    select queue, %s, %s, unanswered, probe, rank from attempt where id = %s
"""
FENCE = "select from attempt where id = %s and worker_id = %s and ends_at is not null for update"
IS_PAUSED = "select from paused_queue where queue = %s"
BACK_TO_QUEUE = "update cases set ready = true where id = any(%s)"
LEASE_OVER = "update attempt set ends_at = null where id = %s"
END_LEASES = """
    with ended as (
        delete from attempt where id in (
            select id from attempt where worker_id is not null and ends_at < %s order by id for update skip locked
        )
        returning queue, case_ids, unanswered, probe, rank
    )
    insert into attempt (queue, case_ids, at, unanswered, probe, rank)
    select queue, case_ids, %s, unanswered, probe, rank from ended returning id, cardinality(case_ids)
"""
Question = tuple[str, str | None, str | None, str | None, str | None, date, str]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Lease:
    """The cases of a lease as they stood when it began, and about whom their register is asked."""

    attempt: Attempt
    rows: Sequence[CaseRow]
    files: Sequence[CaseFile]
    people: Sequence[DeclaredPerson]

    def standing(self, now: Sequence[CaseRow]) -> list[tuple[CaseRow, CaseFile]]:
        """Those of its cases that have not changed meanwhile, given their rows now; each row with its file."""
        versions = {row.id: row.version for row in now}
        pairs = zip(self.rows, self.files, strict=True)
        return [(row, file) for row, file in pairs if versions.get(row.id) == row.version]


@dataclass(frozen=True, slots=True)
class Told:
    """What the population register answered, as the port gives it to the stage that decides."""

    answers: Mapping[Question, Compared | Answer | None]

    def compare(self, people: Sequence[DeclaredPerson]) -> Sequence[Compared | Answer | None]:
        """See `ports.PopulationRegister`."""
        return [self.answers.get(question_about(each), Answer.NONE) for each in people]

    def stored(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        """Raises Broken: no stage asks for what a register keeps."""
        raise Broken("A stage asked for what the population register keeps.")


def question_about(person: DeclaredPerson) -> Question:
    """All that a register is told of a declared person."""
    return (
        person.idcs,
        person.given_name_ar,
        person.family_name_ar,
        person.given_name_la,
        person.family_name_la,
        person.birth_date,
        person.birth_precision,
    )


def take(
    connection: Connection, attempt: Attempt, rows: Sequence[CaseRow], register: RemotePopulation, now: datetime
) -> Lease:
    """Leases these locked cases, or as many as the register is asked about at once; the others stay where they stand.

    Raises RegisterAway while the register is left alone, and Unavailable where the attempt is no longer this worker's.
    """
    if (wait := register.left_alone()) is not None:
        raise RegisterAway("The population register is left alone for a while.", wait)
    lease = as_asked(connection, attempt, rows, register.most())
    ids, ends_at = list(lease.attempt.case_ids), now + timedelta(seconds=register.longest) + MARGIN
    rest = [row.id for row in rows[len(ids) :]]
    if rest and attempt.quarantined:
        connection.execute(LEAVE_REST, [rest, now, attempt.id])
    if not connection.execute(TAKE, [attempt.queue, ids, ends_at, attempt.id, attempt.worker_id]).rowcount:
        raise Unavailable("This worker lost its connection meanwhile; its cases are given back.")
    connection.execute(REMOVE_FROM_QUEUE, [ids])
    return lease


def as_asked(connection: Connection, attempt: Attempt, rows: Sequence[CaseRow], most: int) -> Lease:
    """The first of these cases with `most` persons at the most, but one case at the least."""
    files, people, count = case_files(connection, rows[:most]), list[DeclaredPerson](), 0
    for file in files:
        ask = stage_of(file.kind, file.stage).asks
        asked = ask(file) if ask else ()
        if count and len(people) + len(asked) > most:
            break
        people += asked
        count += 1
    leased = replace(attempt, case_ids=[row.id for row in rows[:count]])
    return Lease(leased, rows[:count], files[:count], people)


def ask(lease: Lease, register: RemotePopulation) -> Told:
    """Asks the register; no transaction is open. Raises what the port raises."""
    with in_hand(QUESTION):
        answers = register.compare(lease.people)
    return Told(dict(zip(map(question_about, lease.people), answers, strict=True)))


def holds(connection: Connection, attempt: Attempt) -> bool:
    """Whether the lease is still this worker's; locks it until the transaction ends."""
    return connection.execute(FENCE, [attempt.id, attempt.worker_id]).rowcount > 0


def is_paused(connection: Connection, queue: str) -> bool:
    """Whether an operator paused the queue meanwhile."""
    return connection.execute(IS_PAUSED, [queue]).rowcount > 0


def end_leases(connection: Connection, now: datetime) -> int:
    """Makes the cases of leases that ended due again, in attempts of other numbers; returns the number of leases."""
    ended = connection.execute(END_LEASES, [now, now]).fetchall()
    for number, cases in ended:
        log.warning("a lease ended without an answer; its cases are due again", attempt=number, cases=cases)
    return len(ended)
