"""The one thread of a worker process that speaks to the gateway: no thread that decides ever waits for it."""

from dataclasses import dataclass, field
from threading import Event, Thread

import structlog

from models.errors import Unavailable, describe
from notifications.deliver import Deliverer
from tasks.wake import wake
from workflows.flows import DELIVERY

log = structlog.get_logger()


@dataclass(slots=True)
class DeliveryThread:
    """Sleeps until it is woken, then sends until nothing is owed.

    A gateway that is slow holds up this thread, and each call ends at its deadline.
    """

    deliverer: Deliverer
    woken: Event = field(default_factory=Event)

    def wake(self) -> bool:
        """What the actor of the delivery queue does.

        False: whoever has sent for two seconds wakes the queue by itself.
        """
        self.woken.set()
        return False

    def start(self) -> Thread:
        """Begins to wait."""
        thread = Thread(target=self.run, name="delivery", daemon=True)
        thread.start()
        return thread

    def end(self, thread: Thread) -> None:
        """Ends it once the call in hand has its answer, or its deadline is over."""
        self.deliverer.stopping = True
        self.woken.set()
        thread.join()

    def run(self) -> None:
        """Until told to stop."""
        while not self.deliverer.stopping:
            self.woken.wait()
            self.woken.clear()
            try:
                self.deliver()
            except Unavailable as error:
                if not self.deliverer.breaker.is_open:  # once open, it has said so itself
                    log.warning("something is away; the sweep will try again", queue=DELIVERY, error=str(error))
            except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, the next wake finds the thread there
                log.error("a delivery failed", error=describe(error).error)

    def deliver(self) -> None:
        """Until nothing is owed; every two seconds another process may join in."""
        while self.deliverer.drain() and not self.deliverer.stopping:
            wake(DELIVERY)
