"""The engine beside fifty people of the staff who each open a page every ten seconds, against the engine alone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import Event, Thread
from typing import Any

from benchmarks import engine
from benchmarks.console_pages import SESSION, served
from benchmarks.pairs import ratio
from benchmarks.prepared import PREPARED, Say, Workers
from models import clock
from models.database import transaction
from trials.servers import ProofServers
from workflows.staff import accounts, sessions
from workflows.staff.roles import CASEWORKER, Grant

PEOPLE = 50
EVERY = 10.0  # seconds
PAGES = ("/console/queues?tab=unassigned", "/console/queues?tab=citizen", "/console")


def measure(servers: ProofServers, pairs: int, seed: int, workers: Workers, say: Say) -> dict[str, Any]:
    """The ratio of the rates, with and without the people."""
    engine.calibrated(servers, seed, workers, say)
    return ratio(
        pairs, lambda: beside_people(servers, workers), lambda: engine.measure(servers, PREPARED, workers), say
    )


def beside_people(servers: ProofServers, workers: Workers) -> tuple[float, float]:
    """Measures the engine once, while people read."""
    servers.copy(PREPARED, "engine_run")
    with reading():
        return engine.run(workers)


@contextmanager
def reading() -> Iterator[None]:
    """Runs the portal, whose pages so many people open, until the end of the block."""
    cookies, ended = list(signed_in()), Event()
    with served() as port:
        readers = [Thread(target=read, args=(port, cookie, place, ended)) for place, cookie in enumerate(cookies)]
        for each in readers:
            each.start()
        try:
            yield
        finally:
            ended.set()
            for each in readers:
                each.join()


def signed_in() -> Iterator[str]:
    """The cookies of so many caseworkers."""
    now = clock.now()
    with transaction() as connection:
        for number in range(PEOPLE):
            name = f"reader {number}"
            made, _ = accounts.add(connection, name, [Grant(CASEWORKER)], now, ("bench", name))
            yield f"{SESSION}={sessions.begin(connection, made.id, now)}"


def read(port: int, cookie: str, place: int, ended: Event) -> None:
    """Opens a page every ten seconds, each person at another moment, until it ends."""
    next_at = time.monotonic() + place * EVERY / PEOPLE
    while not ended.wait(max(0.0, next_at - time.monotonic())):
        connection = HTTPConnection("127.0.0.1", port, timeout=60)  # the portal closes one that is idle for so long
        connection.request("GET", PAGES[place % len(PAGES)], headers={"Cookie": cookie})
        connection.getresponse().read()
        connection.close()
        next_at += EVERY
