"""The demo from start to end: servers, population, gateway, workers, portal, arrivals, picture, report."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from subprocess import Popen
from threading import Event
from typing import Any

import httpx
import typer

from models.database import transaction
from models.errors import Refused, Unavailable
from models.migrate import require
from models.settings import settings
from sijil import embedded
from sijil.embedded.server import usable
from sijil.processes import require_free_port, set_settings, start, stop
from trials.demo import arrivals
from trials.demo.picture import Picture
from trials.demo.report import report
from trials.gateway_process import start_gateway
from trials.generator.household import households
from workflows.queue.monitor import workers
from workflows.registers.enrol import enrol

ARRIVE_SECONDS = 20.0
WORKERS = 2
READY_SECONDS = 60.0
QUIET_SECONDS = 300.0  # after which the demo no longer waits for a case that does not move
HELPLINE = "05 00 00 00 00"  # a number of nobody's, for the pages of the demo
Told = Callable[[dict[str, Any], Sequence[str]], None]


def run(count: int, seed: int, *, serve: bool, told: Told) -> int:
    """Runs it; the exit code. Whatever was started is ended with it, however it ends."""
    with ExitStack() as ending:
        ending.enter_context(alone(settings().home))
        if serve:
            require_free_port(settings().host, settings().port)
        try:
            show(ending, count, seed, serve=serve, told=told)
            if serve:
                Event().wait()
        except KeyboardInterrupt:
            typer.echo("\nStopping; whatever is in hand is finished first.", err=True)
    return 0


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """The one demo of a folder, for as long as it runs.

    Raises Refused where another one is: it would share servers and workers unasked.
    """
    with usable(home):
        home.mkdir(parents=True, exist_ok=True)
        file = (home / "demo.lock").open("wb")
    with file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise Refused(
                "demo_running", f"A demo runs in {home} already. Stop it, or name another folder with SIJIL_HOME."
            ) from None
        yield


def start_servers(ending: ExitStack) -> None:
    """Those of the settings, where they answer, else embedded ones, which end with the demo."""
    if not (settings().database_url and settings().broker_url):
        typer.echo(f"Starting PostgreSQL and Valkey in {settings().home}/ ...")
    ending.callback(embedded.ensure_servers().stop)
    require()


def show(ending: ExitStack, count: int, seed: int, *, serve: bool, told: Told) -> None:
    """Everything up to the report."""
    start_servers(ending)
    first = arrivals.next_number(seed)
    typer.echo(f"Enrolling the population: {count} households from number {first} on ...")
    enrol(person.row() for made in households(count, seed, first) for person in made.persons)
    children: list[Popen[bytes]] = []
    ending.callback(lambda: stop(children))
    children.append(start_gateway(settings().home / "gateway.ndjson"))
    start_logged(children, "work", "sijil", "work", "--processes", str(WORKERS))
    if serve:
        set_settings(helpline=settings().helpline or HELPLINE)
        start_logged(children, "portal", "sijil", "serve")
        wait_until(lambda: answers(f"{address()}/health/ready"), "portal", children)
    wait_until(lambda: alive() >= WORKERS, "work", children)
    typer.echo(
        f"{count} applications "
        f"arrive{f' over {ARRIVE_SECONDS:.0f} seconds, through the API' if serve else ' at full speed'}.\n"
    )
    began = time.monotonic()
    after = arrivals.last_case()
    filing = arrivals.Filing(count, seed, first, address() if serve else None, ARRIVE_SECONDS)
    ending.callback(filing.stop)
    filing.start()
    Picture(count, after, filing).watch(lambda: over(children), QUIET_SECONDS)
    result, lines = report(after, count, time.monotonic() - began, address() if serve else None)
    told(result, [*lines, *(["", f"The portal is at {address()} - press Ctrl-C to stop everything."] if serve else [])])


def address() -> str:
    """Where the portal is."""
    return f"http://{settings().host}:{settings().port}"


def over(children: list["Popen[bytes]"]) -> None:
    """Raises Unavailable where one of ours has ended: the picture would wait for ever."""
    for child in children:
        if child.poll() is not None:
            raise Unavailable(f"A process of the demo has ended ({child.args!r}). Its log is in {settings().home}/.")


def start_logged(children: list["Popen[bytes]"], name: str, module: str, *arguments: str) -> None:
    """One of our processes, with what it says in a file."""
    with log_of(name).open("ab") as log:
        children.append(start(module, *arguments, stdout=log, stderr=log))


def log_of(name: str) -> Path:
    """Where a process's words go."""
    return settings().home / f"{name}.log"


def wait_until(ready: Callable[[], bool], name: str, children: list["Popen[bytes]"]) -> None:
    """Until it is ready. Raises Unavailable where it does not get there."""
    until = time.monotonic() + READY_SECONDS
    while not ready():
        over(children)
        if time.monotonic() > until:
            raise Unavailable(f"The demo's '{name}' does not come up. What it says is in {log_of(name)}.")
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Whether the portal can do its work."""
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def alive() -> int:
    """How many worker processes have signed on."""
    with transaction() as connection:
        return sum(each["alive"] for each in workers(connection))
