"""The engine itself: real workers on a backlog, from the first claim to the last commit."""

import math

from benchmarks.prepared import (
    LEAST_SECONDS,
    PREPARED,
    Say,
    Workers,
    first_decision,
    let_go,
    notified,
    prepare,
    wait_for,
    working,
)
from trials.servers import ProofServers

TRIAL_CASES = 6_000
SPARE = 1.5  # more cases than the trial's rate asks for: a later round may be faster
DONE = "select not exists (select from cases where machine)"


def measure(servers: ProofServers, prepared: str, workers: Workers) -> tuple[float, float]:
    """Cases a second that reached `notified`, and how many seconds it took, on a copy of a prepared database."""
    servers.copy(prepared, "engine_run")
    return run(workers)


def run(workers: Workers) -> tuple[float, float]:
    """The same on the database in use. Those that were notified before do not count."""
    before = notified()
    with working(workers):
        began = let_go()
        last = wait_for(DONE)
    seconds = last - first_decision(began)
    return (notified() - before) / seconds, seconds


def calibrated(servers: ProofServers, seed: int, workers: Workers, say: Say, seconds: float = LEAST_SECONDS) -> int:
    """Prepares as many cases as the engine needs for so many seconds and a little more."""
    prepare(servers, "trial", TRIAL_CASES, seed)
    rate, _ = measure(servers, "trial", workers)
    cases = math.ceil(rate * seconds * SPARE / 1000) * 1000 + 2000
    say(f"trial: about {rate:.0f} cases/s; preparing {cases} cases ...")
    prepare(servers, PREPARED, cases, seed)
    servers.drop("trial")
    return cases
