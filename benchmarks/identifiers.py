"""`sijil bench identifiers`: issues identifiers while a tenth and while two thirds of all that there are were issued.

So many rows (520 million) are simulated: ten or 65 in 100 numbers, by a hash, count as issued before, and stand for one
of those that the table really holds, so that the database looks each up and finds it. What this leaves out: the index
of so many is two pages deeper, and has some 20 GB.
"""

import secrets
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from statistics import quantiles
from typing import Any

from benchmarks.prepared import Say, vacuum_analyze
from models.database import transact
from trials.servers import proof_servers
from workflows.identifiers.drawing import WORD, drawn
from workflows.identifiers.filters import MOSIP, NONE, Filters
from workflows.identifiers.issuing import Issued, issue

FULL = (10, 65)  # percent
SET = 10_000
KEY = secrets.randbelow(WORD) | 1


def measure(issued: int, batch: int, seconds: float, say: Say) -> dict[str, Any]:
    """Identifiers a second, the 99th percentile of a batch's time and the tries for one, by how many were issued."""
    with proof_servers("bench") as servers:
        servers.create("identifiers")
        say(f"{issued} identifiers are issued ...")
        known = [each for _ in range(0, issued, SET) for each in issue_batch(SET, drawn()).identifiers]
        vacuum_analyze()
        found: dict[str, Any] = {"batch": batch, "issued": len(known), "per_second": {}, "p99_ms": {}, "tries": {}}
        for name, filters in (("", NONE), ("_mosip", MOSIP)):
            for percent in FULL:
                say(f"as if {percent} % were issued, {'with MOSIP' if name else 'without'} filters ...")
                rate, p99, tries = run(known, filters, percent, batch, seconds)
                key = f"{percent}{name}"
                found["per_second"][key], found["p99_ms"][key], found["tries"][key] = rate, p99, tries
    return found


def run(known: Sequence[str], filters: Filters, percent: int, batch: int, seconds: float) -> tuple[int, float, float]:
    """Issues batches for so many seconds, each committed: their rate, the 99th percentile in ms, tries for one."""
    numbers = as_if_full(drawn(filters), known, percent)
    issue_batch(batch, numbers)  # makes the tables of the filters
    times, tries, issued, began = [], 0, 0, time.perf_counter()
    while (now := time.perf_counter()) - began < seconds:
        made = issue_batch(batch, numbers)
        times.append((time.perf_counter() - now) * 1000)
        tries, issued = tries + made.tries, issued + len(made.identifiers)
    rate = round(issued / (time.perf_counter() - began))
    return rate, round(quantiles(times, n=100)[98], 1), round(tries / issued, 2)


def issue_batch(count: int, numbers: Iterator[str]) -> Issued:
    """Issues so many in a transaction of their own."""
    return transact(lambda connection: issue(connection, count, numbers))


def as_if_full(numbers: Iterator[str], known: Sequence[str], percent: int) -> Iterator[str]:
    """These numbers; in place of so many percent, always the same ones, one that was issued."""
    bound, again = WORD * percent // 100, cycle(known)
    for number in numbers:
        yield next(again) if int(number) * KEY % WORD < bound else number
