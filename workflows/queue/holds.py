"""Holds a stage at which all cases fail alike, as after a faulty deploy: no case uses up its tries there.

One case a minute probes the stage, and one success ends the hold. The hold is a row, so all hosts see it and it
outlives them.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from models.database import Connection, scalar
from models.errors import Failure
from workflows.engine.lanes import ALLOWANCE
from workflows.evidence import SIJIL
from workflows.flows import stage_of
from workflows.queue.attempts import INSERT_PROBE, REMOVE_FROM_QUEUE

ALIKE = 20  # cases that fail at one stage with one error before it is held, if none succeeds meanwhile
PROBE_EVERY = timedelta(minutes=1)

FIRST_ALIKE = """
    select min(at) from (
        select at from case_failure where kind = %s and stage = %s and error = %s order by at desc limit %s
    ) as last having count(*) = %s
"""
SUCCEEDED = """
    select exists (select from event e join cases c on c.id = e.case_id
        where e.at > %s and e.kind = any(%s) and e.actor = %s and c.kind = %s)
"""
IS_HELD = "select exists (select from held_stage where kind = %s and stage = %s)"
HOLD = """
    insert into held_stage (kind, stage, error, since, probe_at) values (%s, %s, %s, %s, %s)
    on conflict (kind, stage) do nothing
"""
# A hold that begins in the future, or a probe far from now, was written by a clock that has gone back since.
CORRECT_CLOCK = """
    update held_stage set since = least(since, %s), probe_at = least(probe_at, %s) where since > %s or probe_at > %s
"""
HELD = "select kind, stage, error, since, probe_at from held_stage order by kind, stage for update"
RELEASE = "delete from held_stage where kind = %s and stage = %s"
SET_PROBE_AT = "update held_stage set probe_at = %s where kind = %s and stage = %s"
PROBING = """
    select exists (select from attempt a join cases c on c.id = any(a.case_ids)
        where a.probe and c.kind = %s and c.stage = %s)
"""
# The probe is a case that did not fail yet, drawn from the first thousands of each lane: where a file has hundreds of
# bad cases in a row, those behind them have a chance each minute. Else it is the quarantined case that failed longest
# ago, so that it is not the same one again and again.
FRESH = """
    select id, queue from cases where id in (
        select c.id from (values (%s)) as queues (queue) cross join unnest(%s::smallint[]) as lanes (lane)
        cross join lateral (
            select id from cases c
            where ready and c.queue = queues.queue and c.lane = lanes.lane and kind = %s and stage = %s
            and not exists (select from case_failure t where t.case_id = c.id) order by rank limit 5000
        ) as c order by random() limit 5
    ) and ready limit 1 for update skip locked
"""
PROBE_FAILED = """
    update attempt set probe = true, at = %s where id = (
        select a.id from attempt a join cases c on c.id = a.case_ids[1] left join case_failure t on t.case_id = c.id
        where a.worker_id is null and c.kind = %s and c.stage = %s
        order by a.unanswered, cardinality(a.case_ids), t.at limit 1 for update of a skip locked
    )
"""
log = structlog.get_logger()


class Place(NamedTuple):
    """A stage of a kind of case."""

    kind: str
    stage: str


def is_held(connection: Connection, place: Place) -> bool:
    """Whether the stage is held."""
    return bool(scalar(connection, IS_HELD, place))


def hold_if_all_fail(connection: Connection, place: Place, failure: Failure, now: datetime) -> None:
    """Holds a stage, after a failure there, if the last twenty cases failed alike and none succeeded meanwhile.

    It logs one alarm for each hold.
    """
    first = scalar(connection, f"select ({FIRST_ALIKE})", [*place, failure.error, ALIKE, ALIKE])
    if first is None or succeeded(connection, place, first):
        return
    if connection.execute(HOLD, [*place, failure.error, now, now + PROBE_EVERY]).rowcount:
        log.error(
            "a stage is held: all cases fail there alike", kind=place.kind, stage=place.stage, error=failure.error
        )


def succeeded(connection: Connection, place: Place, since: datetime) -> bool:
    """Whether a worker decided a case at the stage since then."""
    return bool(scalar(connection, SUCCEEDED, [since, decisions_of(place), SIJIL, place.kind]))


def decisions_of(place: Place) -> list[str]:
    """The kinds of events that the stage decides; none where no flow has the stage any more."""
    try:
        return [event.__name__ for event in stage_of(*place).transitions]
    except LookupError:
        return []


def tend_holds(connection: Connection, now: datetime) -> None:
    """Ends the holds of stages where a case succeeded, and begins a probe of each other one once a minute."""
    connection.execute(CORRECT_CLOCK, [now, now + PROBE_EVERY, now, now + PROBE_EVERY])
    for kind, stage, error, since, probe_at in connection.execute(HELD).fetchall():
        place = Place(kind, stage)
        if succeeded(connection, place, since):
            connection.execute(RELEASE, place)
            log.warning("a stage is no longer held: a case succeeded there", kind=kind, stage=stage, error=error)
        elif probe_at <= now and not scalar(connection, PROBING, place):
            probe(connection, place, now)
            connection.execute(SET_PROBE_AT, [now + PROBE_EVERY, *place])


def probe(connection: Connection, place: Place, now: datetime) -> None:
    """Lets workers take one case of the held stage."""
    fresh = connection.execute(FRESH, [queue_of(place), list(ALLOWANCE), *place]).fetchone()
    if fresh:
        connection.execute(REMOVE_FROM_QUEUE, [[fresh[0]]])
        connection.execute(INSERT_PROBE, [fresh[1], [fresh[0]], now])
    else:
        connection.execute(PROBE_FAILED, [now, *place])


def queue_of(place: Place) -> str | None:
    """The queue of a stage; None where no flow has the stage any more."""
    try:
        return stage_of(*place).queue
    except LookupError:
        return None
