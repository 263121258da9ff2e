"""`sijil bench engine`: measures the engine, its limit and its rivals in turn, and takes the medians of the rounds."""

import math
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks import copying, engine, limit, rivals
from benchmarks.prepared import LEAST_SECONDS, PREPARED, Say, Workers
from trials.servers import ProofServers, proof_servers


def compare(rounds: int, seed: int, workers: Workers, say: Say, only: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The medians in cases a second, the ratios, the settings of each, and every single value."""
    only = only | {"engine"} if "copy" in only else only  # COPY takes the rows that the engine wrote in this round
    with proof_servers("bench") as servers:
        cases = engine.calibrated(servers, seed, workers, say)
        settings = settings_of(servers, workers, say, only)
        values: dict[str, list[float]] = {}
        for number in range(1, rounds + 1):
            for name, measure in measures_of_round(servers, settings, only):
                rate, seconds = measure()
                values.setdefault(name, []).append(rate)
                say(f"round {number}: {name:<7}{rate:>10.1f} cases/s over {seconds:.1f} s")
    medians = {name: round(median(values[name]), 1) if name in values else None for name in NAMES}
    ratios = {
        f"engine_to_{name}": round(medians["engine"] / value, 3)
        for name, value in medians.items()
        if name != "engine" and value and medians["engine"]
    }
    rates = {name: [round(rate, 1) for rate in each] for name, each in values.items()}
    return {**medians, **ratios, "cases": cases, "rounds": rounds, "settings": settings, "values": rates}


NAMES = ("engine", "limit", "copy", "naive", "noop", "dbos")


def settings_of(servers: ProofServers, workers: Workers, say: Say, only: frozenset[str]) -> dict[str, Any]:
    """The settings of each; a rival runs with the number of threads that was faster in a trial."""
    ours = workers._asdict()
    found: dict[str, Any] = {"engine": ours, "limit": ours, "copy": {"connections": 2, "cases_a_commit": copying.SET}}
    if wanted("naive", only) or wanted("noop", only):
        tried = {count: rivals.naive(servers, PREPARED, 400, 2, count)[0] for count in (4, 8)}
        better = max(tried, key=lambda count: tried[count])
        say(f"naive with 2x4 threads {tried[4]:.0f}, with 2x8 {tried[8]:.0f} cases/s")
        found["naive"] = {"processes": 2, "threads": better, "cases": cases_for(tried[better])}
        trial = rivals.noop(servers, 1500, 2, better)[0]
        found["noop"] = {"processes": 2, "threads": better, "cases": cases_for(trial)}
    if wanted("dbos", only):
        tried = (
            {count: rivals.dbos(servers, PREPARED, 150, 2, count)[0] for count in (4, 8)} if rivals.has_dbos() else {}
        )
        if tried:
            better = max(tried, key=lambda count: tried[count])
            say(f"DBOS with 2x4 workflows at a time {tried[4]:.0f}, with 2x8 {tried[8]:.0f} cases/s")
            found["dbos"] = {"processes": 2, "threads": better, "cases": cases_for(tried[better])}
        else:
            say("DBOS is not installed, and left out; install the extra `dbos` to measure it")
    return found


def cases_for(rate: float) -> int:
    """How many cases take a little over ten seconds at this rate."""
    return math.ceil(rate * LEAST_SECONDS * 1.15)


def wanted(name: str, only: frozenset[str]) -> bool:
    """Whether to measure this one: all are measured, unless some were named."""
    return not only or name in only


def measures_of_round(
    servers: ProofServers, settings: dict[str, Any], only: frozenset[str]
) -> list[tuple[str, Callable[[], tuple[float, float]]]]:
    """The measurements of one round, in order: `copy` follows the engine, whose rows it takes."""
    ours = Workers(**settings["engine"])
    measures: dict[str, Callable[[], tuple[float, float]]] = {
        "limit": lambda: limit.measure(servers, PREPARED, ours),
        "engine": lambda: engine.measure(servers, PREPARED, ours),
        "copy": copying.measure,
    }
    if "naive" in settings:
        naive, noop = settings["naive"], settings["noop"]
        measures["naive"] = lambda: rivals.naive(
            servers, PREPARED, naive["cases"], naive["processes"], naive["threads"]
        )
        measures["noop"] = lambda: rivals.noop(servers, noop["cases"], noop["processes"], noop["threads"])
    if "dbos" in settings:
        dbos = settings["dbos"]
        measures["dbos"] = lambda: rivals.dbos(servers, PREPARED, dbos["cases"], dbos["processes"], dbos["threads"])
    return [(name, measure) for name, measure in measures.items() if wanted(name, only)]
