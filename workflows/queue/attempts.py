"""Attempts: which worker works on which cases, written on a connection of its own before the work begins.

So the sweep finds what a worker held when it died. A worker holds an advisory lock on its number for as long as its
process lives; a session that can take that lock knows that the worker is dead or has lost its connection.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from models import clock
from models.connection import DURABLE, PROCESS
from models.database import Connection, autocommit_connection, follow_clock, is_disconnect, scalar, unavailable
from models.errors import Unavailable
from workflows.queue.inhand import in_hand

WORKER_LOCK = 7218  # first key of the advisory locks on workers; the number of the law
HAND_OVER_SECONDS = 5.0  # that a process which ends waits until it can hand over


def lock_is_free(number: str) -> str:
    """SQL: whether no session has the lock of the worker of this number. No lock can have a number out of range."""
    return (
        f"case when {number} between 0 and 2147483647 "
        f"then pg_try_advisory_xact_lock({WORKER_LOCK}, {number}::int) else true end"
    )


INSERT_WORKER = """
    insert into worker (process, host, pid, queues, since, seen_at, counters)
        values (%s, %s, %s, %s, %s, %s, '{}') returning id
"""
UPDATE_WORKER = f"""
    update worker set seen_at = %s, counters = %s,
        synchronous_commit = case when mine in {DURABLE} then coalesce(%s, mine) else mine end
    from current_setting('synchronous_commit') as mine where id = %s
"""
DELETE_WORKER = "delete from worker where id = %s"
DELETE_IDLE_WORKER = "delete from worker where id = %s and not exists (select from attempt where worker_id = %s)"
# Workers that have sent no heartbeat for so long, hold nothing and do not live.
FROM_GONE_WORKERS = f"""
    from worker where seen_at < %s
        and not exists (select from attempt where worker_id = worker.id) and {lock_is_free("id")}
"""
INSERT_ATTEMPT = "insert into attempt (worker_id, queue, case_ids, at) values (%s, %s, %s, %s) returning id"
DELETE_ATTEMPT = "delete from attempt where id = %s"
# Only where it is this worker's still, and no lease: the cases of a lease stand nowhere else.
END_ATTEMPT = "delete from attempt where id = %s and worker_id = %s and ends_at is null"
QUARANTINE_AGAIN = "update attempt set worker_id = null where id = %s"
QUARANTINE_UNTIL = "update attempt set worker_id = null, at = %s where id = %s"
QUARANTINE_ALL_OF_WORKER = "update attempt set worker_id = null where worker_id = %s"
QUARANTINE_HALVES = """
    with whole as (delete from attempt where id = %s returning queue, coalesce(%s, at) as at)
    insert into attempt (worker_id, queue, case_ids, at)
    select null, queue, half, at from whole cross join (values (%s::bigint[]), (%s::bigint[])) as halves (half)
"""
QUARANTINE_SINGLY = """
    with whole as (delete from attempt where id = %s returning queue, case_ids, at, unanswered, rank)
    insert into attempt (queue, case_ids, at, unanswered, rank)
    select queue, array[case_id], %s, unanswered, rank from whole, unnest(case_ids) as case_id
"""
QUARANTINE_UNANSWERED = """
    insert into attempt (queue, case_ids, at, unanswered, rank)
    select %s, %s, %s, true, (select min(rank) + %s from cases where id = any(%s))
"""
INSERT_PROBE = "insert into attempt (queue, case_ids, at, probe) values (%s, %s, %s, true)"
REMOVE_FROM_QUEUE = "update cases set ready = false, due_at = null where id = any(%s)"
# Of attempts with cases at a held stage, workers take probes alone (workflows/queue/holds.py).
QUARANTINED_NOT_HELD = """
    (probe or not exists (select from held_stage h join cases c using (kind, stage) where c.id = any(attempt.case_ids)))
"""
FROM_DUE = f"""
    from attempt where worker_id is null and queue = any(%s) and at <= %s
        and queue not in (select queue from paused_queue) and {QUARANTINED_NOT_HELD}
"""
# By the index, kind by kind: `offset 0` keeps the planner from reading all that are due, which may be many.
KINDS_DUE = f"""
    select kind from (values (false), (true)) as kinds (kind)
    where exists (select {FROM_DUE} and unanswered = kind offset 0)
"""
TAKE_FAILED = f"""
    update attempt set worker_id = %s, at = %s, ends_at = null
    where id = (select id {FROM_DUE} and not unanswered order by at, id limit 1 for update skip locked)
    returning id, queue, case_ids
"""
# Half of all threads may ask about unanswered cases at a time, but always one: each question may take long, and other
# cases wait for answers, too.
TAKE_UNANSWERED = f"""
    update attempt set worker_id = %s, at = %s, ends_at = null
    where (select count(*) from attempt where worker_id is not null and unanswered) * 2
        < greatest(2, %s * (select count(*) from worker))
    and id = (select id {FROM_DUE} and unanswered order by rank, at, id limit 1 for update skip locked)
    returning id, queue, case_ids
"""
# The cases of an attempt that was none before its lease are ready again, in key order.
UNDO_LEASE = """
    with held as (
        update attempt set ends_at = null where id = %s and worker_id = %s and ends_at is not null
        returning queue, case_ids
    ), back as (
        select c.id from cases c, held where %s and c.id = any(held.case_ids) and c.queue = held.queue and c.open
            and c.stage <> 'parked' and c.due_at is null and not c.waiting order by c.id for update of c
    )
    update cases set ready = true from back where cases.id = back.id
"""
MAKE_UNANSWERED_DUE = "update attempt set at = %s where worker_id is null and unanswered and queue = %s and at > %s"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A batch that a worker began.

    `quarantined`: it was quarantined before, so those of its cases that did not move on stand in no queue, only here.
    """

    id: int
    queue: str
    case_ids: Sequence[int]
    quarantined: bool = False
    worker_id: int | None = None


@dataclass(slots=True)
class Attempts:
    """The attempts of one worker process; its threads share the connection.

    Every method raises Unavailable while the database is away.
    """

    host: str
    pid: int
    queues: Collection[str]
    since: datetime
    process: str = PROCESS
    threads: int = 1  # of this worker process, and of each other, that work batches
    worker_id: int | None = None
    connection: Connection | None = None
    # Statements that could not run because the table was locked; the next heartbeat runs them.
    postponed: list[tuple[str, list[object]]] = field(default_factory=list)
    # A thread holds it from asking for the worker's number to writing it down: the number changes with the connection.
    lock: RLock = field(default_factory=RLock)

    def begin(self, queue: str, case_ids: Sequence[int], now: datetime) -> Attempt:
        """Writes down that this worker begins on these cases."""
        with self.lock:
            number = self.sign_on_once()
            (row,) = self.execute(INSERT_ATTEMPT, [number, queue, list(case_ids), now])
        return Attempt(row[0], queue, case_ids, worker_id=number)

    def give_back(self, attempt: Attempt) -> None:
        """Gives cases back unchanged: the quarantined ones into quarantine, the others into their queue."""
        if attempt.quarantined:
            self.execute_or_postpone(QUARANTINE_AGAIN, [attempt.id])
        else:
            self.execute_or_postpone(END_ATTEMPT, [attempt.id, attempt.worker_id])

    def put_off(self, attempt: Attempt, until: datetime) -> None:
        """Quarantines a quarantined attempt again, as it is, until this moment."""
        self.execute_or_postpone(QUARANTINE_UNTIL, [until, attempt.id])

    def end(self, attempt: Attempt) -> None:
        """Deletes an attempt whose cases are where the work put them."""
        self.execute(END_ATTEMPT, [attempt.id, attempt.worker_id])

    def end_lease(self, attempt: Attempt) -> None:
        """Ends a lease of which nothing was recorded: its cases stand again where they stood before it.

        Where this is not possible now, the lease ends at its own end.
        """
        self.execute(UNDO_LEASE, [attempt.id, attempt.worker_id, not attempt.quarantined])

    def halve(self, attempt: Attempt, until: datetime | None = None) -> None:
        """Quarantines both halves of a quarantined attempt in one statement, because its cases stand nowhere else."""
        self.execute(QUARANTINE_HALVES, [attempt.id, until, *map(list, halves(attempt.case_ids))])

    def split_into_cases(self, attempt: Attempt, until: datetime) -> None:
        """Quarantines each case of a quarantined attempt by itself, so that a slow register is asked once about each.

        Halving would ask about the same case several times.
        """
        self.execute(QUARANTINE_SINGLY, [attempt.id, until])

    def kinds_due(self, queues: Collection[str], now: datetime) -> set[bool]:
        """Which kinds of quarantined attempts are due: True for unanswered cases, False for all others."""
        return {unanswered for (unanswered,) in self.execute(KINDS_DUE, [list(queues), now])}

    def take_quarantined(self, queues: Collection[str], now: datetime, unanswered: bool = False) -> Attempt | None:
        """Takes the next quarantined attempt that is due: failed cases, or unanswered ones.

        It takes no unanswered ones while half of all threads ask about such cases already.
        """
        with self.lock:
            number = self.sign_on_once()
            statement, first = (
                (TAKE_UNANSWERED, [number, now, self.threads]) if unanswered else (TAKE_FAILED, [number, now])
            )
            rows = self.execute(statement, [*first, list(queues), now])
        return Attempt(rows[0][0], rows[0][1], rows[0][2], quarantined=True, worker_id=number) if rows else None

    def ask_again_soon(self, queue: str, now: datetime) -> None:
        """Makes all unanswered cases of this queue due, because their register answers again."""
        self.execute(MAKE_UNANSWERED_DUE, [now, queue, now])

    def heartbeat(self, now: datetime, counters: Mapping[str, float], durability: str | None = None) -> None:
        """Writes down that the worker lives, its counters, and the `synchronous_commit` of its pool's sessions."""
        with self.lock, self.translated_errors():
            while self.postponed:
                self.execute(*self.postponed[0])
                self.postponed.pop(0)
            self.execute(UPDATE_WORKER, [now, Jsonb(dict(counters)), durability, self.sign_on_once()])
            assert self.connection is not None
            follow_clock(self.connection)

    def sign_off(self) -> None:
        """Deletes the row of a worker that ends and holds nothing, and closes its connection."""
        if self.connection is not None and self.worker_id is not None:
            self.execute(DELETE_IDLE_WORKER, [self.worker_id] * 2)
            self.connection.close()

    def sign_on_once(self) -> int:
        """The worker's number; signs on where the worker has none yet, or lost the connection that held its lock."""
        with self.lock:
            if self.worker_id is None or self.connection is None or self.connection.closed:
                self.sign_on()
            assert self.worker_id is not None
            return self.worker_id

    def sign_on(self) -> None:
        """Inserts the worker's row, takes the lock on its number, and quarantines what it held under an older number.

        A worker that lost its connection did not die, so no case has a try counted. The new number counts only once all
        of this is done: a worker that fails here tries again, and forgets no attempt of the older number.
        """
        with self.translated_errors():
            self.connection = autocommit_connection()
            worker = [self.process, self.host, self.pid, sorted(self.queues), self.since, clock.now()]
            try:
                number = scalar(self.connection, INSERT_WORKER, worker)
                self.connection.execute("select pg_advisory_lock(%s, %s)", [WORKER_LOCK, number])
                self.connection.execute(QUARANTINE_ALL_OF_WORKER, [self.worker_id])
                self.connection.execute(DELETE_WORKER, [self.worker_id])
            except psycopg.Error:
                self.connection.close()
                raise
            self.worker_id = number
            self.postponed.clear()

    def hand_over(self) -> None:
        """Quarantines what this worker holds, because its process ends and none of these cases is to blame.

        Where a thread that hangs has the lock, the sweep finds these cases later.
        """
        if self.lock.acquire(timeout=HAND_OVER_SECONDS):
            self.execute(QUARANTINE_ALL_OF_WORKER, [self.sign_on_once()])

    def execute_or_postpone(self, statement: str, parameters: list[object]) -> None:
        """Executes a statement; where that is not possible now, the next heartbeat does."""
        try:
            self.execute(statement, parameters)
        except Unavailable:
            with self.lock:
                self.postponed.append((statement, parameters))
            raise

    def execute(self, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Executes one statement, which commits by itself, and returns its rows."""
        with self.lock, self.translated_errors():
            self.sign_on_once()
            assert self.connection is not None
            cursor = self.connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Raises Unavailable where the database is away or locked; closes a lost connection, so that the next call
        signs on again.
        """
        try:
            with in_hand("its attempts"):
                yield
        except psycopg.Error as error:
            if is_disconnect(error) and self.connection is not None:
                self.connection.close()
            if (away := unavailable(error)) is None:
                raise
            raise away from error


def count_gone_workers(connection: Connection, seen_before: datetime) -> int:
    """Counts the rows of workers that are gone and were last seen before this moment."""
    return int(scalar(connection, f"select count(*) {FROM_GONE_WORKERS}", [seen_before]))


def delete_gone_workers(connection: Connection, seen_before: datetime) -> int:
    """Deletes the rows of workers that are gone and were last seen before this moment; returns their number."""
    return connection.execute(f"delete {FROM_GONE_WORKERS}", [seen_before]).rowcount


def quarantine(connection: Connection, queue: str, case_ids: Sequence[int], at: datetime) -> None:
    """Quarantines cases in two halves, which workers take from `at` on.

    Halving finds the case that killed a worker in as many steps as the batch's size has binary digits.
    """
    connection.execute(REMOVE_FROM_QUEUE, [list(case_ids)])
    for half in halves(case_ids):
        if half:
            connection.execute(INSERT_ATTEMPT, [None, queue, list(half), at])


def quarantine_unanswered(
    connection: Connection, queue: str, pieces: Sequence[Sequence[int]], now: datetime, wait: timedelta = timedelta(0)
) -> None:
    """Quarantines cases about which a register gave no answer; a worker asks about each piece by itself after the wait.

    Cases that become ready during the wait go first.
    """
    connection.execute(REMOVE_FROM_QUEUE, [[case_id for piece in pieces for case_id in piece]])
    for piece in pieces:
        connection.execute(QUARANTINE_UNANSWERED, [queue, list(piece), now + wait, wait, list(piece)])


def halves(case_ids: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """The first half and the second; of one case, itself and nothing."""
    middle = (len(case_ids) + 1) // 2
    return case_ids[:middle], case_ids[middle:]
