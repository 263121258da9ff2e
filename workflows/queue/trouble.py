"""A case that fails alone, or gets no answer: tried again after a while, in the end parked for an operator, with the place where it failed."""

from datetime import datetime, timedelta
from typing import NamedTuple

from models.database import Connection, value
from models.errors import Failure
from models.settings import settings
from workflows.engine import append, lock
from workflows.events import CaseParked
from workflows.evidence import TimePassed
from workflows.load import CaseRow
from workflows.queue.attempts import set_apart
from workflows.record import parked

UNANSWERED = timedelta(minutes=1)  # until a case for which a register gave no answer is asked about again
PATIENCE = timedelta(days=3)  # until it is an operator's to ask why; a register may be away for a weekend

KNOWN = "select tries, unanswered_since from trouble where case_id = %s and stage = %s and version = %s"
NOTE = """
    insert into trouble (case_id, stage, version, tries, unanswered_since, error, traceback, at, parked) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (case_id) do update set stage = excluded.stage, version = excluded.version, tries = excluded.tries,
        unanswered_since = excluded.unanswered_since, error = excluded.error, traceback = excluded.traceback, at = excluded.at, parked = excluded.parked
"""
QUEUE = "select queue from cases where id = %s"
FORGET = "delete from trouble t using cases c where c.id = t.case_id and not t.parked and c.version > t.version"

WORKER_DIED = Failure("worker died", "The process that worked on this case, alone, ended without a word.")


class Tried(NamedTuple):
    """How often a case failed where it stands, and since when there is no answer about it."""

    tries: int = 0
    unanswered_since: datetime | None = None


def failed_alone(connection: Connection, case_id: int, failure: Failure, now: datetime) -> None:
    """Counts the try: the case waits 2, 4, 8 ... seconds apart from all others, and after the last try it is parked."""
    row = lock(connection, case_id)
    tries = tried(connection, row).tries + 1
    set_back(connection, row, Tried(tries), failure, now, None if tries >= settings().tries else timedelta(seconds=2.0**tries))


def unanswered(connection: Connection, row: CaseRow, failure: Failure, now: datetime) -> None:
    """A register answers for others and not for this locked case: no try is counted, it waits apart. After three days without an answer it is parked."""
    before = tried(connection, row)
    since = before.unanswered_since or now
    set_back(connection, row, Tried(before.tries, since), failure, now, None if now - since >= PATIENCE else UNANSWERED)


def tried(connection: Connection, row: CaseRow) -> Tried:
    """What is known of the case's troubles as it stands."""
    known = connection.execute(KNOWN, [row.id, row.stage, row.version]).fetchone()
    return Tried(*known) if known else Tried()


def set_back(  # noqa: PLR0913 - what is noted, and what follows
    connection: Connection, row: CaseRow, so_far: Tried, failure: Failure, now: datetime, wait: timedelta | None
) -> None:
    """Notes it; the case waits apart for so long, or is parked where there is no waiting any more."""
    connection.execute(NOTE, [row.id, row.stage, row.version, *so_far, failure.error, failure.traceback, now, wait is None])
    if wait is None:
        park(connection, row, CaseParked(stage=row.stage, error=failure.error, tries=so_far.tries), now)
    else:
        set_apart(connection, value(connection, QUEUE, [row.id]), [row.id], now + wait)


def park(connection: Connection, row: CaseRow, event: CaseParked, now: datetime) -> None:
    """Parked by its row alone: a case whose file cannot be loaded, or whose stage no map knows, must not fail here, too."""
    append(connection, row, event, TimePassed(at=now), parked(now, max(now, row.stage_since)))


def forget(connection: Connection) -> None:
    """Troubles that are over."""
    connection.execute(FORGET)
