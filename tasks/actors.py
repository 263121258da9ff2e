"""The actors, one a queue. Each says "there may be work here", works about two seconds, and wakes itself if there is more."""

from collections.abc import Callable
from functools import partial

import dramatiq
import structlog

from models.errors import Unavailable
from tasks.broker import SijilBroker
from tasks.deliver import Deliverer
from tasks.wake import clear_wake, wake
from workflows.flow import DELIVERY, QUEUES
from workflows.queue.drain import Drainer

log = structlog.get_logger()


def declare(broker: SijilBroker, drainer: Drainer, deliverer: Deliverer) -> None:
    """One actor for every queue of the flow, and one for deliveries."""
    for queue in QUEUES:
        actor(broker, queue, partial(drainer.drain, queue))
    actor(broker, DELIVERY, deliverer.drain)


def actor(broker: SijilBroker, queue: str, drain: Callable[[], bool]) -> None:
    """The actor of a queue: the wake flag is cleared before the first claim, so that no wake is lost."""

    @dramatiq.actor(actor_name=queue, queue_name=queue, broker=broker)
    def look() -> None:
        clear_wake(queue)
        try:
            more = drain()
        except Unavailable as error:
            log.warning("something is away; the sweep will try again", queue=queue, error=str(error))
            return
        if more:
            wake(queue)
