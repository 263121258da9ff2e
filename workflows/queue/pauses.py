"""Pauses a queue for an operator, and resumes it."""

from datetime import datetime
from typing import NamedTuple

from models.database import Connection
from models.errors import Refused
from workflows.audit.acts import Act, Purpose
from workflows.flows import all_queues
from workflows.staff.noting import Doing, sign_act
from workflows.staff.signatures import OPERATOR, names_of

# Where the queue is paused already, this returns the row that stands.
PAUSE = """
    insert into paused_queue (queue, since, actor, reason) values (%s, %s, %s, %s)
    on conflict (queue) do update set queue = excluded.queue returning since, actor
"""
RESUME = "delete from paused_queue where queue = %s returning since, actor"

LONGEST_REASON = 200  # characters


class Ended(NamedTuple):
    """A pause that is over, with the pseudonyms of the operators who began and ended it."""

    since: datetime
    paused_by: str
    resumed_by: str


def pause(connection: Connection, queue: str, by: str, now: datetime, reason: str = "") -> str:
    """Pauses the queue from the workers' next batch on; returns the operator's pseudonym.

    Raises Refused where it does not exist or is paused already, and for a reason that is too long.
    """
    require_queue(queue)
    why = reason_shown(reason)
    actor = sign_act(connection, OPERATOR, by, operation(Act.PAUSE_QUEUE, queue, now))
    since, paused_by = connection.execute(PAUSE, [queue, now, actor, why]).fetchone() or (now, actor)
    if (since, paused_by) != (now, actor):
        name = names_of(connection, [paused_by]).get(paused_by, paused_by)
        raise Refused("already_paused", f"The queue '{queue}' is already paused since {since:%F %R} by {name}.")
    return actor


def resume(connection: Connection, queue: str, by: str, now: datetime) -> Ended:
    """Resumes the queue; workers serve it from their next wake on.

    Raises Refused where it does not exist or is not paused.
    """
    require_queue(queue)
    actor = sign_act(connection, OPERATOR, by, operation(Act.RESUME_QUEUE, queue, now))
    ended = connection.execute(RESUME, [queue]).fetchone()
    if ended is None:
        raise Refused("not_paused", f"The queue '{queue}' is not paused.")
    since, paused_by = ended
    return Ended(since, paused_by, actor)


def operation(act: Act, queue: str, now: datetime) -> Doing:
    """What an operator does to a queue."""
    return Doing(act, now, role=OPERATOR, purpose=Purpose.OPERATION, detail={"queue": queue})


def reason_shown(reason: str) -> str | None:
    """A reason as it is shown, on one line; None for none. Raises Refused for one that is too long to be read there."""
    shown = " ".join(reason.split())
    if len(shown) > LONGEST_REASON or not shown.isprintable():
        raise Refused("long_reason", f"A reason has at most {LONGEST_REASON} characters, all printable.")
    return shown or None


def require_queue(queue: str) -> None:
    """Raises Refused for a queue that does not exist."""
    if queue not in all_queues():
        raise Refused("unknown_queue", f"There is no queue '{queue}'. There are {', '.join(all_queues())}.")
