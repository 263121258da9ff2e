"""One worker process: Dramatiq's worker threads, the attempts, and a heartbeat. Started by the supervisor."""

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from itertools import count
from threading import Event, Thread

import structlog
from dramatiq import Worker

from models import clock
from models.database import bound_transactions, scalar, transaction
from models.errors import Unavailable, describe
from models.settings import settings
from notifications.deliver import Deliverer
from notifications.gateways.http import HttpGateway
from tasks.actors import declare, drains, look_at, unwoken
from tasks.bootstrap import adapters
from tasks.broker import broker
from tasks.delivery_thread import DeliveryThread
from tasks.logs import configure_logs
from tasks.wake import wake
from tasks.watchdog import keep_telling_supervisor, look_for_hangs, run_watchdog, tell_supervisor
from workflows.queue.attempts import Attempts
from workflows.queue.batch import BatchRunner
from workflows.queue.drain import LASTING_SECONDS, Drainer
from workflows.queue.inhand import Unit

HEARTBEAT_SECONDS = 2.0
BEATS_A_QUESTION = 5  # to a session of the pool, about its durability: it costs as much as the beat
STAND_IN_SECONDS = 0.05
STAND_INS = 2  # threads for people while all others wait for a register that is slow to say nothing
OF_CASES = ("batch", "a case alone")  # units of which one case may be to blame
TRANSACTION_SECONDS = 120  # should the process be frozen in one: others wait for the persons that it claimed
COLLECT_AFTER = (
    200_000  # new objects that are still there: more than the batches of all threads make, which hold no cycles
)
log = structlog.get_logger()


def main(queues: frozenset[str]) -> int:
    """Works until SIGTERM, then finishes the batch in hand."""
    prepare()
    stop, supervisor = told_to_stop(), os.getppid()
    drainer = Drainer(BatchRunner(adapters(), attempts_of(queues), queues, wake), settings().batch)
    delivery = DeliveryThread(Deliverer(HttpGateway(settings().gateway_url), counters=drainer.runner.counters))
    declare(broker(), work := drains(drainer, delivery))
    broker().doorbell.listen()
    worker = listening(queues)
    log.info("worker started", queues=sorted(queues))
    show_life(drainer, stop)
    looking = [beside(look_unwoken, work, queues, stop), *(beside(stand_in, drainer, stop) for _ in range(STAND_INS))]
    delivering = delivery.start()
    while not stop.wait(1.0) and os.getppid() == supervisor:  # an orphan has nobody to restart it, so it ends
        pass
    stop.set()
    drainer.end()
    delivery.deliverer.stopping = True
    finish(worker, looking)
    delivery.end(delivering)
    drainer.runner.attempts.sign_off()
    return 0


def prepare() -> None:
    """This process, for whatever it works."""
    tell_supervisor()  # before anything is in hand: what it held is given back by this name
    beside(keep_telling_supervisor)
    configure_logs()
    collect_rarely()
    bound_transactions(TRANSACTION_SECONDS)


def listening(queues: frozenset[str]) -> Worker:
    """Dramatiq's worker, at work on these queues."""
    worker = Worker(broker(), queues=set(queues), worker_threads=settings().threads)
    worker.queue_prefetch = settings().threads  # a wake that no thread of ours can follow now is another process's
    worker.start()
    return worker


def finish(worker: Worker, looking: Iterable[Thread]) -> None:
    """Waits for whatever is in hand."""
    broker().doorbell.stopping = True
    broker().doorbell.ring_all_here()
    worker.stop()
    for thread in looking:
        thread.join()


def show_life(drainer: Drainer, stop: Event) -> None:
    """Heartbeats for everybody, an alarm for this process as a whole, and one for each of its threads."""
    beside(heartbeat, drainer, stop)
    beside(run_watchdog, stop)
    beside(look_for_hangs, stop, partial(end_hanging, drainer.runner.attempts))


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
    return Attempts(socket.gethostname(), os.getpid(), queues, clock.now(), threads=settings().threads)


def heartbeat(drainer: Drainer, stop: Event) -> None:
    """Says every two seconds that the worker is alive and what it has done; silent while the database is away."""
    durability, beats, away = None, count(), False
    while not stop.wait(HEARTBEAT_SECONDS):
        try:
            if next(beats) % BEATS_A_QUESTION == 0:
                durability = durability_of_pool()
            drainer.runner.attempts.heartbeat(clock.now(), drainer.runner.counters, durability)
            if away:
                log.info("database back")
            away = False
        except Unavailable:
            if not away:
                log.warning("database away")
            away = True
        except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, the next beat comes, and a thread that hangs is still noticed
            log.error("the heartbeat failed", error=describe(error).error)


def look_unwoken(work: Mapping[str, Callable[[], bool]], queues: Collection[str], stop: Event) -> None:
    """Looks where no wake came for a while: the queue is in the database, and a broker that is away or full only makes
    things slower.
    """
    while not stop.wait(1.0):
        for queue in unwoken(queues):
            try:
                look_at(queue, work[queue])
            except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, the next look comes
                log.error("a look failed", queue=queue, error=describe(error).error)


def stand_in(drainer: Drainer, stop: Event) -> None:
    """Sleeps until asking takes long, or seems to; then serves people whom the other threads keep waiting."""
    while not stop.is_set():
        try:
            short = drainer.short_of_threads()
            if short and drainer.stand_in():
                continue
            if short or drainer.asking_is_slow():
                stop.wait(STAND_IN_SECONDS)
            else:
                drainer.slow.wait(LASTING_SECONDS)
        except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, the next look comes
            log.error("a look failed", error=describe(error).error)
            stop.wait(HEARTBEAT_SECONDS)


def end_hanging(attempts: Attempts, unit: Unit) -> None:
    """A process in which a thread hangs is ended.

    Like one that was killed where that thread has cases in hand: the sweep then finds the case by halving.
    """
    log.error("a thread hangs; the process ends", unit=unit.name, seconds=unit.longest)
    try:
        if unit.name not in OF_CASES:
            attempts.hand_over()
    finally:
        os._exit(os.EX_SOFTWARE)


def durability_of_pool() -> str:
    """How one of the pool's sessions commits, in its own words."""
    with transaction() as connection:
        return str(scalar(connection, "select current_setting('synchronous_commit')"))


if __name__ == "__main__":
    sys.exit(main(frozenset(sys.argv[1:])))
