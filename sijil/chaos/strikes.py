"""The strikes, each at a random moment and most at an open batch; each leaves everything running again but what it must find out by itself."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import redis

from sijil.chaos.scene import CALL_MILLISECONDS, Batch, Call, Scene
from tasks.broker import connect

FIND_SECONDS = 60.0  # how long a strike waits for an open batch: after an outage, or while the planted case ends worker after worker
CALL_MORE_SECONDS = 1.0  # after which a few more people apply
BATCH_SECONDS = 0.04  # how far into a batch a strike goes at the most
SETTLE_SECONDS = 0.02  # after which whatever a process had handed to the servers has come to its end
Work = TypeVar("Work", Batch, Call)


class Struck(NamedTuple):
    """What was struck, and whether it hit an open batch: one that stood in the book, or a call in the gateway's hands, while its process stood still."""

    name: str
    mid_batch: bool


def worker(scene: Scene, rng: random.Random) -> bool:
    """SIGKILL to a worker process in the middle of its batch; the supervisor must notice and start another."""
    with mid_batch(scene, rng) as batch:
        return batch is not None and send(batch.pid, signal.SIGKILL)


def backend(scene: Scene, rng: random.Random) -> bool:
    """SIGKILL to the server's process behind a batch: PostgreSQL ends all its connections and recovers."""
    with mid_batch(scene, rng) as batch:
        pid = scene.backend_in_transaction()
        if pid is not None:
            send(pid, signal.SIGKILL)
    scene.wait("select true")
    return batch is not None and pid is not None


def postmaster(scene: Scene, rng: random.Random) -> bool:
    """SIGKILL to PostgreSQL itself, which stays away for a while."""
    with mid_batch(scene, rng) as batch:
        scene.on.postgres.kill()
    time.sleep(rng.uniform(0, 1.5))
    scene.on.postgres.start()
    scene.wait("select true")
    return batch is not None


def broker_stop(scene: Scene, rng: random.Random) -> bool:
    """The broker is killed and stays away for a while. It is no part of a batch: none is hit."""
    scene.on.valkey.kill()
    time.sleep(rng.uniform(0.5, 2.5))
    scene.on.valkey.start()
    return False


def broker_wipe(scene: Scene, rng: random.Random) -> bool:
    """The broker forgets everything."""
    try:
        connect(scene.on.valkey.url).flushall()
    except redis.RedisError:
        pass
    return False


def gateway(scene: Scene, rng: random.Random) -> bool:
    """SIGKILL to the gateway in the middle of a call: before it wrote the messages down, or after."""
    with mid_call(scene, rng) as call:
        if scene.gateway is not None:
            scene.gateway.kill()
            scene.gateway.wait()
    time.sleep(rng.uniform(0, 1.0))
    scene.open_gateway()
    return call is not None


def deliverer(scene: Scene, rng: random.Random) -> bool:
    """SIGKILL to a worker in the middle of its call to the gateway."""
    with mid_call(scene, rng) as call:
        return call is not None and send(call.pid, signal.SIGKILL)


def mid_batch(scene: Scene, rng: random.Random) -> AbstractContextManager[Batch | None]:
    """A process in the middle of its batch."""
    return caught(scene, scene.open_batch, scene.is_open, rng.uniform(0, BATCH_SECONDS))


def mid_call(scene: Scene, rng: random.Random) -> AbstractContextManager[Call | None]:
    """A process in the middle of its call to the gateway."""
    return caught(scene, scene.call, scene.is_in_hand, rng.uniform(0, CALL_MILLISECONDS / 1000))


@contextmanager
def caught(scene: Scene, find: Callable[[float], Work | None], lasts: Callable[[Work], bool], wait: float) -> Iterator[Work | None]:
    """A process that stands still so long after its work was seen to begin; sooner in the next where it was over before. None where there is none for long."""
    until = time.monotonic() + FIND_SECONDS
    while time.monotonic() < until:
        found = find(CALL_MORE_SECONDS)
        if found is None:
            scene.people.call_more()
            continue
        time.sleep(wait)
        with stopped(found.pid):
            if stands_still(found.pid) and lasts(found):
                yield found
                return
        wait /= 2
    yield None


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process stands still, and goes on afterwards if it still can."""
    send(pid, signal.SIGSTOP)
    time.sleep(SETTLE_SECONDS)
    try:
        yield
    finally:
        send(pid, signal.SIGCONT)


def stands_still(pid: int) -> bool:
    """Whether there is such a process, and it is stopped: one that was killed before has left its batch in the book."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def send(pid: int, number: signal.Signals) -> bool:
    """A signal; whether there was such a process."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


Strike = Callable[[Scene, random.Random], bool]
ALWAYS: tuple[Strike, ...] = (worker, postmaster, backend, worker, deliverer, gateway, broker_wipe, broker_stop)
WEIGHTS: dict[Strike, int] = {worker: 70, deliverer: 10, gateway: 6, broker_stop: 7, broker_wipe: 7}  # PostgreSQL dies once each way


def plan(kills: int, rng: random.Random) -> list[Strike]:
    """Every kind once, as far as there are so many kills, and the rest by weight; in random order."""
    chosen = list(ALWAYS[:kills])
    chosen += rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=kills - len(chosen))
    rng.shuffle(chosen)
    return chosen


def carry_out(strike: Strike, scene: Scene, rng: random.Random) -> Struck:
    """One strike."""
    return Struck(strike.__name__, strike(scene, rng))
