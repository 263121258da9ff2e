"""What dead workers leave: their batches are given back in halves, and what was alone in its worker's hands is told.

A worker holds an advisory lock for as long as it lives (`attempts.py`). Whoever can take that lock knows that it is silent.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from models.database import Connection
from workflows.queue.attempts import END, WORKER_LOCK, forget_gone, set_apart
from workflows.queue.claim import STILL_DUE

SILENT = """
    select holders.id, w.host, w.pid from (select distinct worker_id as id from attempt where worker_id is not null) as holders
    left join worker w using (id) where pg_try_advisory_xact_lock(%s, holders.id::int)
"""
DEAD = "select worker_id, id, queue, case_ids from attempt where worker_id = any(%s) order by id for update skip locked"
DUE = f"select id from cases where {STILL_DUE} order by id"


class Silent(NamedTuple):
    """A worker that has attempts and no lock any more: it died, or lost its connection and will sign on again."""

    id: int
    host: str | None
    pid: int | None


def silent_workers(connection: Connection) -> list[Silent]:
    """Those of whom nothing is heard."""
    return [Silent(*row) for row in connection.execute(SILENT, [WORKER_LOCK])]


def rescue_attempts(connection: Connection, dead: Collection[int], now: datetime) -> list[int]:
    """Gives the batches of these workers back in halves; returns the cases that were all their worker had in hand: only then does a death count."""
    alone = []
    attempts = connection.execute(DEAD, [list(dead)]).fetchall()
    in_hand = Counter(worker_id for worker_id, *_ in attempts)
    for worker_id, attempt_id, queue, case_ids in attempts:
        due = [case_id for (case_id,) in connection.execute(f"{DUE} for update skip locked", [case_ids])]
        if len(due) < connection.execute(DUE, [case_ids]).rowcount:
            continue  # somebody holds one for a moment, be it the dead worker's last transaction: the next round finds it free
        connection.execute(END, [attempt_id])
        if len(case_ids) == 1 and due and in_hand[worker_id] == 1:
            alone += due
        elif due:
            set_apart(connection, queue, due, now)
    forget_gone(connection, now - timedelta(minutes=10))
    return alone
