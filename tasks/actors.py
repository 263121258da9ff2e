"""The actors, one for each queue. Its message says "there may be work here".

An actor works the queue for about two seconds, and wakes the queue again if there is more.
The queue is in the database: a worker also looks at a queue for which no wake came for a while, because the broker may
be away or full.
"""

import time
from collections.abc import Callable, Collection, Mapping
from functools import partial

import dramatiq
import structlog

from models.errors import Unavailable
from tasks.broker import SijilBroker
from tasks.delivery_thread import Deliveries, DeliveryThread
from tasks.wake import clear_wake, wake
from workflows.flows import DELIVERY, case_queues
from workflows.queue.drain import Drainer

IDLE_SECONDS = 10.0  # without a wake; the sweep sends one every two seconds if there is work
last_looked: dict[str, float] = {}  # when this process last looked at each queue, on the monotonic clock
log = structlog.get_logger()


def declare_actors(broker: SijilBroker, work: Mapping[str, Callable[[], bool]]) -> None:
    """Declares an actor for every queue."""
    for queue, drain in work.items():
        declare_actor(broker, queue, drain)


def drain_by_queue(drainer: Drainer, delivery: DeliveryThread | Deliveries) -> dict[str, Callable[[], bool]]:
    """What works each queue off; deliveries have threads of their own, which are woken."""
    return {**{queue: partial(drainer.drain, queue) for queue in case_queues()}, DELIVERY: delivery.wake}


def idle_queues(queues: Collection[str]) -> list[str]:
    """The queues at which no thread of this process looked for `IDLE_SECONDS`."""
    return [queue for queue in queues if time.monotonic() - last_looked.get(queue, 0.0) > IDLE_SECONDS]


def work_queue(queue: str, drain: Callable[[], bool]) -> bool:
    """Works a queue. Returns whether there may be more; not if something is away, which the sweep tries again."""
    last_looked[queue] = time.monotonic()
    try:
        return drain()
    except Unavailable as error:
        log.warning("something is away; the sweep will try again", queue=queue, error=str(error))
        return False


def declare_actor(broker: SijilBroker, queue: str, drain: Callable[[], bool]) -> None:
    """Declares the actor of a queue. It deletes the wake flag before its first claim, so that no wake is lost."""

    @dramatiq.actor(actor_name=queue, queue_name=queue, broker=broker)
    def look() -> None:
        clear_wake(queue)
        if work_queue(queue, drain):
            wake(queue)
