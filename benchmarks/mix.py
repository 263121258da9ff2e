"""`sijil bench mix`: measures the engine on registrations, changes and upheld appeals against registrations alone.

Both runs begin over the same registered households. A case counts when it has come to its end, or waits for a person;
the change that an appeal opens is part of that appeal and counts for nothing itself.
"""

from typing import Any

from benchmarks import changing, engine
from benchmarks.changing import Shares
from benchmarks.pairs import ratio
from benchmarks.prepared import (
    LEAST_SECONDS,
    Say,
    Workers,
    fill,
    first_decision,
    pause_queues,
    query_value,
    resume_queues,
    vacuum_analyze,
    wait_for,
    working,
)
from trials.servers import ProofServers, proof_servers

SHARES = Shares(updates=0.15, appeals=0.05)
SPARE_HOUSEHOLDS = 1.1  # some applications end otherwise than in the register
FIRST_OF_REGISTERED = 500_000  # the registered households are those of the seed from this number on
# An appeal ends when the change that it opened is in force.
DONE = "select not exists (select from cases where ready) and not exists (select from cases where stage = 'effective')"
CASES = "select count(*) from cases where ready"  # before any is worked off


def measure(pairs: int, seed: int, workers: Workers, say: Say) -> dict[str, Any]:
    """The ratio of the rates: the mix to registrations alone, each in cases a second."""
    with proof_servers("bench") as servers:
        cases = engine.enough(servers, seed, workers, say, LEAST_SECONDS)
        registered = round(cases * (SHARES.updates + SHARES.appeals) * SPARE_HOUSEHOLDS)
        say(f"registering {registered} households ...")
        register(servers, registered, seed, workers)
        say("preparing both runs ...")
        counts = prepare_both(servers, cases, seed)
        found = ratio(
            pairs, lambda: run(servers, "mixed", workers), lambda: run(servers, "registrations", workers), say
        )
    return {**found, "cases": cases, "of_these": counts, "settings": workers._asdict()}


def register(servers: ProofServers, count: int, seed: int, workers: Workers) -> None:
    """Makes a database in which the engine has registered so many households."""
    servers.create("registered")
    pause_queues()
    fill(count, seed, FIRST_OF_REGISTERED)
    with working(workers):
        resume_queues()
        wait_for(DONE)
    vacuum_analyze()


def prepare_both(servers: ProofServers, cases: int, seed: int) -> dict[str, int]:
    """Makes the databases of both runs; how many cases of each kind the mix has."""
    servers.copy("registered", "registrations")
    pause_queues()
    fill(cases, seed)
    vacuum_analyze()
    servers.copy("registered", "mixed")
    pause_queues()
    counts = changing.fill(cases, SHARES, seed)
    fill(counts["registrations"], seed)
    vacuum_analyze()
    return counts


def run(servers: ProofServers, prepared: str, workers: Workers) -> tuple[float, float]:
    """Cases a second, over how many seconds, on a copy of a prepared database."""
    servers.copy(prepared, "mix_run")
    cases = query_value(CASES)
    with working(workers):
        began = resume_queues()
        last = wait_for(DONE)
    seconds = last - first_decision(began)
    return cases / seconds, seconds
