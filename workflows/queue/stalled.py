"""What dead workers leave: their batches are given back in halves, and what was alone in its worker's hands is told.

A worker holds an advisory lock for as long as it lives (`attempts.py`). Whoever can take that lock knows that it is
silent.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from models.database import Connection, unavailable
from models.errors import DatabaseAway, describe
from workflows.queue.attempts import END, Attempt, lock_is_free, quarantine
from workflows.queue.claim import STILL_DUE
from workflows.queue.failures import WORKER_DIED, failed_alone

log = structlog.get_logger()

SILENT = f"""
    select holders.id, w.process from (select distinct worker_id as id from attempt
        where worker_id is not null) as holders
    left join worker w using (id) where {lock_is_free("holders.id")}
"""
DEAD = "select worker_id, id, queue, case_ids from attempt where worker_id = any(%s) order by id for update skip locked"
# A batch is over within a minute, or its process is ended: of a worker that lives, so old an attempt is one that it
# forgot.
FORGOTTEN = "update attempt set worker_id = null where worker_id is not null and at < %s returning id"
DUE = f"select id from cases where {STILL_DUE} order by id"


class Stalled(NamedTuple):
    """A worker that has attempts and no lock any more: it died, or lost its connection and will sign on again."""

    id: int
    process: str | None


def stalled_workers(connection: Connection) -> list[Stalled]:
    """Those of whom nothing is heard."""
    return [Stalled(*row) for row in connection.execute(SILENT)]


def recover_attempts(connection: Connection, dead: Collection[int], now: datetime) -> list[int]:
    """Gives the batches of these workers back in halves; a case that was all its worker had in hand has a try counted:
    only then does a death count.

    Returns these cases. An attempt that cannot be settled, for whatever stands in its rows, holds up no other.

    """
    counted = []
    attempts = connection.execute(DEAD, [list(dead)]).fetchall()
    in_hand = Counter(worker_id for worker_id, *_ in attempts)
    for worker_id, attempt_id, queue, case_ids in attempts:
        try:
            with connection.transaction():
                counted += recover(connection, Attempt(attempt_id, queue, case_ids), in_hand[worker_id] == 1, now)
        except Exception as error:
            if isinstance(unavailable(error), DatabaseAway):  # it would be so for each of them, one after the other
                raise
            log.error(
                "what a dead worker held could not be given back",
                worker=worker_id,
                attempt=attempt_id,
                error=describe(error).error,
            )
    return counted


def give_back_forgotten(connection: Connection, now: datetime) -> None:
    """What no worker has in hand any more, though it stands under one that lives, is quarantined; `sijil doctor` counts
    it before.
    """
    for (attempt_id,) in connection.execute(FORGOTTEN, [now - timedelta(minutes=10)]).fetchall():
        log.error("a worker forgot an attempt; it is given back", attempt=attempt_id)


def recover(connection: Connection, attempt: Attempt, alone: bool, now: datetime) -> list[int]:
    """Settles one attempt of a dead worker; the case against which its death counts, if it does."""
    found = [list(attempt.case_ids), attempt.queue]
    due = [case_id for (case_id,) in connection.execute(f"{DUE} for update skip locked", found)]
    if len(due) < connection.execute(DUE, found).rowcount:
        # somebody holds one for a moment, be it the dead worker's last transaction: the next round finds it free
        return []
    connection.execute(END, [attempt.id])
    if len(attempt.case_ids) == 1 and due and alone:
        failed_alone(connection, due[0], WORKER_DIED, now)
        return due
    if due:
        quarantine(connection, attempt.queue, due, now)
    return []
