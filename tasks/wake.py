"""Wakes queues; the only module that sends messages. A wake says "there is work", never which."""

import time
from collections.abc import Iterable

import dramatiq
import redis
import structlog

from models.errors import describe
from tasks.broker import broker
from workflows.flows import DELIVERY, case_queues

FLAG_LIFE_MILLISECONDS = 1000
SILENT_SECONDS = 5.0  # in which no wake is tried after a broker did not answer in time
log = structlog.get_logger()


def wake(queue: str, *, anew: bool = False) -> None:
    """Wakes one worker of this queue. Call it after the commit.

    A flag in the broker makes ten thousand wakes a second one message; `anew` sends one whatever the flag says.
    A broker that is away is no error: the work is in the database, and the sweep wakes again.
    """
    if time.monotonic() < broker().silent_until:
        return
    try:
        if broker().client.set(flag_key(queue), 1, nx=not anew, px=FLAG_LIFE_MILLISECONDS):
            broker().enqueue(dramatiq.Message(queue_name=queue, actor_name=queue, args=(), kwargs={}, options={}))
            broker().doorbell.ring(queue)
            note_back()
    except (redis.RedisError, dramatiq.DramatiqError, OSError) as error:
        if isinstance(error, redis.TimeoutError):  # a frozen broker must not hold up every citizen who files
            broker().silent_until = time.monotonic() + SILENT_SECONDS
        note_away(error)


def wake_after_intake() -> None:
    """Applications were taken: the first decision is due, and the message that says so."""
    wake(case_queues()[0])
    wake(DELIVERY)


def wake_after_answer(queues: Iterable[str]) -> None:
    """Wakes the queues that a person's answer gave work to, and deliveries for the message about it."""
    for queue in (*queues, DELIVERY):
        wake(queue)


def clear_wake(queue: str) -> None:
    """Deletes the wake flag, so that the next wake sends a message. A worker calls it before it looks for work."""
    try:
        broker().client.delete(flag_key(queue))
    except redis.RedisError as error:
        note_away(error)


def note_away(error: Exception) -> None:
    """Logs the beginning of an outage of the broker, once."""
    if not broker().away:
        log.warning("broker away, the sweep will wake again", error=describe(error).error)
    broker().away = True


def note_back() -> None:
    """Logs the end of an outage of the broker, once."""
    if broker().away:
        log.info("broker back")
    broker().away = False


def flag_key(queue: str) -> str:
    """The broker's key of a queue's wake flag: while it exists, a wake is on its way."""
    return f"{broker().namespace}:woken:{queue}"
