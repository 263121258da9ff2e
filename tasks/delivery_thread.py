"""The threads of a worker process that call the gateways, one a channel: no thread that decides cases waits for them,
and no channel for another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Thread

import structlog

from models.errors import Unavailable, describe
from notifications.deliver import Deliverer
from tasks.wake import wake
from workflows.flows import DELIVERY

# How often the gateway's connection is looked after while nothing is sent: its server waits no longer than some ten
# seconds for an answer.
ATTEND_SECONDS = 2.0
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
        """Delivers after each wake, until `end`; meanwhile it keeps the gateway's connection alive."""
        while not self.deliverer.stopping:
            woken = self.woken.wait(ATTEND_SECONDS)
            self.woken.clear()
            try:
                self.deliver() if woken else self.deliverer.gateway.attend()
            except Unavailable as error:
                if not self.deliverer.breaker.is_open:  # an open breaker has logged it
                    log.warning("something is away; the sweep will try again", queue=DELIVERY, error=str(error))
            except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, the next wake finds the thread there
                log.error("a delivery failed", error=describe(error).error)
        self.deliverer.gateway.close()

    def deliver(self) -> None:
        """Sends until nothing is owed; every two seconds it wakes the queue, so that another process may help."""
        while self.deliverer.drain() and not self.deliverer.stopping:
            wake(DELIVERY)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The threads of all channels."""

    threads: Sequence[DeliveryThread]

    def wake(self) -> bool:
        """Wakes each thread; see `DeliveryThread.wake`."""
        for each in self.threads:
            each.wake()
        return False

    def start(self) -> list[Thread]:
        """Starts the threads."""
        return [each.start() for each in self.threads]

    def stop(self) -> None:
        """Lets no thread send any further message."""
        for each in self.threads:
            each.deliverer.stopping = True

    def end(self, threads: Sequence[Thread]) -> None:
        """Waits for each thread to end; see `DeliveryThread.end`."""
        self.stop()
        for each, thread in zip(self.threads, threads, strict=True):
            each.end(thread)
