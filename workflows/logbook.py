"""Who works on what, written on a connection of its own before the work begins: what is left of a worker that dies.

A worker holds an advisory lock on its number for as long as its process lives. Whoever can take that lock knows that it is dead.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

import psycopg
from psycopg.types.json import Jsonb

from models.database import Connection, dial
from models.errors import Unavailable

WORKER_LOCK = 7218  # first key of the advisory locks on workers; the number of the law

SIGN_ON = "insert into worker (host, pid, queues, since, seen_at, counters) values (%s, %s, %s, %s, %s, '{}') returning id"
ENTER = "insert into attempt (worker_id, queue, case_ids, at) values (%s, %s, %s, %s) returning id"
LEAVE = "delete from attempt where id = %s"
TAKE = """
    update attempt set worker_id = %s, at = %s
    where id = (
        select id from attempt where worker_id is null and queue = any(%s) and at <= %s
        and queue not in (select queue from paused_queue) order by at, id limit 1 for update skip locked
    )
    returning id, queue, case_ids
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A batch as it stands in the book; `apart`: the rest of a batch whose worker died."""

    id: int
    queue: str
    case_ids: Sequence[int]
    apart: bool = False


@dataclass(slots=True)
class Logbook:
    """One worker process's own pages. Its threads share the connection. Raises Unavailable while the database is away."""

    host: str
    pid: int
    queues: Collection[str]
    since: datetime
    worker_id: int | None = None
    connection: Connection | None = None
    lock: Lock = field(default_factory=Lock)

    def enter(self, queue: str, case_ids: Sequence[int], now: datetime) -> Attempt:
        """This worker begins on these cases."""
        (row,) = self.run(ENTER, [self.number(), queue, list(case_ids), now])
        return Attempt(row[0], queue, case_ids)

    def leave(self, attempt: Attempt) -> None:
        """It ended without a result of its own (the work's transaction was rolled back, or there was nothing to do)."""
        self.run(LEAVE, [attempt.id])

    def take(self, queues: Collection[str], now: datetime) -> Attempt | None:
        """Half of a dead worker's batch, to be worked apart from all others."""
        rows = self.run(TAKE, [self.number(), now, list(queues), now])
        return Attempt(rows[0][0], rows[0][1], rows[0][2], apart=True) if rows else None

    def seen(self, now: datetime, counters: Mapping[str, float]) -> None:
        """The worker is alive, and has done so much."""
        self.run("update worker set seen_at = %s, counters = %s where id = %s", [now, Jsonb(dict(counters)), self.number()])

    def sign_off(self) -> None:
        """The worker ends in good order."""
        if self.connection is not None and self.worker_id is not None:
            self.run("delete from worker where id = %s and not exists (select from attempt where worker_id = %s)", [self.worker_id] * 2)
            self.connection.close()

    def number(self) -> int:
        """This worker's number: a new one after every lost connection, because the lock went with it."""
        with self.lock:
            if self.worker_id is None or self.connection is None or self.connection.closed:
                self.sign_on()
            assert self.worker_id is not None
            return self.worker_id

    def sign_on(self) -> None:
        """A row, and the lock that says that it lives."""
        try:
            self.connection = dial()
            row = self.connection.execute(SIGN_ON, [self.host, self.pid, sorted(self.queues), self.since, self.since]).fetchone()
            assert row is not None
            self.worker_id = row[0]
            self.connection.execute("select pg_advisory_lock(%s, %s)", [WORKER_LOCK, self.worker_id])
        except psycopg.OperationalError as error:
            raise Unavailable("The database does not answer.") from error

    def run(self, statement: str, parameters: Sequence[object]) -> list[tuple[object, ...]]:
        """One statement, committed by itself."""
        self.number()
        with self.lock:
            assert self.connection is not None
            try:
                cursor = self.connection.execute(statement, parameters)  # type: ignore[arg-type]
                return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError as error:
                self.connection.close()
                raise Unavailable("The database does not answer.") from error


# What the dead leave ------------------------------------------------------------------------------

DEAD = """
    select id, queue, case_ids from attempt
    where worker_id in (
        select w from (select distinct worker_id as w from attempt where worker_id is not null) as holders
        where pg_try_advisory_xact_lock(%s, w::int)
    )
    for update skip locked
"""
STILL_DUE = """
    select id from cases
    where id = any(%s) and open and stage <> 'parked' and (ready or due_at is null) order by id for update skip locked
"""
SET_APART = "update cases set ready = false, due_at = null where id = any(%s)"
GONE = "delete from worker where seen_at < %s and pg_try_advisory_xact_lock(%s, id::int) and not exists (select from attempt where worker_id = worker.id)"


@dataclass(frozen=True, slots=True)
class Remains:
    """What dead workers left: queues with halves to work apart, and the cases that died alone."""

    queues: frozenset[str]
    died_alone: tuple[tuple[int, str], ...]  # case, queue


def settle_the_dead(connection: Connection, now: datetime) -> Remains:
    """Gives the batches of dead workers back in halves. A case that worked alone is named: only its death counts against it."""
    queues, alone = set(), []
    for attempt_id, queue, case_ids in connection.execute(DEAD, [WORKER_LOCK]).fetchall():
        due = [case_id for (case_id,) in connection.execute(STILL_DUE, [case_ids])]
        connection.execute(LEAVE, [attempt_id])
        if len(case_ids) == 1 and due:
            alone.append((due[0], queue))
        elif due:
            set_apart(connection, queue, due, now)
            queues.add(queue)
    connection.execute(GONE, [now - timedelta(minutes=10), WORKER_LOCK])
    return Remains(frozenset(queues), tuple(alone))


def set_apart(connection: Connection, queue: str, case_ids: Sequence[int], at: datetime) -> None:
    """Two halves, each to be worked on its own from `at` on: what killed the worker is found in as many steps as the batch has binary digits."""
    connection.execute(SET_APART, [list(case_ids)])
    middle = (len(case_ids) + 1) // 2
    for half in (case_ids[:middle], case_ids[middle:]):
        if half:
            connection.execute(ENTER, [None, queue, list(half), at])
