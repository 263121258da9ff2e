"""The one thread of a worker process that calls the gateway, so that no thread that decides cases waits for it."""

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
    """Sleeps until it is woken, then delivers until nothing is owed.

    A slow gateway holds up this thread alone, and each call ends at its deadline.
    """

    deliverer: Deliverer
    woken: Event = field(default_factory=Event)

    def wake(self) -> bool:
        """Wakes the thread, for the actor of the delivery queue.

        Returns False, so that the actor does not wake the queue again: `deliver` does if there is more.
        """
        self.woken.set()
        return False

    def start(self) -> Thread:
        """Starts the thread."""
        thread = Thread(target=self.run, name="delivery", daemon=True)
        thread.start()
        return thread

    def end(self, thread: Thread) -> None:
        """Waits for the thread to end, after the call in hand has its answer or reached its deadline."""
        self.deliverer.stopping = True
        self.woken.set()
        thread.join()

    def run(self) -> None:
        """Delivers after each wake, until `end`."""
        while not self.deliverer.stopping:
            self.woken.wait()
            self.woken.clear()
            try:
                self.deliver()
            except Unavailable as error:
                if not self.deliverer.breaker.is_open:  # an open breaker has logged it
                    log.warning("something is away; the sweep will try again", queue=DELIVERY, error=str(error))
            except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, the next wake finds the thread there
                log.error("a delivery failed", error=describe(error).error)

    def deliver(self) -> None:
        """Sends until nothing is owed; every two seconds it wakes the queue, so that another process may help."""
        while self.deliverer.drain() and not self.deliverer.stopping:
            wake(DELIVERY)
