"""What runs once a day, by whichever supervisor comes first; remembered in the database, so that a day missed is made
up for once.

A new installation begins with the next time of each job: there is nothing to make up for.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Event, Thread

import psycopg
import structlog

from models import clock
from models.database import Connection, autocommit_connection, scalar, transaction
from models.errors import Refused, SijilError, describe
from models.settings import settings
from notifications.leases import reset_future_due_times
from workflows.history import audit, retention
from workflows.queue.inhand import in_hand

SCHEDULE_LOCK = (
    7222  # advisory; held by the connection for as long as jobs run, so that they run one at a time, on one host
)
BOUND = "set idle_session_timeout = '2h'"  # a job that hangs lets go of the lock then, and another host takes its turn
LONGEST = 7200.0  # the same in seconds: then the watchdog asks what holds it up
LOOK_SECONDS = 60.0
AGAIN_AFTER = timedelta(minutes=10)  # a job that failed waits, whoever comes next
BEGIN = (
    "insert into daily_job (name, done_on) select unnest(%s::text[]), unnest(%s::date[]) on conflict (name) do nothing"
)
# A day that is still to come, or a try of a moment to come, was written by a clock that has gone back since: neither
# keeps a job from running.
WAITING = """
    select done_on::text, done_on > %s from daily_job
    where name = %s and (done_on < %s or done_on > %s) and (error is null or not (tried_at > %s and tried_at < %s))
"""
DONE = "update daily_job set done_on = %s, tried_at = %s, error = null where name = %s"
FAILED = "update daily_job set tried_at = %s, error = %s where name = %s"
log = structlog.get_logger()

Run = Callable[[Event], object]  # told by the event when to stop in the middle; what it did goes to the log


@dataclass(frozen=True, slots=True)
class Daily:
    """A job, and the hour (UTC) from which on its day counts."""

    name: str
    hour: int
    run: Run

    def day(self, now: datetime) -> date:
        """The last day for which it should be done by now."""
        return (now - timedelta(hours=self.hour)).date()


def anchor(stop: Event) -> str | None:
    """Anchors the heads that moved; the file's name."""
    path = audit.anchor_by_ranges(transaction, settings().anchors_folder(), clock.now())
    return path.name if path else None


def retain(stop: Event) -> dict[str, int]:
    """Erases what its period has ended for.

    Raises Refused where the time is in doubt: an operator looks at the clock first.
    """
    with transaction() as connection:
        if doubt := retention.clock_doubt(connection, clock.now()):
            raise Refused("clock_doubtful", f"{doubt} Is the clock right? Then say so: sijil retention --yes")
    return retention.retain(stop.is_set)


JOBS = (
    Daily("anchor", 1, anchor),
    Daily("retention", 2, retain),
)


@dataclass(slots=True)
class Schedule:
    """Looks once a minute, in a thread of its own: the sweep beside it never waits."""

    stop: Event
    jobs: Sequence[Daily] = JOBS
    thread: Thread | None = None
    next_look: float = 0.0

    def tend(self) -> None:
        """Starts a look where it is time and none is under way."""
        if time.monotonic() >= self.next_look and not (self.thread and self.thread.is_alive()):
            self.next_look = time.monotonic() + LOOK_SECONDS
            thread = Thread(target=self.look, name="schedule", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system gives no thread; whoever tends us has workers to look after
                log.error("the daily jobs wait", error="no thread can be started")
            else:
                self.thread = thread

    def look(self) -> None:
        """Runs whatever waits; nothing where another supervisor is at it or the database is away."""
        try:
            with in_hand("daily jobs", LONGEST), turn() as connection:
                if connection is not None:
                    reset_future_due_times(connection)
                    self.run(connection)
        except (psycopg.Error, SijilError) as error:
            log.warning("the daily jobs wait", error=describe(error).error)

    def run(self, connection: Connection) -> None:
        """One job after the other."""
        for job in waiting(connection, clock.now(), self.jobs):
            if not self.stop.is_set():
                attempt(connection, job, self.stop)

    def end(self, seconds: float) -> None:
        """Waits for a job in hand; what it has not committed by then, it does another time."""
        if self.thread:
            self.thread.join(seconds)


@contextmanager
def turn() -> Iterator[Connection | None]:
    """A connection that holds the lock; None where another one does."""
    with autocommit_connection() as connection:
        connection.execute(BOUND)
        locked = scalar(connection, "select pg_try_advisory_lock(%s)", [SCHEDULE_LOCK])
        try:
            yield connection if locked else None
        finally:
            if not connection.closed:
                connection.execute("select pg_advisory_unlock_all()")


def waiting(connection: Connection, now: datetime, jobs: Sequence[Daily]) -> list[Daily]:
    """The jobs whose day has come, but for those that failed a moment ago.

    One seen for the first time waits for its next day.
    """
    connection.execute(BEGIN, [[job.name for job in jobs], [job.day(now) for job in jobs]])
    return [job for job in jobs if is_waiting(connection, job, now)]


def is_waiting(connection: Connection, job: Daily, now: datetime) -> bool:
    """Whether the job's day has come. A day to come that it is said to be done for is told, and mended by this run."""
    day = job.day(now)
    found = connection.execute(
        WAITING, [day, job.name, day, day + timedelta(days=1), now - AGAIN_AFTER, now + AGAIN_AFTER]
    ).fetchone()
    if found and found[1]:
        log.error(
            "daily job was done for a day to come: a clock went back", job=job.name, done_on=found[0], day=str(day)
        )
    return found is not None


def attempt(connection: Connection, job: Daily, stop: Event) -> None:
    """One try; done where nothing went wrong and nobody told it to stop."""
    day = job.day(clock.now())
    try:
        result = job.run(stop)
    except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, it is tried again, and the other jobs go on
        failure = describe(error)
        log.error("daily job failed", job=job.name, error=failure.error, again_in=AGAIN_AFTER.total_seconds())
        connection.execute(FAILED, [clock.now(), failure.error, job.name])
        return
    if not stop.is_set():
        connection.execute(DONE, [day, clock.now(), job.name])
        log.info("daily job done", job=job.name, day=str(day), result=result)
