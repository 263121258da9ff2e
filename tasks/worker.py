"""A worker process, started by the supervisor: Dramatiq's worker threads, the delivery threads, and a heartbeat."""

import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from itertools import count
from threading import Event, Thread

import structlog
from dramatiq import Worker

from models import clock
from models.database import bound_transactions, scalar, transaction
from models.errors import Unavailable, describe
from models.garbage import SELDOM, leave_what_exists
from models.priority import give_way
from models.settings import settings
from notifications.channels.choice import gateway_of, gateways
from notifications.codes import CodeDeliverer
from notifications.deliver import Deliverer
from notifications.leases import SMS
from notifications.quiet import hours_of
from tasks.actors import declare_actors, drain_by_queue, idle_queues, work_queue
from tasks.bootstrap import adapters
from tasks.broker import broker
from tasks.delivery_thread import Deliveries, DeliveryThread
from tasks.logs import configure_logs
from tasks.wake import wake
from tasks.watchdog import keep_telling_supervisor, run_watchdog, tell_supervisor, watch_for_hangs
from workflows.queue.attempts import Attempts
from workflows.queue.batch import BatchRunner
from workflows.queue.drain import LASTING_SECONDS, Drainer
from workflows.queue.inhand import Unit

HEARTBEAT_SECONDS = 2.0
BEATS_PER_QUESTION = 5  # one question about the pool's durability costs as much as a heartbeat
STAND_IN_SECONDS = 0.05
STAND_INS = 2  # threads for people's cases while all others wait for a register that gives no answer
CASE_UNITS = ("batch", "a case alone")  # units that hang because of a case, perhaps
TRANSACTION_SECONDS = 120  # then the database ends a frozen process's transaction, and frees the persons it claimed
log = structlog.get_logger()


def main(queues: frozenset[str]) -> int:
    """Works until SIGTERM, then finishes the batch in hand."""
    prepare_process()
    stop, supervisor = stop_on_signal(), os.getppid()
    drainer = Drainer(BatchRunner(adapters(), new_attempts(queues), queues, wake), settings().batch)
    delivery = new_deliveries(drainer.runner.counters)
    declare_actors(broker(), work := drain_by_queue(drainer, delivery))
    broker().doorbell.listen()
    worker = start_worker(queues)
    log.info("worker started", queues=sorted(queues))
    start_monitors(drainer, stop)
    threads = [start_thread(poll_idle_queues, work, queues, stop)]
    threads += [start_thread(stand_in, drainer, stop) for _ in range(STAND_INS)]
    delivering = delivery.start()
    while not stop.wait(1.0) and os.getppid() == supervisor:  # without its supervisor it ends: nobody would restart it
        pass
    stop.set()
    drainer.end()
    delivery.stop()
    stop_worker(worker, threads)
    delivery.end(delivering)
    drainer.runner.attempts.sign_off()
    return 0


def new_deliveries(counters: Counter[str]) -> Deliveries:
    """The threads that deliver, one for each channel, and one for the codes that somebody waits for."""
    chosen = settings()
    codes = CodeDeliverer(gateway_of(chosen), counters=counters)
    hours = {SMS: hours_of(chosen.text_hours)}  # nothing else wakes anybody
    by_channel = [
        Deliverer(gateway, channel, hours.get(channel), counters=counters)
        for channel, gateway in gateways(chosen).items()
    ]
    return Deliveries([DeliveryThread(each) for each in (codes, *by_channel)])


def prepare_process() -> None:
    """Sets up this process before it works: heartbeat to the supervisor, logs, garbage collector, time-out."""
    give_way(settings().nice)  # its supervisor did, but this process leads a session of its own
    tell_supervisor()  # before it has cases in hand, which the sweep gives back by this name
    start_thread(keep_telling_supervisor)
    configure_logs()
    leave_what_exists(SELDOM)
    bound_transactions(TRANSACTION_SECONDS)


def start_worker(queues: frozenset[str]) -> Worker:
    """Starts Dramatiq's worker for these queues."""
    worker = Worker(broker(), queues=set(queues), worker_threads=settings().threads)
    worker.queue_prefetch = settings().threads  # it leaves a wake for which it has no free thread to other processes
    worker.start()
    return worker


def stop_worker(worker: Worker, threads: Iterable[Thread]) -> None:
    """Stops Dramatiq's worker and these threads, after each finished what it has in hand."""
    broker().doorbell.stopping = True
    broker().doorbell.ring_all_here()
    worker.stop()
    for thread in threads:
        thread.join()


def start_monitors(drainer: Drainer, stop: Event) -> None:
    """Starts the heartbeat in the database, and the watchdogs of this process and of its threads."""
    start_thread(heartbeat, drainer, stop)
    start_thread(run_watchdog, stop)
    start_thread(watch_for_hangs, stop, partial(end_hanging, drainer.runner.attempts))


def stop_on_signal() -> Event:
    """An event that SIGTERM and Ctrl-C set."""
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    return stop


def start_thread(target: Callable[..., None], *args: object) -> Thread:
    """Starts a thread that ends with the process."""
    thread = Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread


def new_attempts(queues: frozenset[str]) -> Attempts:
    """The book of this process's attempts."""
    return Attempts(socket.gethostname(), os.getpid(), queues, clock.now(), threads=settings().threads)


def heartbeat(drainer: Drainer, stop: Event) -> None:
    """Records every two seconds that the worker lives, and its counters. Logs each outage of the database once."""
    durability, beats, away = None, count(), False
    while not stop.wait(HEARTBEAT_SECONDS):
        try:
            if next(beats) % BEATS_PER_QUESTION == 0:
                durability = durability_of_pool()
            drainer.runner.attempts.heartbeat(clock.now(), drainer.runner.counts(), durability)
            if away:
                log.info("database back")
            away = False
        except Unavailable:
            if not away:
                log.warning("database away")
            away = True
        except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, the next beat comes, and a thread that hangs is still noticed
            log.error("the heartbeat failed", error=describe(error).error)


def poll_idle_queues(work: Mapping[str, Callable[[], bool]], queues: Collection[str], stop: Event) -> None:
    """Works queues for which no wake came for a while: a broker that is away or full only slows the work down."""
    while not stop.wait(1.0):
        for queue in idle_queues(queues):
            try:
                work_queue(queue, work[queue])
            except Exception as error:  # noqa: BLE001 - a worker's edge: whatever it is, the next look comes
                log.error("working a queue failed", queue=queue, error=describe(error).error)


def stand_in(drainer: Drainer, stop: Event) -> None:
    """Works people's cases while all other threads wait for a slow register; sleeps until that happens."""
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
            log.error("working people's cases failed", error=describe(error).error)
            stop.wait(HEARTBEAT_SECONDS)


def end_hanging(attempts: Attempts, unit: Unit) -> None:
    """Ends the process, because one of its threads hangs.

    If that thread works cases, the process ends like one that was killed: the sweep then finds the case by halving.
    Else it gives its attempts back first, so that no case is to blame.
    """
    log.error("a thread hangs; the process ends", unit=unit.name, seconds=unit.longest)
    try:
        if unit.name not in CASE_UNITS:
            attempts.hand_over()
    finally:
        os._exit(os.EX_SOFTWARE)


def durability_of_pool() -> str:
    """The `synchronous_commit` of one of the pool's sessions."""
    with transaction() as connection:
        return str(scalar(connection, "select current_setting('synchronous_commit')"))


if __name__ == "__main__":
    sys.exit(main(frozenset(sys.argv[1:])))
