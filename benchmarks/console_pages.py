"""The pages of the queues as a browser asks for them, over HTTP, of a real `sijil serve`."""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from subprocess import DEVNULL
from urllib.parse import urlencode

from models import clock
from models.database import transaction
from models.errors import Broken
from sijil.processes import start, stop
from workflows.desk.pages import Key
from workflows.staff import accounts, sessions
from workflows.staff.roles import CASEWORKER, SUPERVISOR, Grant

SESSION = "__Host-sijil-staff"  # the cookie of web/console/cookies.py
READER = "who reads the queues"  # a supervisor of the whole country, who sees the most
WARM = 20  # requests before those that count
START_SECONDS = 60.0


def time_pages(colleagues: Sequence[str], cases: Sequence[str], times: int) -> dict[str, list[float]]:
    """The times of the first and the last page of the lists, and of these cases by reference, in milliseconds, each
    asked for so often.
    """
    cookie = session_of_reader(colleagues)
    with served() as port:
        pages = {
            name: time_page(port, cookie, f"/console/queues?{urlencode(query)}", times) for name, query in queries()
        }
        return pages | {"page_case": time_cases(port, cookie, cases, times)}


def time_cases(port: int, cookie: str, cases: Sequence[str], times: int) -> list[float]:
    """The times of the pages of these cases, in turn."""
    paths = [f"/console/cases/{each}" for each in cases]
    each_so_often = max(1, times // len(paths))
    return [found for path in paths for found in time_page(port, cookie, path, each_so_often, warm=2)]


def queries() -> Iterator[tuple[str, dict[str, str]]]:
    """What is asked for, by name."""
    end = str(Key(clock.now() + timedelta(days=400), 2**59, back=True))
    yield from {
        "page_first": {"tab": "unassigned"},
        "page_last": {"tab": "unassigned", "at": end},
        "page_team": {"tab": "team"},
        "page_team_last": {"tab": "team", "at": end},
        "page_filtered": {"tab": "team", "queue": "appeals", "region": "6"},
        "page_done": {"tab": "done"},
    }.items()


def session_of_reader(colleagues: Sequence[str]) -> str:
    """Makes accounts for all of these and for the reader, and signs the reader in."""
    now = clock.now()
    with transaction() as connection:
        for name in colleagues:
            accounts.add(connection, name, [Grant(CASEWORKER)], now, ("bench", name))
        reader, _ = accounts.add(connection, READER, [Grant(SUPERVISOR)], now, ("bench", READER))
        return f"{SESSION}={sessions.begin(connection, reader.id, now)}"


@contextmanager
def served(
    module: str = "sijil", arguments: Sequence[str] = ("serve", "--port"), at: str = "/health/live"
) -> Iterator[int]:
    """Runs `sijil serve` on a free port, or what else is named, until it answers at an address there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    portal = start(module, *arguments, str(port), stdout=DEVNULL, stderr=DEVNULL)
    try:
        until = time.monotonic() + START_SECONDS
        while not answers(port, at):
            if time.monotonic() > until or portal.poll() is not None:
                raise Broken("The portal of the measurement did not start within a minute.")
            time.sleep(0.1)
        yield port
    finally:
        stop([portal])


def answers(port: int, at: str) -> bool:
    """Whether the portal serves."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", at)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def time_page(port: int, cookie: str, path: str, times: int, warm: int = WARM) -> list[float]:
    """How long each of so many requests for a page takes, in milliseconds, over one connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    found = []
    for _ in range(warm + times):
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        shown = answer.read()
        found.append((time.perf_counter() - began) * 1000)
        if answer.status != 200 or not (b"data-row" in shown or b"timeline" in shown):
            raise Broken(f"The portal of the measurement answered {answer.status} to {path}.")
    connection.close()
    return found[warm:]
