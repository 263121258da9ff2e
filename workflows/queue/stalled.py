"""Finds stalled workers, and recovers the attempts of dead ones.

A worker holds an advisory lock for as long as it lives (`attempts.py`): it is stalled if another session can take that
lock. The failure detector of the sweep then says which stalled workers are dead.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from models.database import Connection, unavailable
from models.errors import DatabaseAway, describe
from workflows.queue.attempts import DELETE_ATTEMPT, Attempt, lock_is_free, quarantine
from workflows.queue.claim import STILL_DUE
from workflows.queue.failures import WORKER_DIED, record_failure

log = structlog.get_logger()

STALLED = f"""
    select holders.id, w.process
    from (select distinct worker_id as id from attempt where worker_id is not null) as holders
    left join worker w using (id) where {lock_is_free("holders.id")}
"""
ATTEMPTS_OF = """
    select worker_id, id, queue, case_ids from attempt where worker_id = any(%s) order by id for update skip locked
"""
# A batch ends within a minute, or the watchdog ends its process. So a worker that lives forgot an attempt this old.
QUARANTINE_FORGOTTEN = """
    update attempt set worker_id = null where worker_id is not null and ends_at is null and at < %s returning id
"""
DUE = f"select id from cases where {STILL_DUE} order by id"


class Stalled(NamedTuple):
    """A worker that has attempts and no lock any more: it died, or lost its connection and will sign on again."""

    id: int
    process: str | None


def stalled_workers(connection: Connection) -> list[Stalled]:
    """The workers that have attempts, and whose lock is free."""
    return [Stalled(*row) for row in connection.execute(STALLED)]


def recover_attempts(connection: Connection, dead: Collection[int], now: datetime) -> list[int]:
    """Quarantines the batches of these workers in halves; returns the cases against which a worker's death counts.

    A death counts as a try only for a case that was all its worker held. An attempt that fails here, whatever its rows
    hold, does not keep the others from being recovered.
    """
    counted = []
    attempts = connection.execute(ATTEMPTS_OF, [list(dead)]).fetchall()
    in_hand = Counter(worker_id for worker_id, *_ in attempts)
    for worker_id, attempt_id, queue, case_ids in attempts:
        try:
            with connection.transaction():
                counted += recover(connection, Attempt(attempt_id, queue, case_ids), in_hand[worker_id] == 1, now)
        except Exception as error:
            if isinstance(unavailable(error), DatabaseAway):  # every other attempt would fail alike
                raise
            log.error(
                "the attempt of a dead worker could not be recovered; the next sweep tries again",
                worker=worker_id,
                attempt=attempt_id,
                error=describe(error).error,
            )
    return counted


def quarantine_forgotten(connection: Connection, now: datetime) -> None:
    """Quarantines attempts that a living worker has held for ten minutes: it forgot them. The doctor counts them."""
    for (attempt_id,) in connection.execute(QUARANTINE_FORGOTTEN, [now - timedelta(minutes=10)]).fetchall():
        log.error("a living worker forgot this attempt; its cases are quarantined", attempt=attempt_id)


def recover(connection: Connection, attempt: Attempt, alone: bool, now: datetime) -> list[int]:
    """Recovers one attempt of a dead worker; returns the case against which the death counts, if it does."""
    found = [list(attempt.case_ids), attempt.queue]
    due = [case_id for (case_id,) in connection.execute(f"{DUE} for update skip locked", found)]
    if len(due) < connection.execute(DUE, found).rowcount:
        # Another transaction, perhaps the dead worker's last, has a case locked; the next sweep finds it free.
        return []
    connection.execute(DELETE_ATTEMPT, [attempt.id])
    if len(attempt.case_ids) == 1 and due and alone:
        record_failure(connection, due[0], WORKER_DIED, now)
        return due
    if due:
        quarantine(connection, attempt.queue, due, now)
    return []
