"""Measures the engine: real workers work off a backlog, from the first decision to the last commit."""

import math

from benchmarks.prepared import (
    LEAST_SECONDS,
    PREPARED,
    Say,
    Workers,
    first_decision,
    notified,
    prepare,
    resume_queues,
    wait_for,
    working,
)
from trials.servers import ProofServers

TRIAL_CASES = 6_000
SPARE = 1.5  # times the cases that the trial's rate asks for, since a later round may be faster
DONE = "select not exists (select from cases where machine)"


def measure(servers: ProofServers, prepared: str, workers: Workers) -> tuple[float, float]:
    """Cases a second that reached `notified`, over how many seconds, on a copy of a prepared database."""
    servers.copy(prepared, "engine_run")
    return run(workers)


def run(workers: Workers) -> tuple[float, float]:
    """Measures the engine on the database in use, without the cases that were notified before."""
    before = notified()
    with working(workers):
        began = resume_queues()
        last = wait_for(DONE)
    seconds = last - first_decision(began)
    return (notified() - before) / seconds, seconds


def calibrated(servers: ProofServers, seed: int, workers: Workers, say: Say) -> int:
    """Prepares enough cases for a measurement; how many."""
    cases = enough(servers, seed, workers, say, LEAST_SECONDS)
    prepare(servers, PREPARED, cases, seed)
    return cases


def enough(servers: ProofServers, seed: int, workers: Workers, say: Say, seconds: float) -> int:
    """How many cases are enough for so many seconds of the engine, by the rate of a trial."""
    prepare(servers, "trial", TRIAL_CASES, seed)
    rate, _ = measure(servers, "trial", workers)
    cases = math.ceil(rate * seconds * SPARE / 1000) * 1000 + 2000
    say(f"trial: about {rate:.0f} cases/s; preparing {cases} cases ...")
    servers.drop("trial")
    return cases
