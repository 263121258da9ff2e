"""`sijil bench remote`: the verify stage over a healthy register on the same machine, beside the local register.

Rates are persons a second, of the stage alone, from the first decision to the last commit. And what workers cost that
have nothing to ask.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.prepared import (
    LEAST_SECONDS,
    Say,
    Workers,
    alive_pids,
    first_decision,
    prepare,
    query_value,
    resume_queues,
    wait_for,
    working,
)
from sijil.processes import set_settings
from trials.generator.household import households
from trials.population_service import DATABASE, PARTNER, PopulationService
from trials.servers import ProofServers, proof_servers
from workflows.registers.enrol import enrol

QUEUE = "verification"
PREPARED = "prepared"
TRIAL_CASES = 4_000
IDLE_SECONDS = 20.0
VERIFIED = "select not exists (select from cases where queue = 'verification' and machine)"
PERSONS = "select sum(json_array_length(body::json -> 'members')) from case_body"
TICKS = os.sysconf("SC_CLK_TCK")


def measure(rounds: int, seed: int, workers: Workers, say: Say) -> dict[str, Any]:
    """The medians of both, of one after the other in each round; of a core, what idle workers take of it."""
    values: dict[str, list[float]] = {"local": [], "remote": []}
    idle: dict[str, float] = {}
    with proof_servers("bench") as servers, service_of(servers) as service:
        cases = enough(servers, service, seed, workers)
        say(f"{cases} cases, {rounds} rounds ...")
        enrol_there(servers, cases, seed)
        prepare(servers, PREPARED, cases, seed)
        persons = int(query_value(PERSONS))
        for number in range(1, rounds + 1):
            for name, rate in values.items():
                with answered_by(name, service):
                    rate.append(persons / stage(servers, workers))
                say(f"round {number}: {name:<7}{rate[-1]:>9.0f} persons/s")
        for name in values:
            with answered_by(name, service):
                idle[name] = idle_share(servers, workers)
    return {
        **{f"{name}_persons_a_second": round(median(rate)) for name, rate in values.items()},
        **{f"{name}_idle_share_of_a_core": round(share, 4) for name, share in idle.items()},
        "persons": persons,
        "cases": cases,
        "rounds": rounds,
        "settings": workers._asdict(),
        "values": {name: [round(each) for each in rate] for name, rate in values.items()},
    }


@contextmanager
def service_of(servers: ProofServers) -> Iterator[PopulationService]:
    """The register as a service of its own."""
    service = PopulationService(servers)
    service.prepare()
    service.begin()
    try:
        yield service
    finally:
        service.close()


@contextmanager
def answered_by(name: str, service: PopulationService) -> Iterator[None]:
    """Has the `local` register answer, or the `remote` one."""
    if name == "remote":
        set_settings(population_url=service.url, population_partner=PARTNER, population_key=service.key)
    try:
        yield
    finally:
        set_settings(population_url="")


def enough(servers: ProofServers, service: PopulationService, seed: int, workers: Workers) -> int:
    """How many cases last for long enough, by the rate of a trial."""
    enrol_there(servers, TRIAL_CASES, seed)
    prepare(servers, "trial", TRIAL_CASES, seed)
    with answered_by("remote", service):
        seconds = stage(servers, workers, "trial")
    return max(TRIAL_CASES, round(TRIAL_CASES / seconds * LEAST_SECONDS / 1000) * 1000)


def enrol_there(servers: ProofServers, cases: int, seed: int) -> None:
    """Enrols the persons of so many households in the register."""
    servers.use(DATABASE)
    enrol(person.row() for made in households(cases, seed, 0) for person in made.persons)


def stage(servers: ProofServers, workers: Workers, prepared: str = PREPARED) -> float:
    """Seconds in which the stage decides all cases of a copy of a prepared database."""
    servers.copy(prepared, "remote_run")
    with working(workers, [QUEUE]):
        began = resume_queues()
        last = wait_for(VERIFIED)
    return last - first_decision(began)


def idle_share(servers: ProofServers, workers: Workers) -> float:
    """The share of a core that all worker processes take together while nothing is due."""
    servers.create("idle")
    with working(workers):
        pids = alive_pids()
        time.sleep(5.0)  # they have just begun
        before, began = cpu_seconds(pids), time.monotonic()
        time.sleep(IDLE_SECONDS)
        return (cpu_seconds(pids) - before) / (time.monotonic() - began)


def cpu_seconds(pids: list[int]) -> float:
    """The processor time of these processes so far."""
    return sum(map(seconds_of, pids))


def seconds_of(pid: int) -> float:
    """The processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
