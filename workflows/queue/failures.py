"""Records the failure of a case that failed alone or got no answer, and tries it again later or parks it.

A parked case waits for an operator, with its error and the place in the code where it failed.
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
from workflows.engine.work import append_event, lock, lock_all
from workflows.events.event import CaseParked
from workflows.evidence import TimePassed
from workflows.queue.attempts import quarantine, quarantine_unanswered
from workflows.queue.holds import Place, hold_if_all_fail, is_held

# The wait before a worker asks again about an unanswered case; each wait is twice as long, up to the longest.
UNANSWERED = timedelta(minutes=1)
UNANSWERED_LONGEST = timedelta(minutes=10)
PATIENCE = timedelta(days=3)  # without an answer, then the case is parked; a register may be away for a weekend
UNCOUNTED = timedelta(minutes=10)  # the wait of a case whose failure could not be counted; somebody may mend it

TRIES_SO_FAR = "select tries, unanswered_since from case_failure where case_id = %s and stage = %s and version = %s"
UPSERT_FAILURE = """
    insert into case_failure
        (case_id, kind, stage, version, tries, unanswered_since, error, traceback, at, parked)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (case_id) do update
        set kind = excluded.kind, stage = excluded.stage, version = excluded.version, tries = excluded.tries,
            uncounted = false, unanswered_since = excluded.unanswered_since, error = excluded.error,
            traceback = excluded.traceback, at = excluded.at, parked = excluded.parked
"""
# Copies what the case's row says, even where it is wrong.
UPSERT_UNCOUNTED = """
    insert into case_failure (case_id, kind, stage, version, tries, error, traceback, at, parked, uncounted)
    select id, kind, stage, version, 0, %s, %s, %s, false, true from cases where id = %s
    on conflict (case_id) do update
        set error = excluded.error, traceback = excluded.traceback, at = excluded.at, uncounted = true
"""
QUEUE_OF = "select queue from cases where id = %s"
DELETE_OBSOLETE = """
    with seen as (
        select case_id, version from case_failure where not parked and case_id > %s order by case_id limit %s
    ), gone as (
        delete from case_failure t using seen join cases c on c.id = seen.case_id
        where t.case_id = seen.case_id and not t.parked and c.version > t.version
    )
    select count(*), max(case_id) from seen
"""

DEATHS = 4  # worker processes that died on a case before it is parked
WORKER_DIED = Failure("worker died", "The worker process ended while it worked on this case alone.")
NO_ANSWER = Failure("a register gave no answer about this case", "The register answered about others of its batch.")
log = structlog.get_logger()


class Tried(NamedTuple):
    """How often a case failed at its stage, and since when a register gives no answer about it."""

    tries: int = 0
    unanswered_since: datetime | None = None


def record_failure(connection: Connection, case_id: int, failure: Failure, now: datetime) -> None:
    """Counts a try of a case that failed alone: quarantines it, or parks it after its last try.

    At a held stage, where all cases fail alike, only the death of a worker counts as a try.
    """
    with or_uncounted(connection, case_id, now):
        row = lock(connection, case_id)
        place, died = Place(row.kind, row.stage), failure == WORKER_DIED
        tries = tries_so_far(connection, row).tries + (died or not is_held(connection, place))
        last = tries >= (DEATHS if died else settings().tries)
        retry_or_park(connection, row, Tried(tries), failure, now, None if last else wait_after(tries, died))
        hold_if_all_fail(connection, place, failure, now)


def wait_after(tries: int, died: bool) -> timedelta:
    """The wait before the next try: 2, 4, 8 seconds if a worker died.

    Else each wait is eight times the one before, and all waits together last as long as the setting `tries_spread`.
    """
    if died:
        return timedelta(seconds=2.0**tries)
    all_waits = sum(8**turn for turn in range(settings().tries - 1))
    return timedelta(seconds=settings().tries_spread * 8 ** max(0, tries - 1) / max(1, all_waits))


def record_unanswered(connection: Connection, row: CaseRow, failure: Failure, now: datetime) -> None:
    """Quarantines this locked case, about which a register gives no answer; it counts no try.

    After three days without an answer it parks the case.
    """
    with or_uncounted(connection, row.id, now):
        before = tries_so_far(connection, row)
        since = before.unanswered_since or now
        wait = None if is_patience_over(since, now) else min(max(UNANSWERED, now - since), UNANSWERED_LONGEST)
        retry_or_park(connection, row, Tried(before.tries, since), failure, now, wait, unanswered=True)


def record_all_unanswered(connection: Connection, case_ids: Sequence[int], now: datetime) -> None:
    """Quarantines each of these cases, about which a register gave no answer while it answered about others."""
    for row in lock_all(connection, case_ids):
        record_unanswered(connection, row, NO_ANSWER, now)


def is_patience_over(since: datetime, now: datetime) -> bool:
    """Whether a case has had no answer for too long; never while the clocks contradict each other."""
    try:
        clock.require_no_jump()
    except Refused:
        return False
    return now - since >= PATIENCE


@contextmanager
def or_uncounted(connection: Connection, case_id: int, now: datetime) -> Iterator[None]:
    """Runs this block, which counts a failure, in a savepoint; if the block fails, notes that it could not count.

    It fails, for example, where a forged or half-restored event row has the place of the event that parks the case. A
    case that is gone has nothing to count. Raises the error of a database that is away or asks for a retry.
    """
    try:
        with connection.transaction():
            yield
    except Stale:
        return
    except Exception as error:
        if isinstance(error, RETRYABLE) or unavailable(error):
            raise
        record_uncounted(connection, case_id, describe(error), now)


def record_uncounted(connection: Connection, case_id: int, failure: Failure, now: datetime) -> None:
    """Quarantines a case whose failure could not be counted; `sijil doctor` counts such cases."""
    log.error("a failure could not be counted", case_id=case_id, error=failure.error)
    quarantine(connection, scalar(connection, QUEUE_OF, [case_id]), [case_id], now + UNCOUNTED)
    try:
        with connection.transaction():
            connection.execute(UPSERT_UNCOUNTED, [failure.error, failure.traceback, now, case_id])
    except psycopg.Error as error:
        log.error("an uncounted failure could not be noted either", case_id=case_id, error=describe(error).error)


def tries_so_far(connection: Connection, row: CaseRow) -> Tried:
    """The tries of a case since its last event."""
    known = connection.execute(TRIES_SO_FAR, [row.id, row.stage, row.version]).fetchone()
    return Tried(*known) if known else Tried()


def retry_or_park(  # noqa: PLR0913 - what is noted, and what follows
    connection: Connection,
    row: CaseRow,
    so_far: Tried,
    failure: Failure,
    now: datetime,
    wait: timedelta | None,
    *,
    unanswered: bool = False,
) -> None:
    """Notes the failure, and quarantines the case for this wait; parks it where there is no wait any more."""
    noted = [row.id, row.kind, row.stage, row.version, *so_far, failure.error, failure.traceback, now, wait is None]
    connection.execute(UPSERT_FAILURE, noted)
    if wait is None:
        park(connection, row, CaseParked(stage=row.stage, error=failure.error, tries=so_far.tries), now)
        return
    queue = scalar(connection, QUEUE_OF, [row.id])
    if unanswered:
        quarantine_unanswered(connection, queue, [[row.id]], now, wait)
    else:
        quarantine(connection, queue, [row.id], now + wait)


def park(connection: Connection, row: CaseRow, event: CaseParked, now: datetime) -> None:
    """Parks a case by its row alone, so that it works for a file that cannot be loaded or a stage that no flow has."""
    append_event(connection, row, event, TimePassed(at=now), parked_state(now, max(now, row.stage_since), row.lane))


def delete_obsolete_failures(connection: Connection, after: int = 0, limit: int = 1000) -> int:
    """Deletes, of the next `limit` failures after this case, those whose case has moved on.

    Returns the last case that it looked at, 0 once it looked at all.
    """
    count, last = connection.execute(DELETE_OBSOLETE, [after, limit]).fetchall()[0]
    return int(last) if count == limit else 0
