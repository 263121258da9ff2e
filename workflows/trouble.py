"""A case that fails alone: tried again after a while, in the end parked for an operator, with the place where it failed."""

from datetime import datetime, timedelta

from models.database import Connection
from models.errors import Failure
from models.settings import settings
from workflows.engine import Progress, lock, operate
from workflows.events import CaseParked
from workflows.evidence import SIJIL
from workflows.flow import PARKED, step_of
from workflows.logbook import set_apart
from workflows.ports import Outside

KNOWN = "select tries from trouble where case_id = %s and stage = %s and version = %s"
NOTE = """
    insert into trouble (case_id, stage, version, tries, error, traceback, at, parked) values (%s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (case_id) do update set stage = excluded.stage, version = excluded.version, tries = excluded.tries,
        error = excluded.error, traceback = excluded.traceback, at = excluded.at, parked = excluded.parked
"""
FORGET = "delete from trouble t using cases c where c.id = t.case_id and not t.parked and c.version > t.version"


WORKER_DIED = Failure("worker died", "The process that worked on this case, alone, ended without a word.")


def failed_alone(connection: Connection, case_id: int, failure: Failure, now: datetime, outside: Outside) -> Progress | None:
    """Counts the try: the case waits 2, 4, 8 ... seconds apart from all others, and after the last try it is parked.

    None while it only waits.
    """
    row = lock(connection, case_id)
    known = connection.execute(KNOWN, [case_id, row.stage, row.version]).fetchone()
    tries = (known[0] if known else 0) + 1
    park = tries >= settings().tries
    connection.execute(NOTE, [case_id, row.stage, row.version, tries, failure.error, failure.traceback, now, park])
    if park:
        return operate(connection, case_id, CaseParked(stage=row.stage, error=failure.error, tries=tries), PARKED, now, SIJIL, outside)
    set_apart(connection, step_of(row.kind, row.stage).queue or "", [case_id], now + timedelta(seconds=2.0**tries))
    return None


def forget(connection: Connection) -> None:
    """Troubles that are over."""
    connection.execute(FORGET)
