"""Samples of the queues: what waited in each at the beginning of a minute, so that people see the last hour.

The sweep takes them. The minute is part of the key, so that of several supervisors one writes it.
"""

from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from models.database import Connection
from workflows.flows import all_queues
from workflows.queue.monitor import counts

EVERY = timedelta(minutes=1)
KEPT = timedelta(days=1)
SHOWN = 60  # minutes
# A sample of the future was written by a clock that has gone back since.
WRITE = """
    with obsolete as (delete from queue_sample where at < %(first)s or at > %(at)s)
    insert into queue_sample (queue, at, depth, oldest_seconds, done)
    select queue, %(at)s, depth, oldest, done
    from unnest(%(queues)s::text[], %(depths)s::int[], %(oldest)s::int[], %(done)s::int[])
        as counted (queue, depth, oldest, done)
    on conflict do nothing
"""
READ = """
    select queue, at, depth, oldest_seconds, done from queue_sample
    where queue = any(%s) and at between %s and %s order by queue, at
"""


class Sample(NamedTuple):
    """What waited at a minute's beginning, how old the oldest of it was, and what was done in the minute before."""

    at: datetime
    depth: int
    oldest_seconds: int
    done: int


class Minute(NamedTuple):
    """A minute of the last hour, and its sample; None where no sweep ran."""

    at: datetime
    sample: Sample | None


def minute_of(moment: datetime) -> datetime:
    """The beginning of the minute."""
    return moment.replace(second=0, microsecond=0)


def take_samples(connection: Connection, now: datetime) -> None:
    """Writes the samples of this minute, where nobody has yet, and deletes those of the day before."""
    at = minute_of(now)
    queues, depths, oldest, done = (list(column) for column in zip(*counts(connection, now), strict=True))
    counted = {"queues": queues, "depths": depths, "oldest": oldest, "done": done}
    connection.execute(WRITE, {"at": at, "first": at - KEPT, **counted})


def last_hour(connection: Connection, now: datetime) -> dict[str, list[Minute]]:
    """The last sixty minutes of each queue, the oldest first."""
    last = minute_of(now)
    minutes = [last - EVERY * back for back in reversed(range(SHOWN))]
    found = connection.execute(READ, [list(all_queues()), minutes[0], last]).fetchall()
    known = {queue: {at: Sample(at, *rest) for _, at, *rest in rows} for queue, rows in groupby(found, itemgetter(0))}
    return {queue: [Minute(at, known.get(queue, {}).get(at)) for at in minutes] for queue in all_queues()}
