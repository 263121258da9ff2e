"""Fires timers, and finds the queues that have work. The sweep runs both every few seconds."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg
import structlog

from models import clock
from models.database import Connection, unavailable
from models.errors import DatabaseAway, describe
from workflows.desk.items import follow_deadlines
from workflows.engine.lanes import ALLOWANCE
from workflows.flows import case_queues, places
from workflows.flows.grammar import Stage
from workflows.queue.attempts import QUARANTINED_NOT_HELD, halves
from workflows.queue.claim import READY_NOT_HELD

log = structlog.get_logger()

# All hosts follow the database's clock, each to within a moment (models/clock.py). If a timer fired at once, a host
# whose clock is behind could work the case: the stage would set the same timer again, and remind a citizen twice.
SLACK = 2 * clock.MOMENT
TIMERS_DUE = "select id from cases where due_at between %s and %s order by due_at limit %s for update skip locked"
FIRE = """
    update cases set ready = true, rank = cases.due_at + lanes.allowance, due_at = null
    from unnest(%s::smallint[], %s::interval[]) as lanes (lane, allowance)
    where cases.lane = lanes.lane and id = any(%s)
"""
TIMERS_ASTRAY = """
    select id from cases where kind = %s and stage = %s and (due_at < %s or due_at > %s)
    order by due_at limit %s for update skip locked
"""
RESET_TIMERS = "update cases set due_at = %s, deadline = %s where id = any(%s)"
RESET_QUARANTINE = "update attempt set at = %s where worker_id is null and at > %s"
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


def timed_stages() -> list[tuple[str, Stage]]:
    """The stages with a deadline or a reminder, each after its kind of case."""
    return [(kind, stage) for kind, stage in places() if stage.within or stage.every]


def astray() -> timedelta:
    """How late or far ahead a timer can be at most; beyond that, a clock jumped or no sweep ran.

    Such a timer does not say how long a person was silent, so no case may lapse by it.
    """
    return max(wait for _, stage in timed_stages() for wait in (stage.within, stage.every) if wait) + timedelta(days=1)


def fire_timers(connection: Connection, now: datetime, limit: int = 10_000) -> int:
    """Makes the cases ready whose timers are due by every host's clock; returns their number.

    It first sets timers anew that are further from now than a timer can be.
    """
    reset_astray(connection, now, limit)
    due = lock_cases(connection, TIMERS_DUE, [now - astray(), now - SLACK, limit])
    return update_cases(connection, FIRE, [list(ALLOWANCE), list(ALLOWANCE.values())], due)


def reset_astray(connection: Connection, now: datetime, limit: int) -> int:
    """Begins the periods of cases with a timer astray anew, from now; returns the number of these cases.

    It also lets workers take attempts now that are quarantined until a moment astray.
    """
    connection.execute(RESET_QUARANTINE, [now, now + clock.ASTRAY])
    reset = 0
    for kind, stage in timed_stages():
        cases = lock_cases(connection, TIMERS_ASTRAY, [kind, stage.name, now - astray(), now + astray(), limit])
        reset += update_cases(connection, RESET_TIMERS, [stage.next_timer(now, now), stage.deadline(now)], cases)
        if cases:
            follow_deadlines(connection, cases)
    return reset


def lock_cases(connection: Connection, statement: str, parameters: Sequence[object]) -> list[int]:
    """The numbers of the cases that this statement locks."""
    return [case_id for (case_id,) in connection.execute(statement, parameters)]


def update_cases(connection: Connection, statement: str, parameters: Sequence[object], case_ids: Sequence[int]) -> int:
    """Updates all these cases in one statement; returns their number.

    Where the database refuses one of them, it halves them until it has updated the others.
    """
    if not case_ids:
        return 0
    try:
        with connection.transaction():
            return connection.execute(statement, [*parameters, list(case_ids)]).rowcount
    except psycopg.Error as error:
        if isinstance(unavailable(error), DatabaseAway):  # no single case is to blame for a lock on the whole table
            raise
        if len(case_ids) == 1:
            log.error("a timer cannot be fired or reset", case_id=case_ids[0], error=describe(error).error)
            return 0
        return sum(update_cases(connection, statement, parameters, half) for half in halves(case_ids))


def queues_with_work(connection: Connection, now: datetime) -> list[str]:
    """The queues with ready cases or quarantined attempts that are due; paused queues are left out."""
    return [queue for (queue,) in connection.execute(WITH_WORK, [list(case_queues()), list(ALLOWANCE), now])]
