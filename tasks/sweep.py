"""The sweep: every two seconds, by whichever supervisor gets the lock. What wakes did not bring about, it does.

It rings timers, gives back what dead workers held, parks what killed its worker too often, and wakes every queue that has work.
"""

from datetime import datetime

from models import clock
from models.database import Connection, raw, transaction
from tasks.wake import wake
from workflows.drain import DELIVERY
from workflows.logbook import settle_the_dead
from workflows.ports import Outside
from workflows.timers import queues_with_work, ripen
from workflows.trouble import WORKER_DIED, failed_alone, forget

SWEEP_LOCK = 7219  # advisory; transaction-wide, so that no supervisor is special
SWEEP_SECONDS = 2.0
MESSAGES_DUE = "select exists (select from message where status in ('owed', 'sending') and due_at <= %s)"


def sweep(outside: Outside) -> None:
    """One round; nothing at all where another supervisor is at it. Raises Unavailable while the database is away."""
    now = clock.now()
    with transaction() as session:
        connection = raw(session)
        locked = connection.execute("select pg_try_advisory_xact_lock(%s)", [SWEEP_LOCK]).fetchone()
        if not locked or not locked[0]:
            return
        ripen(connection, now)
        bury(connection, now, outside)
        forget(connection)
        queues = queues_with_work(connection, now)
        owed = connection.execute(MESSAGES_DUE, [now]).fetchone()
    for queue in [*queues, DELIVERY] if owed and owed[0] else queues:
        wake(queue)


def bury(connection: Connection, now: datetime, outside: Outside) -> None:
    """Gives back what dead workers held; a case that worked alone when its worker died has a try counted."""
    for case_id, _ in settle_the_dead(connection, now).died_alone:
        failed_alone(connection, case_id, WORKER_DIED, now, outside)
