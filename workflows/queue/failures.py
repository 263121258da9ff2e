"""A case that fails alone, or gets no answer: tried again after a while, in the end parked for an operator, with the
place where it failed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg
import structlog

from models import clock
from models.database import RETRYABLE, Connection, scalar, unavailable
from models.errors import Failure, Refused, Stale, describe
from models.settings import settings
from workflows.engine.load import CaseRow
from workflows.engine.record import parked_state
from workflows.engine.work import append, lock, lock_all
from workflows.events import CaseParked
from workflows.evidence import TimePassed
from workflows.queue.attempts import quarantine, quarantine_unanswered
from workflows.queue.holds import Place, hold_if_all_fail, is_held

# Until a case for which a register gave no answer is asked about again; then twice as long each time.
UNANSWERED = timedelta(minutes=1)
UNANSWERED_LONGEST = timedelta(minutes=10)
PATIENCE = timedelta(days=3)  # until it is an operator's to ask why; a register may be away for a weekend
# Until a case whose failure could not be counted is worked again: somebody may have mended it.
UNCOUNTED = timedelta(minutes=10)

KNOWN = "select tries, unanswered_since from case_failure where case_id = %s and stage = %s and version = %s"
NOTE = """
    insert into case_failure
        (case_id, kind, stage, version, tries, unanswered_since, error, traceback, at, parked)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (case_id) do update
        set kind = excluded.kind, stage = excluded.stage, version = excluded.version, tries = excluded.tries,
        uncounted = false, unanswered_since = excluded.unanswered_since, error = excluded.error,
            traceback = excluded.traceback, at = excluded.at, parked = excluded.parked
"""
# By the case's row as it is, whatever stands in it.
NOTE_UNCOUNTED = """
    insert into case_failure (case_id, kind, stage, version, tries, error, traceback, at, parked, uncounted)
    select id, kind, stage, version, 0, %s, %s, %s, false, true from cases where id = %s
    on conflict (case_id) do update
        set error = excluded.error, traceback = excluded.traceback, at = excluded.at, uncounted = true
"""
QUEUE = "select queue from cases where id = %s"
FORGET = """
    with seen as (select case_id, version from case_failure where not parked and case_id > %s order by case_id
        limit %s),
    gone as (delete from case_failure t using seen join cases c on c.id = seen.case_id where t.case_id = seen.case_id
        and not t.parked and c.version > t.version)
    select count(*), max(case_id) from seen
"""

DEATHS = 4  # of its process, and a case is parked
WORKER_DIED = Failure("worker died", "The process that worked on this case, alone, ended without a word.")
NO_ANSWER = Failure("a register gave no answer about this case", "It answered for others of the same batch.")
log = structlog.get_logger()


class Tried(NamedTuple):
    """How often a case failed where it stands, and since when there is no answer about it."""

    tries: int = 0
    unanswered_since: datetime | None = None


def failed_alone(connection: Connection, case_id: int, failure: Failure, now: datetime) -> None:
    """Counts the try: the case waits in quarantine from all others, and after the last try it is parked.

    What cannot be counted waits in quarantine, too.

    No try is counted where the stage is held, because there all cases fail alike; but for the death of a process.

    """
    with counted(connection, case_id, now):
        row = lock(connection, case_id)
        died = failure == WORKER_DIED
        tries = tried(connection, row).tries + (died or not is_held(connection, Place(row.kind, row.stage)))
        last = tries >= (DEATHS if died else settings().tries)
        set_back(connection, row, Tried(tries), failure, now, None if last else wait_after(tries, died))
        hold_if_all_fail(connection, Place(row.kind, row.stage), failure, now)


def wait_after(tries: int, died: bool) -> timedelta:
    """Until the next try: 2, 4, 8 seconds where a process died of it; else each wait is eight times the one before,
    together as long as the setting says.
    """
    if died:
        return timedelta(seconds=2.0**tries)
    all_waits = sum(8**turn for turn in range(settings().tries - 1))
    return timedelta(seconds=settings().tries_spread * 8 ** max(0, tries - 1) / max(1, all_waits))


def unanswered(connection: Connection, row: CaseRow, failure: Failure, now: datetime) -> None:
    """A register answers for others and not for this locked case: no try is counted, it waits in quarantine.

    After three days without an answer it is parked.
    """
    with counted(connection, row.id, now):
        before = tried(connection, row)
        since = before.unanswered_since or now
        wait = min(max(UNANSWERED, now - since), UNANSWERED_LONGEST)
        set_back(
            connection,
            row,
            Tried(before.tries, since),
            failure,
            now,
            None if is_patience_over(since, now) else wait,
            silent=True,
        )


def all_unanswered(connection: Connection, case_ids: Sequence[int], now: datetime) -> None:
    """The same for each of these, of which others in their batch got an answer."""
    for row in lock_all(connection, case_ids):
        unanswered(connection, row, NO_ANSWER, now)


def is_patience_over(since: datetime, now: datetime) -> bool:
    """Whether a case has had no answer for too long; not while the clocks contradict each other: one that jumped says
    nothing of that.
    """
    try:
        clock.require_no_jump()
    except Refused:
        return False
    return now - since >= PATIENCE


@contextmanager
def counted(connection: Connection, case_id: int, now: datetime) -> Iterator[None]:
    """What this block writes down, or, where it fails, that it could not. A case that is gone has nothing to count.

    A forged or half-restored event row, say, stands where the event of the parking must go. Raises what the database is
    away with.
    """
    try:
        with connection.transaction():
            yield
    except Stale:
        return
    except Exception as error:
        if isinstance(error, RETRYABLE) or unavailable(error):
            raise
        not_counted(connection, case_id, describe(error), now)


def not_counted(connection: Connection, case_id: int, failure: Failure, now: datetime) -> None:
    """It waits in quarantine all the same, and `sijil doctor` counts it."""
    log.error("a failure could not be counted", case_id=case_id, error=failure.error)
    quarantine(connection, scalar(connection, QUEUE, [case_id]), [case_id], now + UNCOUNTED)
    try:
        with connection.transaction():
            connection.execute(NOTE_UNCOUNTED, [failure.error, failure.traceback, now, case_id])
    except psycopg.Error as error:
        log.error("nor could that be noted", case_id=case_id, error=describe(error).error)


def tried(connection: Connection, row: CaseRow) -> Tried:
    """What is known of the case's failures as it stands."""
    known = connection.execute(KNOWN, [row.id, row.stage, row.version]).fetchone()
    return Tried(*known) if known else Tried()


def set_back(  # noqa: PLR0913 - what is noted, and what follows
    connection: Connection,
    row: CaseRow,
    so_far: Tried,
    failure: Failure,
    now: datetime,
    wait: timedelta | None,
    *,
    silent: bool = False,
) -> None:
    """Notes it; the case waits in quarantine for so long, or is parked where there is no waiting any more."""
    noted = [row.id, row.kind, row.stage, row.version, *so_far, failure.error, failure.traceback, now, wait is None]
    connection.execute(NOTE, noted)
    if wait is None:
        park(connection, row, CaseParked(stage=row.stage, error=failure.error, tries=so_far.tries), now)
        return
    queue = scalar(connection, QUEUE, [row.id])
    if silent:
        quarantine_unanswered(connection, queue, [[row.id]], now, wait)
    else:
        quarantine(connection, queue, [row.id], now + wait)


def park(connection: Connection, row: CaseRow, event: CaseParked, now: datetime) -> None:
    """Parked by its row alone: a case whose file cannot be loaded, or whose stage no map knows, must not fail here,
    too.
    """
    append(connection, row, event, TimePassed(at=now), parked_state(now, max(now, row.stage_since), row.lane))


def forget(connection: Connection, after: int = 0, most: int = 1000) -> int:
    """Of so many failures past this case, those that are over are forgotten; the case to go on from, 0 once all were
    looked at.
    """
    count, last = connection.execute(FORGET, [after, most]).fetchall()[0]
    return int(last) if count == most else 0
