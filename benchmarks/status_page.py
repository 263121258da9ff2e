"""The page of a receipt under load: how often a second it is shown, beside a bare route; how long it takes beside the
engine.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import cycle
from statistics import median, quantiles
from typing import Any, NamedTuple

from benchmarks.prepared import Say
from benchmarks.web_client import Answer, Link, connect, get
from models import clock
from models.database import transaction
from models.errors import Broken
from workflows.intake.visits import Draft, started

COOKIE = "__Host-receipt"  # of web/visits.py
CONNECTIONS = 16
WARM_SECONDS = 1.0


class Wanted(NamedTuple):
    """Pages of one kind that are asked for in turn: the port, the requests, and what every answer must hold."""

    port: int
    requests: Sequence[bytes]
    holds: bytes


class Most(NamedTuple):
    """Requests a second at the most, and the share of a core that asking took."""

    rate: float
    asking: float


def household_pages(port: int, references: Sequence[str]) -> Wanted:
    """The page of each receipt as its household sees it after the sign-in."""
    with transaction() as connection:
        tokens = [started(connection, each, clock.now(), Draft(), own_phone=True) for each in references]
    return Wanted(
        port,
        [get(f"/ar/status/{each}", f"{COOKIE}={token}") for each, token in zip(references, tokens, strict=True)],
        b'name="mark" value="',
    )


def open_pages(port: int, references: Sequence[str]) -> Wanted:
    """The page of each receipt as anybody sees it who has the reference alone."""
    return Wanted(port, [get(f"/ar/status/{each}") for each in references], b"RSU-")


async def compare(wanted: Mapping[str, Wanted], rounds: int, seconds: float, say: Say) -> dict[str, Any]:
    """The medians of the rates of these pages, asked for in turn; another one begins each round. The first is what the
    others are divided by, round by round.
    """
    names, found = list(wanted), list[dict[str, Most]]()
    for number in range(rounds):
        turn = number % len(names)
        measured = {name: await most(wanted[name], seconds) for name in names[turn:] + names[:turn]}
        found.append(measured)
        say(", ".join(f"{name} {measured[name].rate:.0f}/s" for name in names))
    ratios = {name: [each[name].rate / each[names[0]].rate for each in found] for name in names[1:]}
    return {
        "rates": {name: round(median(each[name].rate for each in found), 1) for name in names},
        "ratios": {name: round(median(each), 3) for name, each in ratios.items()},
        "ratios_of_rounds": {name: [round(one, 3) for one in each] for name, each in ratios.items()},
        "asking_core_percent": {name: percent(max(each[name].asking for each in found)) for name in names},
    }


async def most(wanted: Wanted, seconds: float) -> Most:
    """Asks over a few connections, each for one page after the other, for so many seconds after a warm-up."""
    links = [await connect(wanted.port) for _ in range(CONNECTIONS)]
    requests = cycle(wanted.requests)
    began = time.perf_counter() + WARM_SECONDS
    ends = began + seconds
    count = 0

    async def reader(link: Link) -> None:
        nonlocal count
        while (now := time.perf_counter()) < ends:
            checked(await link.ask(next(requests)), wanted)
            count += now >= began

    asking = asyncio.gather(*map(reader, links))
    await asyncio.sleep(WARM_SECONDS)
    used = time.process_time()
    await asking
    used, lasted = time.process_time() - used, time.perf_counter() - began
    for each in links:
        each.close()
    return Most(count / lasted, used / lasted)


def checked(answer: Answer, wanted: Wanted) -> None:
    """Raises Broken for another answer than the page that was asked for."""
    if answer.status != 200 or wanted.holds not in answer.body:
        raise Broken(f"The portal of the measurement answered {answer.status}, or another page.")


async def at_rate(wanted: Wanted, rate: float, ended: asyncio.Event) -> list[tuple[float, float]]:
    """Asks so many times a second, however long the answers take, until it ends: for each the moment at which it was
    due, and its time from then on in milliseconds.
    """
    free: list[Link] = []
    times: list[tuple[float, float]] = []
    requests, began, number = cycle(wanted.requests), time.perf_counter(), 0

    async def ask(due: float) -> None:
        while free and not free[-1].is_open:
            free.pop()
        link, request = free.pop() if free else await connect(wanted.port), next(requests)
        try:
            answer = await link.ask(request)
        except ConnectionError:  # the portal hung up while the request was on its way: browsers ask again, too
            link = await connect(wanted.port)
            answer = await link.ask(request)
        checked(answer, wanted)
        times.append((due, (time.perf_counter() - due) * 1000))
        free.append(link)

    async with asyncio.TaskGroup() as group:
        while not ended.is_set():
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(ask(due))
            number += 1
    for each in free:
        each.close()
    return times


async def beside(wanted: Wanted, rate: float, seconds: float, work: Callable[[], Awaitable[None]]) -> dict[str, Any]:
    """The times of requests that come so many a second, for so many seconds alone, and then while `work` goes on."""
    ended = asyncio.Event()
    asking = asyncio.create_task(at_rate(wanted, rate, ended))
    await asyncio.sleep(WARM_SECONDS + seconds)
    began, used = time.perf_counter(), time.process_time()
    await work()
    lasted, used = time.perf_counter() - began, time.process_time() - used
    ended.set()
    times = await asking
    return {
        "rate": round(rate, 1),
        "alone": spread([spent for due, spent in times if began - seconds <= due < began]),
        "beside": spread([spent for due, spent in times if due >= began]),
        "seconds": round(lasted, 1),
        "asking_core_percent": percent(used / lasted),
    }


def spread(times: Sequence[float]) -> dict[str, float]:
    """How many requests, and how their times in milliseconds are spread."""
    named = {f"p{each}_ms": percentile(times, each) for each in (50, 95, 99)}
    return {"requests": len(times), **named, "longest_ms": round(max(times), 1)}


def percentile(times: Sequence[float], percent: int) -> float:
    """Of these times, in milliseconds."""
    if len(times) < 2:
        return round(sum(times), 1)
    return round(quantiles(times, n=100, method="inclusive")[percent - 1], 1)


def percent(share: float) -> float:
    """A share of a core as it is printed."""
    return round(100 * share, 1)
