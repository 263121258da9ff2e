"""Who works on what, written on a connection of its own before the work begins: what is left of a worker that dies.

A worker holds an advisory lock on its number for as long as its process lives. Whoever can take that lock knows that it is dead.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from models import clock
from models.database import Connection, dial
from models.errors import Unavailable

WORKER_LOCK = 7218  # first key of the advisory locks on workers; the number of the law

SIGN_ON = "insert into worker (host, pid, queues, since, seen_at, counters) values (%s, %s, %s, %s, %s, '{}') returning id"
ENTER = "insert into attempt (worker_id, queue, case_ids, at) values (%s, %s, %s, %s) returning id"
LEAVE = "delete from attempt where id = %s"
# A worker that lost its connection did not die: nothing counts against anybody.
HAND_OVER = ("update attempt set worker_id = null where worker_id = %s", "delete from worker where id = %s")
GIVE_BACK = "update attempt set worker_id = null where id = %s"
HALVE = """
    with whole as (delete from attempt where id = %s returning queue, case_ids, at)
    insert into attempt (worker_id, queue, case_ids, at)
    select null, queue, half, at from whole cross join lateral (values (case_ids[:%s]), (case_ids[%s:])) as halves (half)
"""
APART = """
    select id from attempt where worker_id is null and queue = any(%s) and at <= %s and queue not in (select queue from paused_queue)
    order by at, id limit 1
"""
TAKE = f"update attempt set worker_id = %s, at = %s where id = ({APART} for update skip locked) returning id, queue, case_ids"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A batch as it stands in the book; `apart`: half of a batch whose worker died, or a case that failed. It stands in no queue, only here."""

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
        """Nothing came of it: what stands in a queue is found there again; what was set apart is set apart again."""
        self.run(GIVE_BACK if attempt.apart else LEAVE, [attempt.id])

    def close(self, attempt: Attempt) -> None:
        """It is over; its cases are wherever the work put them."""
        self.run(LEAVE, [attempt.id])

    def halve(self, attempt: Attempt) -> None:
        """What was set apart is set apart again, in halves, all at once: none of it stands anywhere else."""
        middle = len(attempt.case_ids) // 2
        self.run(HALVE, [attempt.id, middle, middle + 1])

    def anything_apart(self, queues: Collection[str], now: datetime) -> bool:
        """Whether something is set apart whose time has come."""
        return bool(self.run(APART, [list(queues), now]))

    def take(self, queues: Collection[str], now: datetime) -> Attempt | None:
        """Half of a dead worker's batch, or a case that failed, to be worked apart from all others."""
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
        """This worker's number: a new one after every lost connection, because the lock went with it. What stood under the old one is given back."""
        with self.lock:
            if self.worker_id is None or self.connection is None or self.connection.closed:
                self.sign_on()
            assert self.worker_id is not None
            return self.worker_id

    def sign_on(self) -> None:
        """A row, and the lock that says that it lives."""
        try:
            self.connection = dial()
            row = self.connection.execute(SIGN_ON, [self.host, self.pid, sorted(self.queues), self.since, clock.now()]).fetchone()
            assert row is not None
            before, self.worker_id = self.worker_id, row[0]
            self.connection.execute("select pg_advisory_lock(%s, %s)", [WORKER_LOCK, self.worker_id])
            for statement in HAND_OVER:
                self.connection.execute(statement, [before])
        except psycopg.OperationalError as error:
            raise Unavailable("The database does not answer.") from error

    def run(self, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """One statement, committed by itself."""
        self.number()
        with self.lock:
            assert self.connection is not None
            try:
                cursor = self.connection.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError as error:
                self.connection.close()
                raise Unavailable("The database does not answer.") from error


# What the dead leave ------------------------------------------------------------------------------

SILENT = """
    select holders.id, w.host, w.pid from (select distinct worker_id as id from attempt where worker_id is not null) as holders
    left join worker w using (id) where pg_try_advisory_xact_lock(%s, holders.id::int)
"""
DEAD = "select worker_id, id, queue, case_ids from attempt where worker_id = any(%s) order by id for update skip locked"
STILL_DUE = "select id from cases where id = any(%s) and open and stage <> 'parked' and (ready or due_at is null) order by id"
SET_APART = "update cases set ready = false, due_at = null where id = any(%s)"
GONE = "delete from worker where seen_at < %s and pg_try_advisory_xact_lock(%s, id::int) and not exists (select from attempt where worker_id = worker.id)"


class Silent(NamedTuple):
    """A worker that has work in its book and no lock any more: it died, or lost its connection and will sign on again."""

    id: int
    host: str | None
    pid: int | None


def silent_workers(connection: Connection) -> list[Silent]:
    """Those of whom nothing is heard."""
    return [Silent(*row) for row in connection.execute(SILENT, [WORKER_LOCK])]


def settle_the_dead(connection: Connection, dead: Collection[int], now: datetime) -> list[int]:
    """Gives the batches of these workers back in halves; returns the cases that were all their worker had in hand: only then does a death count."""
    alone = []
    attempts = connection.execute(DEAD, [list(dead)]).fetchall()
    in_hand = Counter(worker_id for worker_id, *_ in attempts)
    for worker_id, attempt_id, queue, case_ids in attempts:
        due = [case_id for (case_id,) in connection.execute(f"{STILL_DUE} for update skip locked", [case_ids])]
        if len(due) < connection.execute(STILL_DUE, [case_ids]).rowcount:
            continue  # somebody holds one for a moment, be it the dead worker's last transaction: the next round finds it free
        connection.execute(LEAVE, [attempt_id])
        if len(case_ids) == 1 and due and in_hand[worker_id] == 1:
            alone += due
        elif due:
            set_apart(connection, queue, due, now)
    connection.execute(GONE, [now - timedelta(minutes=10), WORKER_LOCK])
    return alone


def set_apart(connection: Connection, queue: str, case_ids: Sequence[int], at: datetime) -> None:
    """Two halves, each to be worked on its own from `at` on: what killed the worker is found in as many steps as the batch has binary digits."""
    connection.execute(SET_APART, [list(case_ids)])
    middle = (len(case_ids) + 1) // 2
    for half in (case_ids[:middle], case_ids[middle:]):
        if half:
            connection.execute(ENTER, [None, queue, list(half), at])
