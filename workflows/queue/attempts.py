"""Attempts: who works on what, written on a connection of its own before the work begins.

What a worker that dies leaves to be found.

A worker holds an advisory lock on its number for as long as its process lives. Whoever can take that lock knows that it
is dead.
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


def lock_is_free(number: str) -> str:
    """Whether nobody has the lock of a worker of this number; a number that no lock can have is nobody's."""
    return (
        f"case when {number} between 0 and 2147483647 then pg_try_advisory_xact_lock({WORKER_LOCK}, {number}::int) "
        f"else true end"
    )


SIGN_ON = (
    "insert into worker (process, host, pid, queues, since, seen_at, counters) values (%s, %s, %s, %s, %s, %s, "
    "'{}') returning id"
)
BEAT = f"""
    update worker set seen_at = %s, counters = %s, synchronous_commit = case when mine in {DURABLE}
        then coalesce(%s, mine) else mine end
    from current_setting('synchronous_commit') as mine where id = %s
"""
BEGIN = "insert into attempt (worker_id, queue, case_ids, at) values (%s, %s, %s, %s) returning id"
END = "delete from attempt where id = %s"
# A worker that lost its connection did not die: nothing counts against anybody.
HAND_OVER = ("update attempt set worker_id = null where worker_id = %s", "delete from worker where id = %s")
GIVE_BACK = "update attempt set worker_id = null where id = %s"
PUT_OFF = "update attempt set worker_id = null, at = %s where id = %s"
HALVE = """
    with whole as (delete from attempt where id = %s returning queue, coalesce(%s, at) as at)
    insert into attempt (worker_id, queue, case_ids, at)
    select null, queue, half, at from whole cross join (values (%s::bigint[]), (%s::bigint[])) as halves (half)
"""
LET_GO_SECONDS = 5.0  # that a process which ends takes to hand over
SPLIT = """
    with whole as (delete from attempt where id = %s returning queue, case_ids, at, unanswered, rank)
    insert into attempt (queue, case_ids, at, unanswered, rank) select queue, array[case_id], %s, unanswered, rank
        from whole, unnest(case_ids) as case_id
"""
# Of cases that stand at a held stage, probes alone (workflows/queue/holds.py).
NOT_HELD = """
    (probe or not exists (select from held_stage h join cases c using (kind, stage) where c.id = any(attempt.case_ids)))
"""
DUE = (
    f"from attempt where worker_id is null and queue = any(%s) and at <= %s and queue not in (select queue from "
    f"paused_queue) and {NOT_HELD}"
)
# By the index, kind by kind: `offset 0` keeps the planner from reading all that are due, which may be many.
KINDS_DUE = (
    f"select kind from (values (false), (true)) as kinds (kind) where exists (select {DUE} and unanswered = "
    f"kind offset 0)"
)
TAKE = f"""
    update attempt set worker_id = %s, at = %s
    where id = (select id {DUE} and not unanswered order by at, id limit 1 for update skip locked)
        returning id, queue, case_ids
"""
# Half of all threads may ask about such cases at a time, but always one: each question may take long, and others wait
# for answers, too.
TAKE_UNANSWERED = f"""
    update attempt set worker_id = %s, at = %s
    where (select count(*) from attempt where worker_id is not null
        and unanswered) * 2 < greatest(2, %s * (select count(*) from worker))
    and id = (select id {DUE} and unanswered order by rank, at, id limit 1 for update skip locked)
        returning id, queue, case_ids
"""
AGAIN_SOON = "update attempt set at = %s where worker_id is null and unanswered and queue = %s and at > %s"
# Workers that are silent for so long, hold nothing and do not live.
GONE = (
    f"from worker where seen_at < %s and not exists (select from attempt where worker_id = worker.id) and "
    f"{lock_is_free('id')}"
)
TAKE_OUT = "update cases set ready = false, due_at = null where id = any(%s)"
BEGIN_PROBE = "insert into attempt (queue, case_ids, at, probe) values (%s, %s, %s, true)"
QUARANTINE_UNANSWERED = """
    insert into attempt (queue, case_ids, at, unanswered, rank) select %s, %s, %s, true, (select min(rank) + %s
        from cases where id = any(%s))
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A batch that a worker began.

    `apart`: it was quarantined before, and those of its cases that did not move on stand in no queue, only here.
    """

    id: int
    queue: str
    case_ids: Sequence[int]
    quarantined: bool = False


@dataclass(slots=True)
class Attempts:
    """One worker process's attempts.

    Its threads share the connection. Raises Unavailable while the database is away.
    """

    host: str
    pid: int
    queues: Collection[str]
    since: datetime
    process: str = PROCESS
    threads: int = 1  # of this worker process, and of each other, that work batches
    worker_id: int | None = None
    connection: Connection | None = None
    unsettled: list[tuple[str, list[object]]] = field(
        default_factory=list
    )  # what could not be given back, because the table was locked
    lock: RLock = field(
        default_factory=RLock
    )  # held from asking for the number to writing it down: it changes with the connection

    def begin(self, queue: str, case_ids: Sequence[int], now: datetime) -> Attempt:
        """This worker begins on these cases."""
        with self.lock:
            (row,) = self.run(BEGIN, [self.number(), queue, list(case_ids), now])
        return Attempt(row[0], queue, case_ids)

    def give_back(self, attempt: Attempt) -> None:
        """Nothing came of it: what stands in a queue is found there again; what was quarantined is
        quarantined again.
        """
        self.settle(GIVE_BACK if attempt.quarantined else END, [attempt.id])

    def put_off(self, attempt: Attempt, until: datetime) -> None:
        """What was quarantined is quarantined again as it is, and taken up then at the earliest."""
        self.settle(PUT_OFF, [until, attempt.id])

    def end(self, attempt: Attempt) -> None:
        """It is over; its cases are wherever the work put them."""
        self.run(END, [attempt.id])

    def halve(self, attempt: Attempt, until: datetime | None = None) -> None:
        """What was quarantined is quarantined again, in halves, all at once: none of it stands anywhere else."""
        self.run(HALVE, [attempt.id, until, *map(list, halves(attempt.case_ids))])

    def split(self, attempt: Attempt, until: datetime) -> None:
        """The same, case by case: where asking takes long, every question more costs as much, and alone each is asked
        about once.
        """
        self.run(SPLIT, [attempt.id, until])

    def due(self, queues: Collection[str], now: datetime) -> set[bool]:
        """What is quarantined whose time has come:

        True where there are cases about which a register gave no answer, False where there are others.
        """
        return {unanswered for (unanswered,) in self.run(KINDS_DUE, [list(queues), now])}

    def take(self, queues: Collection[str], now: datetime, unanswered: bool = False) -> Attempt | None:
        """Half of a dead worker's batch, or a case that failed; or one that got no answer, if not too many are asked
        about already.
        """
        with self.lock:
            number = self.number()
            statement, first = (TAKE_UNANSWERED, [number, now, self.threads]) if unanswered else (TAKE, [number, now])
            rows = self.run(statement, [*first, list(queues), now])
        return Attempt(rows[0][0], rows[0][1], rows[0][2], quarantined=True) if rows else None

    def ask_again_soon(self, queue: str, now: datetime) -> None:
        """A register is back: nobody waits any longer only because it was away."""
        self.run(AGAIN_SOON, [now, queue, now])

    def heartbeat(self, now: datetime, counters: Mapping[str, float], durability: str | None = None) -> None:
        """The worker is alive, has done so much, and its pool's sessions commit with this `synchronous_commit`."""
        with self.lock, self.connected():
            while self.unsettled:
                self.run(*self.unsettled[0])
                self.unsettled.pop(0)
            self.run(BEAT, [now, Jsonb(dict(counters)), durability, self.number()])
            assert self.connection is not None
            follow_clock(self.connection)

    def sign_off(self) -> None:
        """The worker ends in good order."""
        if self.connection is not None and self.worker_id is not None:
            self.run(
                "delete from worker where id = %s and not exists (select from attempt where worker_id = %s)",
                [self.worker_id] * 2,
            )
            self.connection.close()

    def number(self) -> int:
        """This worker's number: a new one after every lost connection, because the lock went with it.

        What stood under the old one is given back.
        """
        with self.lock:
            if self.worker_id is None or self.connection is None or self.connection.closed:
                self.sign_on()
            assert self.worker_id is not None
            return self.worker_id

    def sign_on(self) -> None:
        """A row, and the lock that says that it lives.

        It counts once all of it is done: what stood under the old number is never forgotten.
        """
        with self.connected():
            self.connection = autocommit_connection()
            try:
                number = scalar(
                    self.connection,
                    SIGN_ON,
                    [self.process, self.host, self.pid, sorted(self.queues), self.since, clock.now()],
                )
                self.connection.execute("select pg_advisory_lock(%s, %s)", [WORKER_LOCK, number])
                for statement in HAND_OVER:
                    self.connection.execute(statement, [self.worker_id])
            except psycopg.Error:
                self.connection.close()
                raise
            self.worker_id = number
            self.unsettled.clear()

    def settle(self, statement: str, parameters: list[object]) -> None:
        """Lets go of an attempt; with the next heartbeat where that is not possible now."""
        try:
            self.run(statement, parameters)
        except Unavailable:
            with self.lock:
                self.unsettled.append((statement, parameters))
            raise

    def hand_over(self) -> None:
        """What this worker has in hand is quarantined for others: it ends, and nothing of it is to blame."""
        if self.lock.acquire(
            timeout=LET_GO_SECONDS
        ):  # else the thread that hangs has it, and the sweep finds what was in hand
            self.run(HAND_OVER[0], [self.number()])

    def run(self, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """One statement, committed by itself."""
        with self.lock, self.connected():
            self.number()
            assert self.connection is not None
            cursor = self.connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Raises Unavailable where something is away or held, and closes a connection that is lost: whoever comes next
        signs on anew.
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


def count_gone(connection: Connection, silent_since: datetime) -> int:
    """How many workers are gone for good, and silent since then at the latest."""
    return int(scalar(connection, "select count(*) " + GONE, [silent_since]))


def forget_gone(connection: Connection, silent_since: datetime) -> int:
    """Deletes these; how many."""
    return connection.execute("delete " + GONE, [silent_since]).rowcount


def quarantine(connection: Connection, queue: str, case_ids: Sequence[int], at: datetime) -> None:
    """Two halves, each to be worked on its own from `at` on: what killed the worker is found in as many steps as the
    batch has binary digits.
    """
    connection.execute(TAKE_OUT, [list(case_ids)])
    for half in halves(case_ids):
        if half:
            connection.execute(BEGIN, [None, queue, list(half), at])


def quarantine_unanswered(
    connection: Connection, queue: str, pieces: Sequence[Sequence[int]], now: datetime, wait: timedelta = timedelta(0)
) -> None:
    """Cases about which a register gave no answer, each piece to be asked about on its own after this wait, and after
    who came by then.
    """
    connection.execute(TAKE_OUT, [[case_id for piece in pieces for case_id in piece]])
    for piece in pieces:
        connection.execute(QUARANTINE_UNANSWERED, [queue, list(piece), now + wait, wait, list(piece)])


def halves(case_ids: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """The first half and the second; of one case, itself and nothing."""
    middle = (len(case_ids) + 1) // 2
    return case_ids[:middle], case_ids[middle:]
