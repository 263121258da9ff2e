"""Timers whose time has come, and which queues have work now. Run by the sweep, every few seconds."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg
import structlog

from models import clock
from models.database import Connection, unavailable
from models.errors import DatabaseAway, describe
from workflows.engine.lanes import ALLOWANCE
from workflows.flows import case_queues, places
from workflows.flows.grammar import Stage
from workflows.queue.attempts import NOT_HELD as QUARANTINED_NOT_HELD
from workflows.queue.attempts import halves
from workflows.queue.claim import NOT_HELD as READY_NOT_HELD

log = structlog.get_logger()

# All hosts go by the database's clock, each to within a moment (models/clock.py). Fired at once, a timer could be
# worked by a host for which its time has not come yet: the stage would set the same timer again, and remind a citizen
# twice.
SLACK = 2 * clock.MOMENT
OVER = "select id from cases where due_at between %s and %s order by due_at limit %s for update skip locked"
FIRE = """
    update cases set ready = true, rank = cases.due_at + lanes.allowance, due_at = null
    from unnest(%s::smallint[], %s::interval[]) as lanes (lane, allowance)
    where cases.lane = lanes.lane and id = any(%s)
"""
TIMERS_ASTRAY = (
    "select id from cases where kind = %s and stage = %s and (due_at < %s or due_at > %s) order by due_at "
    "limit %s for update skip locked"
)
SET_ANEW = "update cases set due_at = %s, deadline = %s where id = any(%s)"
QUARANTINE_ANEW = "update attempt set at = %s where worker_id is null and at > %s"
WITH_WORK = f"""
    select queue from unnest(%s::text[]) as queues (queue)
    where queue not in (select queue from paused_queue) and (
        exists (select from unnest(%s::smallint[]) as lanes (lane) where exists (
            select from cases where ready and cases.queue = queues.queue and cases.lane = lanes.lane
                and {READY_NOT_HELD}
        ))
        or exists (select from attempt where worker_id is null and at <= %s and attempt.queue = queues.queue
            and {QUARANTINED_NOT_HELD})
    )
"""


def timed() -> list[tuple[str, Stage]]:
    """The stages that time ends or looks at again, with their kinds of cases."""
    return [(kind, stage) for kind, stage in places() if stage.within or stage.every]


def astray() -> timedelta:
    """How late, or far ahead, no timer can be.

    One that is was set or is read by a clock that jumped, or nobody was there to ring it: it says nothing about how
    long a person was silent, and nobody may lapse for it.
    """
    return max(wait for _, stage in timed() for wait in (stage.within, stage.every) if wait) + timedelta(days=1)


def fire_timers(connection: Connection, now: datetime, limit: int = 10_000) -> int:
    """Timers whose time has come, by every host's clock, make their cases due; how many.

    Those that are weeks late or ahead are set anew.
    """
    set_anew(connection, now, limit)
    return change(
        connection,
        FIRE,
        [list(ALLOWANCE), list(ALLOWANCE.values())],
        found(connection, OVER, [now - astray(), now - SLACK, limit]),
    )


def set_anew(connection: Connection, now: datetime, limit: int) -> int:
    """Timers astray begin their stage's periods anew, from now; what is quarantined until such a moment is worked now.

    How many timers.
    """
    connection.execute(QUARANTINE_ANEW, [now, now + clock.ASTRAY])
    return sum(
        change(
            connection,
            SET_ANEW,
            [step.next_timer(now, now), step.deadline(now)],
            found(connection, TIMERS_ASTRAY, [kind, step.name, now - astray(), now + astray(), limit]),
        )
        for kind, step in timed()
    )


def found(connection: Connection, statement: str, parameters: Sequence[object]) -> list[int]:
    """The cases of these timers, locked."""
    return [case_id for (case_id,) in connection.execute(statement, parameters)]


def change(connection: Connection, statement: str, parameters: Sequence[object], case_ids: Sequence[int]) -> int:
    """All at once; where the database refuses one of them, the others all the same. How many."""
    if not case_ids:
        return 0
    try:
        with connection.transaction():
            return connection.execute(statement, [*parameters, list(case_ids)]).rowcount
    except psycopg.Error as error:
        if isinstance(unavailable(error), DatabaseAway):  # a lock on the whole table is about none of them
            raise
        if len(case_ids) == 1:
            log.error("a timer cannot be rung or set", case_id=case_ids[0], error=describe(error).error)
            return 0
        return sum(change(connection, statement, parameters, half) for half in halves(case_ids))


def queues_with_work(connection: Connection, now: datetime) -> list[str]:
    """The queues that somebody should look at, paused ones left out."""
    return [queue for (queue,) in connection.execute(WITH_WORK, [list(case_queues()), list(ALLOWANCE), now])]
