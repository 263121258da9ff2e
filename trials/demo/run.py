"""The demo from start to end: servers, population, gateway, workers, portal, arrivals, picture, report."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from subprocess import Popen
from threading import Event
from typing import Any

import httpx
import typer

from models import clock
from models.database import transaction
from models.errors import Refused, Unavailable
from models.migrate import require_migrated
from models.settings import settings
from sijil import embedded
from sijil.embedded.server import usable
from sijil.output import program
from sijil.processes import require_free_port, set_settings, start, stop
from trials.demo import arrivals
from trials.demo.by_hand import household_to_apply
from trials.demo.people import Trial, make_people
from trials.demo.picture import Picture
from trials.demo.register import become_partner, enrol_in, register_url
from trials.demo.report import report
from trials.gateway_process import start_gateway
from trials.generator.household import households
from workflows.queue.monitor import workers

ARRIVE_SECONDS = 20.0
WORKERS = 2
READY_SECONDS = 60.0
QUIET_SECONDS = 300.0  # after which the demo no longer waits for a case that does not move
HELPLINE = "05 00 00 00 00"  # a number of nobody's, for the pages of the demo
ReportTo = Callable[[dict[str, Any], Sequence[str]], None]  # takes the counts and the lines of the report


@dataclass(frozen=True)
class Demo:
    """What is asked for: how many applications of which seed, whether the portal is served, and whether the population
    register is a service of its own.
    """

    count: int
    seed: int
    serve: bool = True
    remote: bool = False


def run(demo: Demo, report_to: ReportTo) -> None:
    """Runs the demo until its end or Ctrl-C, and stops every process that it started."""
    with ExitStack() as ending:
        ending.enter_context(only_demo(settings().home))
        for port in [settings().port] * demo.serve + [settings().population_port] * demo.remote:
            require_free_port(settings().host, port)
        try:
            run_to_report(ending, demo, report_to)
            if demo.serve:
                Event().wait()
        except KeyboardInterrupt:
            typer.echo("\nStopping, once the work in hand is finished.", err=True)


@contextmanager
def only_demo(home: Path) -> Iterator[None]:
    """Locks a folder for one demo.

    Raises Refused where another demo runs in it: the two would share servers and workers.
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
    """Uses the servers of the settings, or starts embedded ones, which end with the demo."""
    if not (settings().database_url and settings().broker_url):
        typer.echo(f"Starting PostgreSQL and Valkey in {settings().home}/ ...")
    ending.callback(embedded.ensure_servers().stop)
    require_migrated()


def run_to_report(ending: ExitStack, demo: Demo, report_to: ReportTo) -> None:
    """Starts everything, files the applications, waits until they rest, and reports."""
    start_servers(ending)
    children: list[Popen[bytes]] = []
    ending.callback(lambda: stop(children))
    if demo.remote:
        start_register(children)
    first = arrivals.next_number(demo.seed)
    typer.echo(f"Enrolling the population: {demo.count} households from number {first} on ...")
    enrol_in(demo.remote, (one.row() for made in households(demo.count, demo.seed, first) for one in made.persons))
    children.append(start_gateway(settings().home / "gateway.ndjson"))
    start_logged(children, "work", "sijil", "work", "--processes", str(WORKERS))
    trial = start_portal(children) if demo.serve else None
    wait_until(lambda: live_workers() >= WORKERS, "work", children)
    how = f"over {ARRIVE_SECONDS:.0f} seconds, through the API" if demo.serve else "at full speed"
    typer.echo(f"{demo.count} applications arrive {how}.\n")
    began, after, portal = time.monotonic(), arrivals.last_case(), portal_url() if demo.serve else None
    filing = arrivals.Filing(demo.count, demo.seed, first, portal, ARRIVE_SECONDS)
    ending.callback(filing.stop)
    filing.start()
    Picture(demo.count, after, filing).watch(lambda: require_alive(children), QUIET_SECONDS)
    result, lines = report(after, demo.count, time.monotonic() - began, portal)
    report_to(result, [*lines, *(last_lines(trial, portal, demo.remote) if portal else [])])


def start_register(children: list["Popen[bytes]"]) -> None:
    """Starts the population register on a database of its own, and makes us its partner."""
    typer.echo(f"Starting the population register at {register_url()}, on a database of its own ...")
    start_logged(children, "population", "sijil", "serve", "--only", "population")
    wait_until(lambda: is_ready(f"{register_url()}/health/ready"), "population", children)
    become_partner()


def start_portal(children: list["Popen[bytes]"]) -> Trial | None:
    """Starts the portal, with accounts to try its console; none where real accounts are here."""
    trial = make_people(clock.now())
    second_factor = "offered" if trial else None
    set_settings(helpline=settings().helpline or HELPLINE, second_factor=second_factor, draft_languages=True)
    start_logged(children, "portal", "sijil", "serve")
    wait_until(lambda: is_ready(f"{portal_url()}/health/ready"), "portal", children)
    return trial


def last_lines(trial: Trial | None, portal: str, remote: bool) -> list[str]:
    """Where the portal is, how to apply on it, and how to try the console of the staff."""
    here = f"The portal is at {portal} - press Ctrl-C to stop everything."
    return ["", *lines_to_apply(portal, remote), *console_lines(trial, portal), *lines_of_register(remote), here]


def lines_of_register(remote: bool) -> list[str]:
    """Where the population register is, and how to see what it was asked; nothing where it is a table of ours."""
    if not remote:
        return []
    return [
        f"The population register is at {register_url()}, on a database of its own. Who asked it about somebody:",
        f"  {program()} population asked IDCS",
        "",
    ]


def lines_to_apply(portal: str, remote: bool) -> list[str]:
    """How to apply by hand."""
    return [
        f"Apply by hand at {portal}/ar/apply, for a household that the population register knows:",
        *(f"  {each}" for each in household_to_apply(remote)),
        f"Every message as a phone shows it: {settings().gateway_url}/outbox",
        "",
    ]


def console_lines(trial: Trial | None, portal: str) -> list[str]:
    """How to try the console of the staff."""
    if trial is None:
        return [f"The console of the staff is at {portal}/console, for the accounts that are here.", ""]
    return [
        f"The console of the staff is at {portal}/console. Accounts of this demo, each with the password",
        f"  {trial.password}",
        *(f"  {name}" for name in trial.names),
        "Lodge an appeal on the page of the notified application above, then decide it in the console.",
        "In a shell they sign in so, while the demo runs:",
        f'  SIJIL_SECOND_FACTOR=offered {program()} staff sign-in "{trial.names[0]}"',
        "",
    ]


def portal_url() -> str:
    """The address of the portal."""
    return f"http://{settings().host}:{settings().port}"


def require_alive(children: list["Popen[bytes]"]) -> None:
    """Raises Unavailable where one of these processes has ended: the demo would wait for ever."""
    for child in children:
        if child.poll() is not None:
            raise Unavailable(f"A process of the demo has ended ({child.args!r}). Read its log in {settings().home}/.")


def start_logged(children: list["Popen[bytes]"], name: str, module: str, *arguments: str) -> None:
    """Starts one of our modules as a process that writes into a log file."""
    with log_of(name).open("ab") as log:
        children.append(start(module, *arguments, stdout=log, stderr=log))


def log_of(name: str) -> Path:
    """The log file of a process of the demo."""
    return settings().home / f"{name}.log"


def wait_until(ready: Callable[[], bool], name: str, children: list["Popen[bytes]"]) -> None:
    """Waits until a process is ready. Raises Unavailable where it is not after READY_SECONDS."""
    until = time.monotonic() + READY_SECONDS
    while not ready():
        require_alive(children)
        if time.monotonic() > until:
            raise Unavailable(f"The demo's '{name}' did not start within {READY_SECONDS:.0f} s. Read {log_of(name)}.")
        time.sleep(0.1)


def is_ready(url: str) -> bool:
    """Whether the portal reports that it is ready."""
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def live_workers() -> int:
    """How many worker processes are alive."""
    with transaction() as connection:
        return sum(each["alive"] for each in workers(connection))
