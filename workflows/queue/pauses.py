"""Holding a queue back, and letting it go."""

from datetime import datetime
from typing import NamedTuple

from models.database import Connection
from models.errors import Refused
from workflows.casework.staff import OPERATOR, names_of, sign
from workflows.flows import all_queues

# Where it is paused already, that row stands, and is told.
PAUSE = """
    insert into paused_queue (queue, since, actor) values (%s, %s, %s)
    on conflict (queue) do update set queue = excluded.queue returning since, actor
"""
RESUME = "delete from paused_queue where queue = %s returning since, actor"


class Ended(NamedTuple):
    """A pause that is over; who held the queue back and who let it go, by their pseudonyms."""

    since: datetime
    paused_by: str
    resumed_by: str


def pause(connection: Connection, queue: str, by: str, now: datetime) -> str:
    """Workers leave the queue alone from their next batch on; the pseudonym of who holds it back.

    Raises Refused where it does not exist or is paused.
    """
    require(queue)
    actor = sign(connection, OPERATOR, by)
    since, held_by = connection.execute(PAUSE, [queue, now, actor]).fetchone() or (now, actor)
    if (since, held_by) != (now, actor):
        name = names_of(connection, [held_by]).get(held_by, held_by)
        raise Refused("already_paused", f"The queue '{queue}' is already paused since {since:%F %R} by {name}.")
    return actor


def resume(connection: Connection, queue: str, by: str) -> Ended:
    """Workers take it up again once woken. Raises Refused where it does not exist or was not paused."""
    require(queue)
    actor = sign(connection, OPERATOR, by)
    ended = connection.execute(RESUME, [queue]).fetchone()
    if ended is None:
        raise Refused("not_paused", f"The queue '{queue}' is not paused.")
    since, paused_by = ended
    return Ended(since, paused_by, actor)


def require(queue: str) -> None:
    """Raises Refused for a queue that does not exist."""
    if queue not in all_queues():
        raise Refused("unknown_queue", f"There is no queue '{queue}'. There are {', '.join(all_queues())}.")
