"""When a case is likely to be taken up, by what is really done: how many are before it, and how fast they go."""

from datetime import datetime, timedelta
from typing import NamedTuple

from models.database import Connection, scalar
from workflows.events.registration import CaseWithdrawn
from workflows.flows import FLOWS, PARKED, places
from workflows.flows.grammar import CITIZEN, MACHINE, NOBODY

OF_LATE = timedelta(days=28)  # decisions of people that count
LAST, LEAST = 200, 5  # of them the last so many; with fewer nobody can tell
SHORTLY = timedelta(seconds=10)  # over which the machine's decisions count; who waits no longer is told nothing
MOST = 20_000  # cases are counted no further than that; behind so many nobody can tell
# Each reads an index of the desk, in its order.
DONE = """
    select count(*), min(sorted_at) from (
        select sorted_at from desk_item where tab = 'done' and region = %(region)s and queue = %(queue)s
            and sorted_at > %(since)s order by sorted_at desc limit %(last)s
    ) as done
"""
BEFORE = """
    select count(*) from (
        select from desk_item where tab in ('unassigned', 'held', 'escalated') and region = %(region)s
            and queue = %(queue)s and (sorted_at, case_id) < (%(due)s, %(case)s) limit %(most)s
    ) as before
"""
ITEM = """
    select region, queue, sorted_at from desk_item where case_id = %s and tab in ('unassigned', 'held', 'escalated')
"""
READY = "select queue, rank from cases where id = %s and ready"
RANKED = """
    select count(*) from (
        select from cases where ready and queue = %(queue)s and rank < %(rank)s limit %(most)s
    ) as before
"""
DECIDED = "select count(*) from event where at > %(since)s and kind = any(%(kinds)s)"


# The register gave no answer about the case, or a worker that lives leaves it alone.
REGISTER_AWAY = """
    select exists (select from case_failure where case_id = %s and unanswered_since is not null and not parked)
        or exists (select from worker where counters @> '{"register_open": 1}' and seen_at > %s)
"""
ALIVE = timedelta(seconds=10)  # since a worker's last heartbeat


class Standing(NamedTuple):
    """Where a case stands, and since when."""

    case_id: int
    kind: str
    stage: str
    since: datetime


class Pace(NamedTuple):
    """How many cases are before this one, and when it is likely to be taken up; None: nothing moves."""

    before: int
    likely_at: datetime | None
    by_machine: bool = False  # within hours
    register_away: bool = False  # a register elsewhere, which must be asked first, gives no answer


def pace_of(connection: Connection, case: Standing, now: datetime) -> Pace | None:
    """When a case that stands there is likely to be taken up.

    None where nobody can tell, where it waits for its household, and where the machine has it only just now.
    """
    if not is_taken_up(case.kind, case.stage):
        return None
    stage = FLOWS[case.kind].stages[case.stage]
    if stage.owner != MACHINE:
        return by_people(connection, case.case_id, now)
    if now - case.since <= SHORTLY:
        return None
    if stage.asks and is_register_away(connection, case.case_id, now):
        return Pace(0, None, by_machine=True, register_away=True)
    return by_machine(connection, case.case_id, now)


def is_taken_up(kind: str, stage: str) -> bool:
    """Whether the machine or somebody of the staff will take up a case that stands there.

    Else it has ended, waits for its household, or is parked, and nothing that anybody may see of it depends on the
    moment.
    """
    return stage != PARKED and FLOWS[kind].stages[stage].owner not in (CITIZEN, NOBODY)


def is_register_away(connection: Connection, case_id: int, now: datetime) -> bool:
    """Whether the case waits for a register elsewhere that gives no answer."""
    return bool(scalar(connection, REGISTER_AWAY, [case_id, now - ALIVE]))


def by_people(connection: Connection, case_id: int, now: datetime) -> Pace | None:
    """Of a case that waits for the staff: by the last decisions of its queue in its region."""
    item = connection.execute(ITEM, [case_id]).fetchone()
    if item is None:
        return None
    region, queue, due = item
    where = {"region": region, "queue": queue, "due": due, "case": case_id, "most": MOST}
    done, first = connection.execute(DONE, where | {"since": now - OF_LATE, "last": LAST}).fetchone() or (0, None)
    if done < LEAST or first is None:
        return None
    (before,) = connection.execute(BEFORE, where).fetchone() or (0,)
    if before == MOST:
        return None
    # Fewer than asked for: then all of the last weeks are counted, and the weeks before their first one, too.
    over = now - first if done == LAST else OF_LATE
    return Pace(before, now + over / done * (before + 1))


def by_machine(connection: Connection, case_id: int, now: datetime) -> Pace | None:
    """Of a case that is ready in a queue: by what was decided there in the last seconds."""
    row = connection.execute(READY, [case_id]).fetchone()
    if row is None:
        return None
    queue, rank = row
    (before,) = connection.execute(RANKED, {"queue": queue, "rank": rank, "most": MOST}).fetchone() or (0,)
    if before == MOST:
        return None
    done = {"since": now - SHORTLY, "kinds": decisions_of(queue)}
    (decided,) = connection.execute(DECIDED, done).fetchone() or (0,)
    return Pace(before, now + SHORTLY / decided * (before + 1) if decided else None, by_machine=True)


def decisions_of(queue: str) -> list[str]:
    """The kinds of events that the stages of a queue decide."""
    found = {
        event.__name__
        for _, stage in places()
        if stage.owner == MACHINE and stage.queue == queue
        for event in stage.transitions
    }
    return sorted(found - {CaseWithdrawn.__name__})  # the citizen decides that one
