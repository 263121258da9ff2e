"""The strikes, each at a random moment, most of them in the middle of a batch.

A strike starts again what it killed, unless the system must notice and start it itself.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import redis

from models import clock
from tasks.broker import connect
from trials.chaos.system import CALL_MILLISECONDS, IMPORTING, Batch, Call, RunningSystem

# The longest wait for an open batch: there is none after an outage, or while the planted case ends worker after worker.
FIND_SECONDS = 60.0
CALL_MORE_SECONDS = 1.0  # without an open batch, after which a few more applications may come
BATCH_SECONDS = 0.04  # after a batch was seen to begin, the latest moment of a strike
IMPORT_SECONDS = 0.03  # the same for a set of an import
SETTLE_SECONDS = 0.02  # after a process was stopped: by then the servers have done what it had sent them
Work = TypeVar("Work", Batch, Call)


class Struck(NamedTuple):
    """A strike that was carried out."""

    name: str
    mid_batch: bool  # whether its process was stopped while its batch was open, or its call unanswered


def worker(system: RunningSystem, rng: random.Random) -> bool:
    """SIGKILL to a worker process in the middle of its batch; the supervisor must start another one."""
    with mid_batch(system, rng) as batch:
        return batch is not None and send_signal(batch.pid, signal.SIGKILL)


def backend(system: RunningSystem, rng: random.Random) -> bool:
    """SIGKILL to the server process behind a batch: PostgreSQL ends all its connections and recovers."""
    with mid_batch(system, rng) as batch:
        pid = system.backend_in_transaction()
        if pid is not None:
            send_signal(pid, signal.SIGKILL)
    system.wait_until("select true")
    return batch is not None and pid is not None


def postmaster(system: RunningSystem, rng: random.Random) -> bool:
    """SIGKILL to PostgreSQL itself, which stays away for a while."""
    with mid_batch(system, rng) as batch:
        system.servers.postgres.kill()
    time.sleep(rng.uniform(0, 1.5))
    system.servers.postgres.start()
    system.wait_until("select true")
    return batch is not None


def postmaster_in_call(system: RunningSystem, rng: random.Random) -> bool:
    """SIGKILL to PostgreSQL while the gateway has a call in hand, then a restart at once.

    A message whose lease is not on disk by then is owed again, and sent twice.
    """
    with mid_call(system, rng) as call:
        system.servers.postgres.kill()
    system.servers.postgres.start()
    system.wait_until("select true")
    return call is not None


def supervisor(system: RunningSystem, rng: random.Random) -> bool:
    """SIGKILL to a supervisor while one of its workers is in the middle of a batch.

    Its workers must end by themselves. The strike starts the supervisor again, as a service manager does.
    """
    with mid_batch(system, rng) as batch:
        host = system.host_of(batch.pid) if batch else None
        if host and host.process:
            host.process.kill()
            host.process.wait()
    time.sleep(rng.uniform(0, 1.0))
    if host:
        host.begin()
    return host is not None


def importer(system: RunningSystem, rng: random.Random) -> bool:
    """SIGKILL to an import in the middle of a set, then an import of the same file from its beginning."""
    file = system.files.next()
    if file is None:
        return False
    begun, process = clock.now(), file.begin()
    while process.poll() is None and not system.first_row(IMPORTING, 0.1, begun):
        continue
    time.sleep(rng.uniform(0, IMPORT_SECONDS))
    with stopped(process.pid):
        hit = is_stopped(process.pid) and bool(system.query(IMPORTING, begun))
        process.kill()
    process.wait()
    file.go_on()
    return hit


def broker_stop(system: RunningSystem, rng: random.Random) -> bool:
    """SIGKILL to the broker, which stays away for a while. No batch needs it, so none counts as hit."""
    system.servers.valkey.kill()
    time.sleep(rng.uniform(0.5, 2.5))
    system.servers.valkey.start()
    return False


def broker_wipe(system: RunningSystem, rng: random.Random) -> bool:
    """Wipes the broker."""
    try:
        connect(system.servers.valkey.url).flushall()
    except redis.RedisError:
        pass
    return False


def gateway(system: RunningSystem, rng: random.Random) -> bool:
    """SIGKILL to the gateway in the middle of a call, before or after it wrote the messages down."""
    with mid_call(system, rng) as call:
        if system.gateway is not None:
            system.gateway.kill()
            system.gateway.wait()
    time.sleep(rng.uniform(0, 1.0))
    system.open_gateway()
    return call is not None


def population(system: RunningSystem, rng: random.Random) -> bool:
    """SIGKILL to the population register, where it is elsewhere, while a batch is open; it stays away for a while."""
    if system.register is None:
        return False
    with mid_batch(system, rng) as batch:
        system.register.service.kill()
    time.sleep(rng.uniform(0, 3.0))
    system.register.service.begin()
    return batch is not None


def deliverer(system: RunningSystem, rng: random.Random) -> bool:
    """SIGKILL to a worker in the middle of its call to the gateway."""
    with mid_call(system, rng) as call:
        return call is not None and send_signal(call.pid, signal.SIGKILL)


def mid_batch(system: RunningSystem, rng: random.Random) -> AbstractContextManager[Batch | None]:
    """Stops a worker process in the middle of its batch."""
    return stopped_at_work(system, system.open_batch, system.is_open, rng.uniform(0, BATCH_SECONDS))


def mid_call(system: RunningSystem, rng: random.Random) -> AbstractContextManager[Call | None]:
    """Stops a worker process in the middle of its call to the gateway."""
    return stopped_at_work(system, system.call, system.is_in_hand, rng.uniform(0, CALL_MILLISECONDS / 1000))


@contextmanager
def stopped_at_work(
    system: RunningSystem, find: Callable[[float], Work | None], lasts: Callable[[Work], bool], wait: float
) -> Iterator[Work | None]:
    """Stops a process `wait` seconds after its work was seen to begin, and yields that work; None after FIND_SECONDS.

    Where the work was over by then, it stops the next process after half that time.
    """
    until = time.monotonic() + FIND_SECONDS
    while time.monotonic() < until:
        found = find(CALL_MORE_SECONDS)
        if found is None:
            system.people.call_more()
            continue
        time.sleep(wait)
        with stopped(found.pid):
            if is_stopped(found.pid) and lasts(found):
                yield found
                return
        wait /= 2
    yield None


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """SIGSTOP, and SIGCONT afterwards if the process still exists."""
    send_signal(pid, signal.SIGSTOP)
    time.sleep(SETTLE_SECONDS)
    try:
        yield
    finally:
        send_signal(pid, signal.SIGCONT)


def is_stopped(pid: int) -> bool:
    """Whether the process exists and is stopped: one that was killed before leaves its batch open in `attempt`."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def send_signal(pid: int, number: signal.Signals) -> bool:
    """Sends a signal; whether the process exists."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


Strike = Callable[[RunningSystem, random.Random], bool]
ALWAYS: tuple[Strike, ...] = (
    worker,
    postmaster_in_call,
    backend,
    importer,
    deliverer,
    supervisor,
    postmaster,
    gateway,
    worker,
    broker_wipe,
    broker_stop,
)
WEIGHTS: dict[Strike, int] = {
    worker: 60,
    deliverer: 10,
    gateway: 6,
    supervisor: 5,
    importer: 5,
    postmaster_in_call: 4,
    broker_stop: 5,
    broker_wipe: 5,
}


REMOTE_WEIGHT = 15  # of kills of a population register that is elsewhere


def plan(kills: int, rng: random.Random, *, remote: bool = False) -> list[Strike]:
    """Every kind of strike once, as far as `kills` goes, and the rest by weight; in random order."""
    weights = {**WEIGHTS, population: REMOTE_WEIGHT} if remote else WEIGHTS
    chosen = [*([population] if remote else []), *ALWAYS][:kills]
    chosen += rng.choices(list(weights), list(weights.values()), k=kills - len(chosen))
    rng.shuffle(chosen)
    return chosen


def carry_out(strike: Strike, system: RunningSystem, rng: random.Random) -> Struck:
    """Carries out one strike."""
    return Struck(strike.__name__, strike(system, rng))
