"""The actors, one a queue.

Each says "there may be work here", works about two seconds, and wakes itself if there is more.

The queue is in the database: where no wake comes for a while, because the broker is away or full, each queue is looked
at all the same.
"""

import time
from collections.abc import Callable, Collection, Mapping
from functools import partial

import dramatiq
import structlog

from models.errors import Unavailable
from tasks.broker import SijilBroker
from tasks.delivery_thread import DeliveryThread
from tasks.wake import clear_wake, wake
from workflows.flows import DELIVERY, case_queues
from workflows.queue.drain import Drainer

UNWOKEN_SECONDS = 10.0  # the sweep wakes every two, wherever there is work
looked_at: dict[str, float] = {}  # by queue, on the monotonic clock, in this process
log = structlog.get_logger()


def declare(broker: SijilBroker, work: Mapping[str, Callable[[], bool]]) -> None:
    """One actor for every queue."""
    for queue, drain in work.items():
        actor(broker, queue, drain)


def drains(drainer: Drainer, delivery: DeliveryThread) -> dict[str, Callable[[], bool]]:
    """What works each queue off; deliveries have a thread of their own, which is woken."""
    return {**{queue: partial(drainer.drain, queue) for queue in case_queues()}, DELIVERY: delivery.wake}


def unwoken(queues: Collection[str]) -> list[str]:
    """Those of these queues at which nobody in this process looked for a while."""
    return [queue for queue in queues if time.monotonic() - looked_at.get(queue, 0.0) > UNWOKEN_SECONDS]


def look_at(queue: str, drain: Callable[[], bool]) -> bool:
    """Works a queue off; whether there may be more. What is away is tried again later."""
    looked_at[queue] = time.monotonic()
    try:
        return drain()
    except Unavailable as error:
        log.warning("something is away; the sweep will try again", queue=queue, error=str(error))
        return False


def actor(broker: SijilBroker, queue: str, drain: Callable[[], bool]) -> None:
    """The actor of a queue: the wake flag is cleared before the first claim, so that no wake is lost."""

    @dramatiq.actor(actor_name=queue, queue_name=queue, broker=broker)
    def look() -> None:
        clear_wake(queue)
        if look_at(queue, drain):
            wake(queue)
