"""Waking a queue: the only place that sends. A wake says "there is work", never which."""

import time
from collections.abc import Iterable

import dramatiq
import redis
import structlog

from models.errors import describe
from tasks.broker import broker
from workflows.flows import DELIVERY, case_queues

FLAG_LIFE_MILLISECONDS = 1000
SILENT_SECONDS = 5.0  # for which a broker that did not answer in time is not asked again
log = structlog.get_logger()


def wake(queue: str, *, anew: bool = False) -> None:
    """Wakes one worker of this queue; call it after the commit.

    Ten thousand wakes a second make one message, but for each that is sent `anew`.

    A broker that is away is no error: the work is in the database, and the sweep wakes again.

    """
    if time.monotonic() < broker().silent_until:
        return
    try:
        if broker().client.set(flag(queue), 1, nx=not anew, px=FLAG_LIFE_MILLISECONDS):
            broker().enqueue(dramatiq.Message(queue_name=queue, actor_name=queue, args=(), kwargs={}, options={}))
            broker().doorbell.ring(queue)
            note_answer()
    except (redis.RedisError, dramatiq.DramatiqError, OSError) as error:
        if isinstance(
            error, redis.TimeoutError
        ):  # frozen: whoever files an application must not wait for that each time
            broker().silent_until = time.monotonic() + SILENT_SECONDS
        note_away(error)


def wake_after_intake() -> None:
    """Applications were taken: the first decision is due, and the message that says so."""
    wake(case_queues()[0])
    wake(DELIVERY)


def wake_after_answer(queues: Iterable[str]) -> None:
    """A person's answer moved a case: these queues have work now, and the message that says so is due."""
    for queue in (*queues, DELIVERY):
        wake(queue)


def clear_wake(queue: str) -> None:
    """A worker is about to look: from now on a wake counts again, so that none is lost."""
    try:
        broker().client.delete(flag(queue))
    except redis.RedisError as error:
        note_away(error)


def note_away(error: Exception) -> None:
    """One line of log for an outage, however many wakes meet it."""
    if not broker().away:
        log.warning("broker away, the sweep will wake again", error=describe(error).error)
    broker().away = True


def note_answer() -> None:
    """One line for its end."""
    if broker().away:
        log.info("broker back")
    broker().away = False


def flag(queue: str) -> str:
    """The key that says that a wake is on its way."""
    return f"{broker().namespace}:woken:{queue}"
