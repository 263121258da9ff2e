"""`sijil bench latency`: measures the time from submitted to notified, one application at a time.

The system is idle, or works off a backlog of the bulk lane. The time ends when another connection sees the
case at rest.
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
from benchmarks.prepared import PREPARED, Say, Workers, alive_pids, prepare, query_value, resume_queues, working
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
LEAST_BESIDE = 60  # applications beside a backlog, over as many backlogs as needed
FRESH = 700_000  # the households that come one by one are those of the seed from this number on
GATEWAYS = ("trial", *SLOW)
RESTING = "select not machine from cases where id = %s"


def idle(seed: int, workers: Workers, say: Say, how: str = "trial") -> dict[str, Any]:
    """Measures an idle system: the times, what workers and supervisor take of a core, how long they take to stop."""
    with proof_servers("bench") as servers:
        servers.create("latency")
        coming = clean_households(seed)
        people = enrol_next(coming, ONE_BY_ONE + WARM)
        with gateway(how):
            with working(workers, all_queues()) as supervisor:
                pids = [*alive_pids(), supervisor.pid]
                times = [one_by_one(made) for made in people][WARM:]
                say(f"{len(times)} applications one at a time")
                rest = core_percent(pids, IDLE_SECONDS)
                asked_to_stop = time.monotonic()
            stopped = time.monotonic() - asked_to_stop
        parked = query_value("select count(*) from cases where stage = 'parked'")
    found = {
        **percentiles(times),
        "idle_core_percent": round(rest, 2),
        "stop_seconds": round(stopped, 1),
        "parked": parked,
    }
    return {**found, "applications": len(times), "gateway": how, "settings": workers._asdict()}


def beside_backlog(seed: int, backlog: int, workers: Workers, say: Say) -> dict[str, Any]:
    """Measures the times while workers work off so many cases of the bulk lane."""
    with proof_servers("bench") as servers:
        say(f"preparing a backlog of {backlog} ...")
        prepare(servers, PREPARED, backlog, seed)
        coming = clean_households(seed)
        times: list[float] = []
        while len(times) < LEAST_BESIDE:
            times += one_backlog(servers, coming, workers)
            say(f"{len(times)} applications beside the backlog so far")
    return {
        **percentiles(times),
        "idle_core_percent": None,
        "applications": len(times),
        "backlog": backlog,
        "settings": workers._asdict(),
    }


def one_backlog(servers: ProofServers, coming: Iterator[GeneratedHousehold], workers: Workers) -> list[float]:
    """The times of the applications that were notified before the backlog was empty."""
    servers.copy(PREPARED, "latency")
    people = enrol_next(coming, LEAST_BESIDE)
    times = []
    with working(workers):
        resume_queues()
        time.sleep(1.0)  # until all workers are at work
        for made in people:
            spent = one_by_one(made)
            if query_value(DONE):
                break
            times.append(spent)
    return times


@contextmanager
def gateway(how: str) -> Iterator[None]:
    """Starts the gateway to which the workers deliver: the trial gateway, or one that is slow."""
    if how in SLOW:
        with slow_gateway(how) as url:
            set_settings(gateway_url=url, text_hours="")
            yield
        return
    child = start_gateway(settings().home / "gateway.ndjson")
    try:
        yield
    finally:
        stop([child])


def clean_households(seed: int) -> Iterator[GeneratedHousehold]:
    """Households without a plant, which can reach `notified`."""
    return (made for made in households(200_000, seed, FRESH) if made.truth["plant"] is None)


def enrol_next(coming: Iterator[GeneratedHousehold], count: int) -> list[GeneratedHousehold]:
    """Takes the next households and enrols their persons."""
    people = list(islice(coming, count))
    enrol(person.row() for made in people for person in made.persons)
    return people


def one_by_one(made: GeneratedHousehold) -> float:
    """Submits one application as the portal does; milliseconds until another connection sees it at rest."""
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


def percentiles(times: list[float]) -> dict[str, float]:
    """The median, the 95th percentile and the longest of these times, in milliseconds."""
    cuts = quantiles(times, n=100, method="inclusive")
    return {"p50_ms": round(cuts[49], 1), "p95_ms": round(cuts[94], 1), "longest_ms": round(max(times), 1)}


def core_percent(pids: list[int], seconds: float) -> float:
    """How much of one core these processes take together."""
    before = sum(map(cpu_seconds, pids))
    time.sleep(seconds)
    return (sum(map(cpu_seconds, pids)) - before) / seconds * 100


def cpu_seconds(pid: int) -> float:
    """The user and system time of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
