"""One worker process: Dramatiq's worker threads, the attempts, and a heartbeat. Started by the supervisor."""

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Collection, Mapping
from threading import Event, Thread

import structlog
from dramatiq import Worker

from models import clock
from models.database import bound_transactions
from models.errors import Unavailable, describe
from models.settings import settings
from tasks.actors import declare, drains, look_at, unwoken
from tasks.broker import broker
from tasks.deliver import Deliverer
from tasks.delivery_thread import DeliveryThread
from tasks.gateways.http import HttpGateway
from tasks.logs import configure_logs
from tasks.outside import outside
from tasks.wake import wake
from tasks.watchdog import run_watchdog
from workflows.queue.attempts import Attempts
from workflows.queue.batch import Batches
from workflows.queue.drain import Drainer

HEARTBEAT_SECONDS = 2.0
TRANSACTION_SECONDS = 120  # should the process be frozen in one: others wait for the persons that it claimed
COLLECT_AFTER = 50_000  # new objects; a batch makes thousands that no cycle holds, and looking for cycles cost a fifth of the time
log = structlog.get_logger()


def main(queues: frozenset[str]) -> int:
    """Works until SIGTERM, then finishes the batch in hand."""
    configure_logs()
    collect_rarely()
    bound_transactions(TRANSACTION_SECONDS)
    stop, supervisor = told_to_stop(), os.getppid()
    drainer = Drainer(Batches(outside(), attempts_of(queues), queues, wake), settings().batch)
    delivery = DeliveryThread(Deliverer(HttpGateway(settings().gateway_url), counters=drainer.batches.counters))
    declare(broker(), work := drains(drainer, delivery))
    broker().doorbell.listen()
    worker = Worker(broker(), queues=set(queues), worker_threads=settings().threads)
    worker.start()
    log.info("worker started", queues=sorted(queues))
    beside(heartbeat, drainer, stop)
    beside(run_watchdog, stop)
    looking, delivering = beside(look_unwoken, work, queues, stop), delivery.start()
    while not stop.wait(0.5) and os.getppid() == supervisor:  # an orphan has nobody to restart it, so it ends
        pass
    stop.set()
    drainer.stopping = delivery.deliverer.stopping = True
    finish(worker, looking)
    delivery.end(delivering)
    drainer.batches.attempts.sign_off()
    return 0


def finish(worker: Worker, looking: Thread) -> None:
    """Waits for whatever is in hand."""
    broker().doorbell.stopping = True
    broker().doorbell.ring_all_here()
    worker.stop()
    looking.join()


def told_to_stop() -> Event:
    """Set by SIGTERM, or by Ctrl-C."""
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    return stop


def beside(target: Callable[..., None], *args: object) -> Thread:
    """A thread that ends with the process."""
    thread = Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread


def collect_rarely() -> None:
    """What is loaded by now stays for good, and the collector of cycles looks at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)


def attempts_of(queues: frozenset[str]) -> Attempts:
    """This process's attempts."""
    return Attempts(socket.gethostname(), os.getpid(), queues, clock.now())


def heartbeat(drainer: Drainer, stop: Event) -> None:
    """Says every two seconds that the worker is alive and what it has done; silent while the database is away."""
    while not stop.wait(HEARTBEAT_SECONDS):
        try:
            beat(drainer)
        except Unavailable:
            log.warning("database away")
        except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, the next beat comes, and a thread that hangs is still noticed
            log.error("the heartbeat failed", error=describe(error).error)


def look_unwoken(work: Mapping[str, Callable[[], bool]], queues: Collection[str], stop: Event) -> None:
    """Looks where no wake came for a while: the queue is in the database, and a broker that is away or full only makes things slower."""
    while not stop.wait(1.0):
        for queue in unwoken(queues):
            try:
                look_at(queue, work[queue])
            except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, the next look comes
                log.error("a look failed", queue=queue, error=describe(error).error)


def beat(drainer: Drainer) -> None:
    """A process in which a thread hangs is ended like one that was killed: the sweep then finds the case by halving."""
    if drainer.batches.hangs():
        log.error("a batch hangs; the process ends")
        os._exit(os.EX_SOFTWARE)
    drainer.batches.attempts.heartbeat(clock.now(), drainer.batches.counters)


if __name__ == "__main__":
    sys.exit(main(frozenset(sys.argv[1:])))
