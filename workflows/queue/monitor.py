"""Reads what operators look at: queues, workers, daily jobs, messages. Of cases that failed: failed.py."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg.rows import dict_row

from models.database import Connection, scalar
from workflows.engine.lanes import ALLOWANCE
from workflows.events.registration import CaseWithdrawn
from workflows.flows import DELIVERY, PARKED, all_queues, asking_queues, case_queues, places
from workflows.flows.grammar import MACHINE, OF_PEOPLE, OPERATOR
from workflows.queue.attempts import WORKER_LOCK
from workflows.queue.failed import held_stages
from workflows.staff.signatures import names_of

RATE_OVER = timedelta(minutes=1)
PAUSED = "select queue, since, actor, reason from paused_queue"
# Reads the index of ready cases alone. A case became ready at its rank less its lane's allowance.
DEPTH = """
    select (select count(*) from cases where ready and queue = q.queue) as depth,
        (select min(first.rank - lanes.allowance)
            from unnest(%s::smallint[], %s::interval[]) as lanes (lane, allowance)
            cross join lateral (
                select rank from cases where ready and queue = q.queue and lane = lanes.lane order by rank limit 1
            ) as first) as since
    from unnest(%s::text[]) with ordinality as q (queue, place) order by q.place
"""
QUARANTINED = "select queue, sum(cardinality(case_ids))::int from attempt where worker_id is null group by queue"
OWED = "select count(*), min(due_at) from message where status in ('owed', 'sending')"
REPORTED = "select delivery, count(*) from message where delivery_at > %s group by delivery"
LETTERS = "select count(*) from letter where batch is null"
REPORTED_OVER = timedelta(hours=1)
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
# Reads the index of the cases that wait for people alone.
WITH_PEOPLE = """
    select kind, stage, count(*), min(stage_since) from cases where open and not machine and not waiting group by 1, 2
"""
UNCOUNTED = "select count(*) from case_failure where uncounted"
DAILY_JOBS = "select name, done_on, tried_at, error from daily_job order by name"
# Reads two partial indexes, because the messages that were sent are many.
MESSAGES = """
    select status, count(*) from message where status in ('owed', 'sending') group by status
    union all select status, count(*) from message where status in ('failed', 'stuck') group by status
"""


# Queues whose service elsewhere may be left alone, with the counter of its circuit breaker, and the state.
LEFT_ALONE = (
    (DELIVERY, "gateway_open", "left_alone"),
    *((queue, "register_open", "register_left_alone") for queue in asking_queues()),
)


class Count(NamedTuple):
    """What waits in a queue, the age of the oldest of it, and what was done there in the last minute."""

    queue: str
    depth: int
    oldest_seconds: int
    done: int


def queues(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    """Each queue with its depth, the age of its oldest case in seconds, its rate a second, and the expected wait.

    The age counts since the case became ready; the rate is that of the last minute. The delivery queue counts messages
    owed, since they were due (a failed try makes them due later). `depth` leaves out the `quarantined` cases, which
    workers take one by one, each at its time. A paused queue says who paused it, when and why; the delivery queue says
    how many of its workers leave the gateway alone.
    """
    stopped, quarantined = left_alone(connection) | pauses(connection), dict(connection.execute(QUARANTINED).fetchall())
    return [
        queue_line(each)
        | {"quarantined": quarantined.get(each.queue, 0), "state": "open"}
        | stopped.get(each.queue, {})
        for each in counts(connection, now)
    ]


def counts(connection: Connection, now: datetime) -> list[Count]:
    """What waits in each queue, and what was done there in the last minute."""
    done = decided_by_queue(connection, now - RATE_OVER) | {DELIVERY: one_row(connection, SENT, [now - RATE_OVER])[0]}
    waiting = connection.execute(DEPTH, [list(ALLOWANCE), list(ALLOWANCE.values()), list(case_queues())]).fetchall()
    return [
        Count(queue, depth, max(0, round((now - since).total_seconds())) if since else 0, done.get(queue, 0))
        for queue, (depth, since) in zip(all_queues(), [*waiting, one_row(connection, OWED)], strict=True)
    ]


def queue_line(count: Count) -> dict[str, Any]:
    """One queue with its depth, age and rate; the expected wait is None where cases wait and nothing moves."""
    rate = count.done / RATE_OVER.total_seconds()
    wait = round(count.depth / rate) if rate else None
    return {
        "queue": count.queue,
        "depth": count.depth,
        "oldest_seconds": count.oldest_seconds,
        "rate": round(rate, 2),
        "per_minute": count.done,
        "expected_wait": wait if count.depth else 0,
    }


def pauses(connection: Connection) -> dict[str, dict[str, Any]]:
    """The state of each queue that is paused or has a held stage; its expected wait is unknown."""
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
    rows = connection.execute(PAUSED).fetchall()
    names = names_of(connection, [actor for _, _, actor, _ in rows])
    return held | {
        queue: {
            "state": "paused",
            "paused_since": since,
            "paused_by": names.get(actor, actor),
            "paused_because": reason,
            "expected_wait": None,
        }
        for queue, since, actor, reason in rows
    }


def left_alone(connection: Connection) -> dict[str, dict[str, Any]]:
    """The state of a queue whose workers leave a service alone; if all do, the expected wait is unknown."""
    alive = [row for row in workers(connection) if row["alive"]]
    found = {}
    for queue, counter, state in LEFT_ALONE:
        serving = [row for row in alive if queue in row["queues"]]
        if away := sum(bool(row["counters"].get(counter)) for row in serving):
            unknown = {"expected_wait": None} if away == len(serving) else {}
            found[queue] = {"state": state, "left_alone_by": away, "of_workers": len(serving), **unknown}
    return found


def with_people(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    """Each stage where a person must act: its owner, how many cases wait, and the age of the oldest in seconds."""
    found: dict[tuple[str, str], tuple[int, datetime]] = {}
    for kind, stage, count, since in connection.execute(WITH_PEOPLE):
        place = ("", PARKED) if stage == PARKED else (kind, stage)
        before, first = found.get(place, (0, since))
        found[place] = before + count, min(first, since)
    owners = {(kind, stage.name): stage.owner for kind, stage in places() if stage.owner in OF_PEOPLE}
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


def one_row(connection: Connection, statement: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
    """Executes a statement that gives exactly one row."""
    row: tuple[Any, ...] | None = connection.execute(statement, parameters).fetchone()
    assert row is not None
    return row


def decided_by_queue(connection: Connection, since: datetime) -> dict[str, int]:
    """How many decisions the stages of each queue took since then."""
    queue_of: dict[str, str | None] = {}
    for _, stage in places():
        if stage.owner == MACHINE:
            for event in stage.transitions:
                if event is not CaseWithdrawn:  # the citizen decides it
                    queue_of.setdefault(event.__name__, stage.queue)
    decided: dict[str, int] = {}
    for kind, count in connection.execute(DECIDED, [since]):
        queue = queue_of.get(kind)
        if queue:
            decided[queue] = decided.get(queue, 0) + count
    return decided


def workers(connection: Connection) -> list[dict[str, Any]]:
    """Every worker process that has a row: whether it is alive, and how many cases it holds."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(WORKERS).fetchall()


def uncounted(connection: Connection) -> int:
    """Counts the cases whose failure could not be counted: workers try them again for ever and never park them."""
    return int(one_row(connection, UNCOUNTED)[0])


def messages(connection: Connection) -> dict[str, int]:
    """Counts the messages that are not sent, by status."""
    return {"owed": 0, "sending": 0, "failed": 0, "stuck": 0} | dict(connection.execute(MESSAGES).fetchall())


def reported(connection: Connection, now: datetime) -> dict[str, int]:
    """Counts the messages on which a gateway reported in the last hour, by what it said."""
    rows = connection.execute(REPORTED, [now - REPORTED_OVER]).fetchall()
    return {"delivered": 0, "undelivered": 0} | dict(rows)


def daily_jobs(connection: Connection) -> list[dict[str, Any]]:
    """The daily jobs, each with the last day it is done for, and the error of its last try if that failed."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(DAILY_JOBS).fetchall()


def letters_waiting(connection: Connection) -> int:
    """How many letters wait for the next batch for the printer."""
    return int(scalar(connection, LETTERS))
