"""Daily jobs: the first supervisor to come runs each once a day.

The database remembers the last day of each job, so that a missed day is made up for, once. A new installation runs each
job first when its next hour comes: there is nothing to make up for.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from threading import Event, Thread

import psycopg
import structlog

from models import clock
from models.database import Connection, autocommit_connection, scalar, transaction
from models.errors import Refused, SijilError, describe
from models.settings import settings
from notifications.leases import reset_future_due_times
from tasks.reminding import remind_to_confirm
from workflows.audit.sealing import seal_all
from workflows.history import audit, retention
from workflows.queue.inhand import in_hand
from workflows.registers.name_shares import count_names

SCHEDULE_LOCK = 7222  # advisory; a connection holds it while jobs run, so that they run one at a time, on one host
# The database ends the connection of a job that hangs, and with it the lock: another host takes its turn.
SET_TIMEOUT = "set idle_session_timeout = '2h'"
LONGEST_SECONDS = 7200.0  # the same time; then the watchdog takes the job for hanging
LOOK_SECONDS = 60.0
RETRY_AFTER = timedelta(minutes=10)  # before any supervisor tries a failed job again
BEGIN = """
    insert into daily_job (name, done_on) select unnest(%s::text[]), unnest(%s::date[]) on conflict (name) do nothing
"""
# A day or a try in the future was written by a clock that has gone back since: neither keeps a job from running.
DUE = """
    select done_on::text, done_on > %s from daily_job
    where name = %s and (done_on < %s or done_on > %s) and (error is null or not (tried_at > %s and tried_at < %s))
"""
DONE = "update daily_job set done_on = %s, tried_at = %s, error = null where name = %s"
FAILED = "update daily_job set tried_at = %s, error = %s where name = %s"
log = structlog.get_logger()

Run = Callable[[Event], object]  # stops in the middle once the event is set; returns what it did, for the log


@dataclass(frozen=True, slots=True)
class Job:
    """A daily job, and the hour (UTC) at which it is due."""

    name: str
    hour: int
    run: Run

    def day(self, now: datetime) -> date:
        """The last day for which the job should be done by now."""
        return (now - timedelta(hours=self.hour)).date()


def write_anchor(stop: Event) -> str | None:
    """Anchors the heads of the chains that moved, all entries of the staff sealed. Returns the name of the file."""
    seal_all()
    path = audit.anchor_by_ranges(transaction, settings().anchors_folder(), clock.now())
    return path.name if path else None


def apply_retention(stop: Event) -> dict[str, int]:
    """Erases the data whose period of retention is over.

    Raises Refused if the clock may be wrong: an operator has to confirm it first.
    """
    with transaction() as connection:
        if doubt := retention.clock_doubt(connection, clock.now()):
            raise Refused("clock_doubtful", f"{doubt} Is the clock right? Then say so: sijil retention --yes")
    return retention.retain(stop.is_set)


def count_all_names(stop: Event) -> int:
    """Counts how many people have each name. Returns how many names are known."""
    with transaction() as connection:
        return count_names(connection)


JOBS = (
    Job("anchor", 1, write_anchor),
    Job("retention", 2, apply_retention),
    Job("confirmation", 3, remind_to_confirm),
    Job("names", 4, count_all_names),
)


def next_run(name: str, done_on: date, tried_at: datetime | None, failed: bool) -> datetime | None:
    """When a job is due next, by the last day that it is done for; None for a job that is none of ours any more."""
    job = next((each for each in JOBS if each.name == name), None)
    if job is None:
        return None
    due = datetime.combine(done_on + timedelta(days=1), time_of_day(job.hour), UTC)
    return max(due, tried_at + RETRY_AFTER) if failed and tried_at else due


@dataclass(slots=True)
class Schedule:
    """Looks for due jobs once a minute, in a thread of its own, so that no sweep waits for a job."""

    stop: Event
    jobs: Sequence[Job] = JOBS
    thread: Thread | None = None
    next_look: float = 0.0

    def tend(self) -> None:
        """Starts the thread of the next look if it is time and none is running."""
        if time.monotonic() >= self.next_look and not (self.thread and self.thread.is_alive()):
            self.next_look = time.monotonic() + LOOK_SECONDS
            thread = Thread(target=self.look, name="schedule", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system gives no thread; the supervisor still has workers to look after
                log.error("the daily jobs wait", error="no thread can be started")
            else:
                self.thread = thread

    def look(self) -> None:
        """Runs the jobs that are due; none if another supervisor has the lock or the database is away."""
        try:
            with in_hand("daily jobs", LONGEST_SECONDS), schedule_lock() as connection:
                if connection is not None:
                    reset_future_due_times(connection)
                    self.run(connection)
        except (psycopg.Error, SijilError) as error:
            log.warning("the daily jobs wait", error=describe(error).error)

    def run(self, connection: Connection) -> None:
        """Runs the jobs that are due, one after the other."""
        for job in due_jobs(connection, clock.now(), self.jobs):
            if not self.stop.is_set():
                run_job(connection, job, self.stop)

    def end(self, seconds: float) -> None:
        """Waits for the job in hand. A job that takes longer than this is cut off, and runs again another time."""
        if self.thread:
            self.thread.join(seconds)


@contextmanager
def schedule_lock() -> Iterator[Connection | None]:
    """A connection that holds the lock of the daily jobs; None if another one holds it."""
    with autocommit_connection() as connection:
        connection.execute(SET_TIMEOUT)
        locked = scalar(connection, "select pg_try_advisory_lock(%s)", [SCHEDULE_LOCK])
        try:
            yield connection if locked else None
        finally:
            if not connection.closed:
                connection.execute("select pg_advisory_unlock_all()")


def due_jobs(connection: Connection, now: datetime, jobs: Sequence[Job]) -> list[Job]:
    """The jobs that are due. A job that the database does not know yet is due on its next day."""
    connection.execute(BEGIN, [[job.name for job in jobs], [job.day(now) for job in jobs]])
    return [job for job in jobs if is_due(connection, job, now)]


def is_due(connection: Connection, job: Job, now: datetime) -> bool:
    """Whether the job's day has come, and it did not fail a moment ago.

    Logs a job that is marked as done for a future day; this run corrects the mark.
    """
    day = job.day(now)
    parameters = [day, job.name, day, day + timedelta(days=1), now - RETRY_AFTER, now + RETRY_AFTER]
    row = connection.execute(DUE, parameters).fetchone()
    if row is None:
        return False
    done_on, in_future = row
    if in_future:
        text = "daily job is marked as done for a future day: a clock went back"
        log.error(text, job=job.name, done_on=done_on, day=str(day))
    return True


def run_job(connection: Connection, job: Job, stop: Event) -> None:
    """Runs a job once, and records that it failed, or is done unless it was stopped in the middle."""
    day = job.day(clock.now())
    try:
        result = job.run(stop)
    except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, it is tried again, and the other jobs go on
        failure = describe(error)
        log.error("daily job failed", job=job.name, error=failure.error, again_in=RETRY_AFTER.total_seconds())
        connection.execute(FAILED, [clock.now(), failure.error, job.name])
        return
    if not stop.is_set():
        connection.execute(DONE, [day, clock.now(), job.name])
        log.info("daily job done", job=job.name, day=str(day), result=result)
