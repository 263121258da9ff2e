"""A case that fails alone, or gets no answer: tried again after a while, in the end parked for an operator, with the place where it failed."""

from datetime import datetime, timedelta

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

KNOWN = "select tries, error, at from trouble where case_id = %s and stage = %s and version = %s"
NOTE = """
    insert into trouble (case_id, stage, version, tries, error, traceback, at, parked) values (%s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (case_id) do update set stage = excluded.stage, version = excluded.version, tries = excluded.tries,
        error = excluded.error, traceback = excluded.traceback, at = excluded.at, parked = excluded.parked
"""
FORGET = "delete from trouble t using cases c where c.id = t.case_id and not t.parked and c.version > t.version"

WORKER_DIED = Failure("worker died", "The process that worked on this case, alone, ended without a word.")


def failed_alone(connection: Connection, case_id: int, failure: Failure, now: datetime) -> None:
    """Counts the try: the case waits 2, 4, 8 ... seconds apart from all others, and after the last try it is parked."""
    row = lock(connection, case_id)
    known = connection.execute(KNOWN, [case_id, row.stage, row.version]).fetchone()
    tries = (known[0] if known else 0) + 1
    last = tries >= settings().tries
    connection.execute(NOTE, [case_id, row.stage, row.version, tries, failure.error, failure.traceback, now, last])
    if last:
        park(connection, row, CaseParked(stage=row.stage, error=failure.error, tries=tries), now)
    else:
        queue = value(connection, "select queue from cases where id = %s", [case_id])
        set_apart(connection, queue, [case_id], now + timedelta(seconds=2.0**tries))


def unanswered(connection: Connection, row: CaseRow, queue: str, failure: Failure, now: datetime) -> None:
    """A register answers for others and not for this locked case: no try is counted, it waits apart. After three days without an answer it is parked."""
    known = connection.execute(KNOWN, [row.id, row.stage, row.version]).fetchone()
    tries, since = (known[0], known[2] if known[1] == failure.error else now) if known else (0, now)
    last = now - since >= PATIENCE
    connection.execute(NOTE, [row.id, row.stage, row.version, tries, failure.error, failure.traceback, now if last else since, last])
    if last:
        park(connection, row, CaseParked(stage=row.stage, error=failure.error, tries=tries), now)
    else:
        set_apart(connection, queue, [row.id], now + UNANSWERED)


def park(connection: Connection, row: CaseRow, event: CaseParked, now: datetime) -> None:
    """Parked by its row alone: a case whose file cannot be loaded, or whose stage no map knows, must not fail here, too."""
    append(connection, row, event, TimePassed(at=now), parked(now, max(now, row.stage_since)))


def forget(connection: Connection) -> None:
    """Troubles that are over."""
    connection.execute(FORGET)
