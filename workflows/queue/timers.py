"""Timers whose time has come, and which queues have work now. Run by the sweep, every few seconds."""

from datetime import datetime

from models import clock
from models.database import Connection
from workflows.flow import QUEUES
from workflows.lanes import ALLOWANCE

# All hosts go by the database's clock, each to within a moment (models/clock.py). Fired at once, a timer could be worked by a host
# for which its time has not come yet: the stage would set the same timer again, and remind a citizen twice.
SLACK = 2 * clock.MOMENT
FIRE = """
    update cases set ready = true, rank = cases.due_at + lanes.allowance, due_at = null
    from unnest(%s::smallint[], %s::interval[]) as lanes (lane, allowance)
    where cases.lane = lanes.lane
    and id in (select id from cases where due_at <= %s order by due_at limit %s for update skip locked)
"""
WITH_WORK = """
    select queue from unnest(%s::text[]) as queues (queue)
    where queue not in (select queue from paused_queue) and (
        exists (select from unnest(%s::smallint[]) as lanes (lane) where exists (
            select from cases where ready and cases.queue = queues.queue and cases.lane = lanes.lane
        ))
        or exists (select from attempt where worker_id is null and at <= %s and attempt.queue = queues.queue)
    )
"""


def fire_timers(connection: Connection, now: datetime, limit: int = 10_000) -> int:
    """Timers whose time has come, by every host's clock, make their cases due; how many."""
    return connection.execute(FIRE, [list(ALLOWANCE), list(ALLOWANCE.values()), now - SLACK, limit]).rowcount


def queues_with_work(connection: Connection, now: datetime) -> list[str]:
    """The queues that somebody should look at, paused ones left out."""
    return [queue for (queue,) in connection.execute(WITH_WORK, [list(QUEUES), list(ALLOWANCE), now])]
