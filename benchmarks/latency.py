"""`sijil bench latency`: from submitted to notified, one application at a time, on an idle system or beside a bulk lane
that is worked off.

The end is when another connection sees the case notified, not when the engine says so.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from statistics import quantiles
from typing import Any

from benchmarks.engine import DONE
from benchmarks.prepared import PREPARED, Say, Workers, alive_pids, let_go, one, prepare, working
from benchmarks.slow_gateway import SLOW, slow_gateway
from models import clock
from models.database import autocommit_connection, scalar, transaction
from models.errors import Broken
from models.settings import settings
from notifications.notices import notices
from sijil.processes import set_settings, stop
from tasks.wake import wake_after_intake
from trials.gateway_process import start_gateway
from trials.generator.household import GeneratedHousehold, households
from trials.servers import ProofServers, proof_servers
from workflows.bodies.declaration import ApplicationBody
from workflows.engine.lanes import INTERACTIVE
from workflows.flows import all_queues
from workflows.intake.submit import Accepted, Application, key_of, submit
from workflows.registers.enrol import enrol

ONE_BY_ONE = 200
WARM = 10
PAUSE_SECONDS = (0.05, 0.3)  # between one application and the next
IDLE_SECONDS = 30.0
LOOK_SECONDS = 0.002
LEAST_BESIDE = 60  # applications beside the backlog, over as many backlogs as it takes
FRESH = 700_000  # households of the seed from here on come one by one
GATEWAYS = ("trial", *SLOW)
RESTING = "select not machine from cases where id = %s"


def idle(seed: int, workers: Workers, say: Say, how: str = "trial") -> dict[str, Any]:
    """`p50_ms`, `p95_ms` on an idle system, `idle_core_percent`: what workers and supervisor take of a core when
    nothing comes; `stop_seconds` at SIGTERM.
    """
    with proof_servers("bench") as servers:
        servers.create("latency")
        coming = clean(seed)
        people = enrolled(coming, ONE_BY_ONE + WARM)
        with gateway(how):
            with working(workers, all_queues()) as supervisor:
                pids = [*alive_pids(), supervisor.pid]
                times = [one_by_one(made) for made in people][WARM:]
                say(f"{len(times)} applications one at a time")
                rest = core_percent(pids, IDLE_SECONDS)
                told_to_stop = time.monotonic()
            stopped = time.monotonic() - told_to_stop
        parked = one("select count(*) from cases where stage = 'parked'")
    found = {**told(times), "idle_core_percent": round(rest, 2), "stop_seconds": round(stopped, 1), "parked": parked}
    return {**found, "applications": len(times), "gateway": how, "settings": workers._asdict()}


def beside_backlog(seed: int, backlog: int, workers: Workers, say: Say) -> dict[str, Any]:
    """The same while so many cases of the bulk lane are worked off; `idle_core_percent` does not apply."""
    with proof_servers("bench") as servers:
        say(f"preparing a backlog of {backlog} ...")
        prepare(servers, PREPARED, backlog, seed)
        coming = clean(seed)
        times: list[float] = []
        while len(times) < LEAST_BESIDE:
            times += one_backlog(servers, coming, workers)
            say(f"{len(times)} applications beside the backlog so far")
    return {
        **told(times),
        "idle_core_percent": None,
        "applications": len(times),
        "backlog": backlog,
        "settings": workers._asdict(),
    }


def one_backlog(servers: ProofServers, coming: Iterator[GeneratedHousehold], workers: Workers) -> list[float]:
    """Times of those that came and went while there was a backlog."""
    servers.copy(PREPARED, "latency")
    people = enrolled(coming, LEAST_BESIDE)
    times = []
    with working(workers):
        let_go()
        time.sleep(1.0)  # until it is well on its way
        for made in people:
            spent = one_by_one(made)
            if one(DONE):
                break
            times.append(spent)
    return times


@contextmanager
def gateway(how: str) -> Iterator[None]:
    """Somebody to deliver to, for an idle system delivers, too: the trial gateway, or one that is slow."""
    if how in SLOW:
        with slow_gateway(how) as url:
            set_settings(gateway_url=url)
            yield
        return
    child = start_gateway(settings().home / "gateway.ndjson")
    try:
        yield
    finally:
        stop([child])


def clean(seed: int) -> Iterator[GeneratedHousehold]:
    """Households that can reach `notified`, without end."""
    return (made for made in households(200_000, seed, FRESH) if made.truth["plant"] is None)


def enrolled(coming: Iterator[GeneratedHousehold], count: int) -> list[GeneratedHousehold]:
    """The next ones, known to the population register."""
    people = list(islice(coming, count))
    enrol(person.row() for made in people for person in made.persons)
    return people


def one_by_one(made: GeneratedHousehold) -> float:
    """Submits one as the portal does, waits until another connection sees that the machine is done with it;
    milliseconds.
    """
    time.sleep(random.uniform(*PAUSE_SECONDS))
    body = ApplicationBody.model_validate(made.body)
    began = time.monotonic()
    with transaction() as connection:
        (outcome,) = submit(connection, [Application(key_of(body), "api", INTERACTIVE, body)], clock.now(), notices)
    wake_after_intake()
    assert isinstance(outcome, Accepted)
    with autocommit_connection() as connection:
        while not scalar(connection, RESTING, [outcome.case_id]):
            if time.monotonic() - began > 60:
                raise Broken("An application did not come to its end within a minute.")
            time.sleep(LOOK_SECONDS)
    return (time.monotonic() - began) * 1000


def told(times: list[float]) -> dict[str, float]:
    """Half, and 95 of a hundred, within so many milliseconds."""
    cuts = quantiles(times, n=100, method="inclusive")
    return {"p50_ms": round(cuts[49], 1), "p95_ms": round(cuts[94], 1), "longest_ms": round(max(times), 1)}


def core_percent(pids: list[int], seconds: float) -> float:
    """What these processes together took of one core."""
    before = sum(map(cpu_seconds, pids))
    time.sleep(seconds)
    return (sum(map(cpu_seconds, pids)) - before) / seconds * 100


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
