"""The strikes, each at a random moment and most at an open batch; each leaves everything running again but what it must find out by itself."""

import random
import time
from collections.abc import Callable
from typing import NamedTuple

import redis

from sijil.chaos.scene import CALL_MILLISECONDS, Scene, end
from tasks.broker import connect

FIND_SECONDS = 10.0  # how long a strike waits for an open batch


class Struck(NamedTuple):
    """What was struck, and whether it hit an open batch: one that still stood in the book when its process was gone."""

    name: str
    mid_batch: bool


def worker(scene: Scene, rng: random.Random) -> bool:
    """SIGKILL to a worker process in the middle of its batch; the supervisor must notice and start another."""
    until = time.monotonic() + FIND_SECONDS
    while (batch := scene.open_batch(until - time.monotonic())) is not None:
        time.sleep(rng.uniform(0, 0.04))
        if scene.is_open(batch):
            return end(batch.pid) and scene.is_open(batch)
    return False


def backend(scene: Scene, rng: random.Random) -> bool:
    """SIGKILL to the server's process behind a batch: PostgreSQL ends all its connections and recovers."""
    batch = scene.open_batch(FIND_SECONDS)
    pid = scene.backend_in_transaction()
    if pid is not None:
        end(pid)
    scene.wait("select true")
    return scene.is_open(batch)


def postmaster(scene: Scene, rng: random.Random) -> bool:
    """SIGKILL to PostgreSQL itself, which stays away for a while."""
    batch = scene.open_batch(FIND_SECONDS)
    scene.on.postgres.kill()
    time.sleep(rng.uniform(0, 1.5))
    scene.on.postgres.start()
    scene.wait("select true")
    return scene.is_open(batch)


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
    caller = in_call(scene, rng)
    if scene.gateway is not None:
        scene.gateway.kill()
        scene.gateway.wait()
    time.sleep(rng.uniform(0, 1.0))
    scene.open_gateway()
    return caller is not None


def deliverer(scene: Scene, rng: random.Random) -> bool:
    """SIGKILL to a worker in the middle of its call to the gateway."""
    caller = in_call(scene, rng)
    return caller is not None and end(caller) and scene.is_in_call(caller)


def in_call(scene: Scene, rng: random.Random) -> int | None:
    """A process that is in a call, at a random moment of it; None where there is none for long."""
    until = time.monotonic() + FIND_SECONDS
    while (caller := scene.caller(until - time.monotonic())) is not None:
        time.sleep(rng.uniform(0, CALL_MILLISECONDS / 1000))
        if scene.is_in_call(caller):
            return caller
    return None


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
