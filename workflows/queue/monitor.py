"""What operators look at: queues, workers, parked cases. Reads only."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import dict_row

from models.database import Connection
from workflows.casework.staff import names_of
from workflows.engine.lanes import ALLOWANCE
from workflows.events import CaseWithdrawn
from workflows.flows import DELIVERY, PARKED, all_queues, case_queues, places, stage_of
from workflows.flows.grammar import CASEWORKER, CITIZEN, MACHINE, OPERATOR
from workflows.queue.attempts import WORKER_LOCK

RATE_OVER = timedelta(minutes=1)
PAUSES = "select queue, since, actor from paused_queue"
# Counted and looked up in the index of due cases alone. A case's rank less its lane's allowance is when it became
# ready.
DEPTH = """
    select (select count(*) from cases where ready and queue = q.queue) as depth,
        (select min(first.rank - lanes.allowance) from unnest(%s::smallint[], %s::interval[]) as lanes (lane, allowance)
            cross join lateral (
            select rank from cases where ready and queue = q.queue and lane = lanes.lane order by rank limit 1
        ) as first) as since
    from unnest(%s::text[]) with ordinality as q (queue, place) order by q.place
"""
APART = "select queue, sum(cardinality(case_ids))::int from attempt where worker_id is null group by queue"
OWED = "select count(*), min(due_at) from message where status in ('owed', 'sending')"
SENT = "select count(*) from message where sent_at > %s"
DECIDED = "select kind, count(*) from event where at > %s group by kind"
WORKERS = f"""
    select w.id, w.host, w.pid, w.queues, w.since, w.seen_at, w.counters,
        exists (
            select from pg_locks l where l.locktype = 'advisory' and l.classid = {WORKER_LOCK} and l.objid = w.id
            and l.database = (select oid from pg_database where datname = current_database())
        ) as alive,
        (select coalesce(sum(cardinality(case_ids)), 0) from attempt a where a.worker_id = w.id) as holds
    from worker w order by w.id
"""
# Read in the index of what waits for people alone.
WITH_PEOPLE = """
    select kind, stage, count(*), min(stage_since) from cases where open and not machine and not waiting group by 1, 2
"""
PARKED_CASE = """
    select t.case_id, r.reference, t.kind, t.stage, t.tries, t.error, t.traceback, t.at
    from case_failure t left join receipt r using (case_id)
    where t.parked and t.case_id = %s
"""
SAME_ERROR = "select case_id from case_failure where parked and error = %s and case_id > %s order by case_id limit %s"
GROUPS = """
    select g.*, array(
        select r.reference from case_failure t join receipt r using (case_id)
        where t.parked and (t.kind, t.stage, t.error) = (g.kind, g.stage, g.error) order by t.at, t.case_id limit %s
    ) as "references"
    from (select kind, stage, error, count(*) as cases, min(at) as first, max(at) as last from case_failure
        where parked group by kind, stage, error) as g
    order by g.cases desc, g.kind, g.stage, g.error
"""
HELD = "select kind, stage, error, since from held_stage order by since"
UNCOUNTED = "select count(*) from case_failure where uncounted"
DAILY_JOBS = "select name, done_on, error from daily_job order by name"
# By two indexes, each of a part of the table: those that were sent are many.
MESSAGES = """
    select status, count(*) from message where status in ('owed', 'sending') group by status
    union all select status, count(*) from message where status in ('failed', 'stuck') group by status
"""


def queues(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    """Of each queue: depth, age of the oldest in seconds, work done a second over the last minute, and the wait that
    follows.

    Cases since they became ready; of the delivery queue all messages owed, since they were due (a failed try makes them
    due later). `quarantined`: cases in quarantine, which are worked one by one, each at its own time; they are not in
    `depth`. A paused queue says who holds it back and since when; the delivery queue says how many of its workers leave
    the gateway alone.
    """
    done = decided_by_queue(connection, now - RATE_OVER) | {DELIVERY: one(connection, SENT, [now - RATE_OVER])[0]}
    waiting = connection.execute(DEPTH, [list(ALLOWANCE), list(ALLOWANCE.values()), list(case_queues())]).fetchall()
    held, quarantined = left_alone(connection) | pauses(connection), dict(connection.execute(APART).fetchall())
    return [
        in_queue(queue, depth, since, done.get(queue, 0), now)
        | {"quarantined": quarantined.get(queue, 0), "state": "open"}
        | held.get(queue, {})
        for queue, (depth, since) in zip(all_queues(), [*waiting, one(connection, OWED)], strict=True)
    ]


def in_queue(queue: str, depth: int, since: datetime | None, done: int, now: datetime) -> dict[str, Any]:
    """One queue as it is shown; the wait is None where nothing moves."""
    rate = done / RATE_OVER.total_seconds()
    wait = round(depth / rate) if rate else None
    oldest = max(0, round((now - since).total_seconds())) if since else 0
    return {
        "queue": queue,
        "depth": depth,
        "oldest_seconds": oldest,
        "rate": round(rate, 2),
        "expected_wait": wait if depth else 0,
    }


def pauses(connection: Connection) -> dict[str, dict[str, Any]]:
    """What is different in a queue that is paused, or has a stage that is held: nobody knows how long it will wait."""
    held = {
        each["queue"]: {
            "state": "held",
            "held_since": each["since"],
            "held_stage": each["stage"],
            "error": each["error"],
            "expected_wait": None,
        }
        for each in held_stages(connection)
    }
    rows = connection.execute(PAUSES).fetchall()
    names = names_of(connection, [actor for *_, actor in rows])
    return held | {
        queue: {"state": "paused", "paused_since": since, "paused_by": names.get(actor, actor), "expected_wait": None}
        for queue, since, actor in rows
    }


def left_alone(connection: Connection) -> dict[str, dict[str, Any]]:
    """What is different in the delivery queue where workers leave the gateway alone; where all do, nobody knows how
    long it will wait.
    """
    serving = [row for row in workers(connection) if row["alive"] and DELIVERY in row["queues"]]
    away = sum(bool(row["counters"].get("gateway_open")) for row in serving)
    if not away:
        return {}
    found = {"state": "left_alone", "left_alone_by": away, "of_workers": len(serving)}
    return {DELIVERY: found | ({"expected_wait": None} if away == len(serving) else {})}


def with_people(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    """Of each stage where a person must act: whose turn it is, how many wait, and the age of the oldest in seconds."""
    found: dict[tuple[str, str], tuple[int, datetime]] = {}
    for kind, stage, count, since in connection.execute(WITH_PEOPLE):
        place = ("", PARKED) if stage == PARKED else (kind, stage)
        before, first = found.get(place, (0, since))
        found[place] = before + count, min(first, since)
    owners = {(kind, stage.name): stage.owner for kind, stage in places() if stage.owner in (CITIZEN, CASEWORKER)}
    waiting = [
        (*place, owner, *found.get(place, (0, now))) for place, owner in {**owners, ("", PARKED): OPERATOR}.items()
    ]
    return [
        {
            "kind": kind,
            "stage": stage,
            "owner": owner,
            "waiting": count,
            "oldest_seconds": max(0, round((now - since).total_seconds())),
        }
        for kind, stage, owner, count, since in waiting
    ]


def one(connection: Connection, statement: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
    """The one row of a statement."""
    row: tuple[Any, ...] | None = connection.execute(statement, parameters).fetchone()
    assert row is not None
    return row


def decided_by_queue(connection: Connection, since: datetime) -> dict[str, int]:
    """How many decisions each queue's stages took since then."""
    queue_of: dict[str, str | None] = {}
    for _, stage in places():
        if stage.owner == MACHINE:
            for event in stage.transitions:
                if event is not CaseWithdrawn:  # which is the citizen's
                    queue_of.setdefault(event.__name__, stage.queue)
    rates: dict[str, int] = {}
    for kind, count in connection.execute(DECIDED, [since]):
        queue = queue_of.get(kind)
        if queue:
            rates[queue] = rates.get(queue, 0) + count
    return rates


def workers(connection: Connection) -> list[dict[str, Any]]:
    """Every worker process that signed on and was not seen off: alive or not, and how many cases it holds."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(WORKERS).fetchall()


def parked_groups(connection: Connection, named: int = 0) -> list[dict[str, Any]]:
    """Parked cases, counted by stage and error; of each group so many references, longest parked first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(GROUPS, [named]).fetchall()


def parked_with(connection: Connection, error: str, after: int, limit: int) -> list[int]:
    """The next so many cases that are parked with this error, in the order of their numbers."""
    return [case_id for (case_id,) in connection.execute(SAME_ERROR, [error, after, limit])]


def parked_case(connection: Connection, case_id: int) -> dict[str, Any] | None:
    """A parked case, with the place where it failed; None where it is not parked."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(PARKED_CASE, [case_id]).fetchone()


def held_stages(connection: Connection) -> list[dict[str, Any]]:
    """The stages at which all cases fail alike, with their queue, the error, and since when."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return [row | {"queue": stage_of(row["kind"], row["stage"]).queue} for row in cursor.execute(HELD)]


def uncounted(connection: Connection) -> int:
    """Cases that failed, and whose failure could not be counted: they are tried again for ever, and never parked."""
    return int(one(connection, UNCOUNTED)[0])


def messages(connection: Connection) -> dict[str, int]:
    """Messages that are not sent yet, by status."""
    return {"owed": 0, "sending": 0, "failed": 0, "stuck": 0} | dict(connection.execute(MESSAGES).fetchall())


def daily_jobs(connection: Connection) -> list[dict[str, Any]]:
    """The jobs that run once a day: the last day each is done for, and the error of its last try, if that failed."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(DAILY_JOBS).fetchall()
