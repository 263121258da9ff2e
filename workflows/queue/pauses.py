"""Holding a queue back, and letting it go."""

from datetime import datetime

from models.database import Connection
from models.errors import Refused
from workflows.flow import ALL_QUEUES
from workflows.staff import OPERATOR, sign

PAUSE = "insert into paused_queue (queue, since, actor) values (%s, %s, %s) on conflict (queue) do nothing"


def pause(connection: Connection, queue: str, by: str, now: datetime) -> None:
    """Workers leave the queue alone from their next batch on. Raises Refused for a queue that does not exist."""
    require(queue)
    connection.execute(PAUSE, [queue, now, sign(connection, OPERATOR, by)])


def resume(connection: Connection, queue: str) -> None:
    """Workers take it up again once woken. Raises Refused where it does not exist or was not paused."""
    require(queue)
    if connection.execute("delete from paused_queue where queue = %s", [queue]).rowcount == 0:
        raise Refused("not_paused", f"The queue '{queue}' is not paused.")


def require(queue: str) -> None:
    """Raises Refused for a queue that does not exist."""
    if queue not in ALL_QUEUES:
        raise Refused("unknown_queue", f"There is no queue '{queue}'. There are {', '.join(ALL_QUEUES)}.")
