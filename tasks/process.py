"""One worker process: Dramatiq's worker threads, the logbook, and a heartbeat. Started by the supervisor."""

import os
import signal
import socket
import sys
from threading import Event, Thread

import structlog
from dramatiq import Worker

from models import clock
from models.errors import Unavailable
from models.settings import settings
from tasks.broker import broker
from tasks.deliver import Deliverer
from tasks.gateways.http import HttpGateway
from tasks.logs import configure
from tasks.outside import outside
from tasks.queues import declare
from tasks.wake import wake
from workflows.drain import Drainer
from workflows.logbook import Logbook

HEARTBEAT_SECONDS = 2.0
log = structlog.get_logger()


def main(queues: frozenset[str]) -> int:
    """Works until SIGTERM, then finishes the batch in hand."""
    configure()
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    drainer = Drainer(outside(), logbook_of(queues), queues, settings().batch, wake)
    deliverer = Deliverer(HttpGateway(settings().gateway_url), drainer.logbook.number)
    declare(broker(), drainer, deliverer)
    broker().doorbell.listen()
    worker = Worker(broker(), queues=set(queues), worker_threads=settings().threads)
    worker.start()
    log.info("worker started", queues=sorted(queues))
    beat = Thread(target=heartbeat, args=(drainer, stop), daemon=True)
    beat.start()
    supervisor = os.getppid()
    while not stop.wait(0.5) and os.getppid() == supervisor:  # an orphan has nobody to restart it, so it ends
        pass
    stop.set()
    drainer.stopping = deliverer.stopping = broker().doorbell.silent = True
    broker().doorbell.ring_all_here()
    worker.stop()
    drainer.logbook.sign_off()
    return 0


def logbook_of(queues: frozenset[str]) -> Logbook:
    """This process's pages."""
    return Logbook(socket.gethostname(), os.getpid(), queues, clock.now())


def heartbeat(drainer: Drainer, stop: Event) -> None:
    """Says every two seconds that the worker is alive and what it has done; silent while the database is away."""
    while not stop.wait(HEARTBEAT_SECONDS):
        try:
            drainer.logbook.seen(clock.now(), drainer.counters)
        except Unavailable:
            log.warning("database away")


if __name__ == "__main__":
    sys.exit(main(frozenset(sys.argv[1:])))
