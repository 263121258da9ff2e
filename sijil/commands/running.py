"""Commands that run until they are stopped: the workers and the portal."""

import signal
from contextlib import suppress
from enum import StrEnum
from socket import socket
from typing import Annotated

import structlog
import typer
import uvicorn

from models.database import bound_transactions
from models.errors import Refused
from models.garbage import OFTEN, leave_what_exists
from models.priority import give_way
from models.settings import settings
from sijil.embedded import needed_servers, population_database
from sijil.processes import require_free_port, set_settings
from tasks.bootstrap import adapters
from tasks.supervisor import Supervisor
from workflows.flows import all_queues

# How long a command waits for servers that do not answer: after an outage all of them start at once.
START_SECONDS = 60
STARTUP_FAILURE = 3  # the exit code of uvicorn itself
REQUEST_SECONDS = 20  # the longest transaction of a page or a call, which may wait for rows that others hold

log = structlog.get_logger()
app = typer.Typer()
Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="The port on which the portal listens. Default: SIJIL_PORT, or 8000."),
]


class Service(StrEnum):
    """What a process may serve alone."""

    POPULATION = "population"


@app.command("work")
def work(
    queues: Annotated[
        list[str] | None,
        typer.Option(
            "--queues", help="Only these queues: names with commas between, or the option again. Default: all."
        ),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=256, help="How many worker processes. Default: SIJIL_PROCESSES.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, max=64, help="Threads of each worker process. Default: SIJIL_THREADS.")
    ] = None,
) -> None:
    """Runs worker processes and the sweep until SIGTERM or Ctrl-C, then finishes the batches in hand.

    It starts a worker process again that ends before.
    """
    chosen = chosen_queues(queues)
    set_settings(threads=threads)
    settings().key()
    adapters()  # a register that cannot be loaded is reported once, and not by each worker that it ends
    with needed_servers(broker=True, patience=START_SECONDS):
        give_way(settings().nice)
        supervisor = Supervisor(chosen, processes or settings().processes)
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, lambda *_: supervisor.stop.set())
        supervisor.run()


def chosen_queues(given: list[str] | None) -> tuple[str, ...]:
    """The queues that the option names; all queues where it was not given.

    Raises Refused for an unknown queue, and for an option that names none.
    """
    if not given:
        return all_queues()
    known = f"There are {', '.join(all_queues())}."
    names = [name.strip() for each in given for name in each.split(",") if name.strip()]
    if not all(each.strip(", ") for each in given):
        raise Refused("no_queue", f"--queues names no queue; leave it out to work all of them. {known}")
    for name in names:
        if name not in all_queues():
            raise Refused("unknown_queue", f"There is no queue '{name}'. {known}")
    return tuple(names)


@app.command("serve")
def serve(
    port: Port = None,
    host: Annotated[
        str | None, typer.Option(help="The address on which the portal listens. Default: SIJIL_HOST, or 127.0.0.1.")
    ] = None,
    only: Annotated[
        Service | None,
        typer.Option(help="Serve this alone: the population register, on its own database, for its partners."),
    ] = None,
) -> None:
    """Serves the portal and the API until Ctrl-C. Workers are separate: `sijil work`."""
    if only:
        serve_population(port, host)
        return
    set_settings(port=port, host=host)
    require_free_port(settings().host, settings().port)
    settings().key()  # a missing key is reported now, and not to the first applicant
    with needed_servers(patience=START_SECONDS):
        bound_transactions(REQUEST_SECONDS)
        typer.echo(f"http://{settings().host}:{settings().port}  (press Ctrl-C to stop)")
        serve_until_stopped(settings().host, settings().port)


def serve_population(port: int | None, host: str | None) -> None:
    """Serves the population register to its partners until Ctrl-C."""
    set_settings(port=port or settings().population_port, host=host)
    require_free_port(settings().host, settings().port)
    with population_database(START_SECONDS):
        settings().key()  # a missing key is reported now: no token is made without it
        bound_transactions(REQUEST_SECONDS)
        typer.echo(f"http://{settings().host}:{settings().port}  (press Ctrl-C to stop)")
        serve_until_stopped(settings().host, settings().port, "web.population.app:create_app")


class Portal(uvicorn.Server):
    """A uvicorn server that logs when it listens."""

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Starts as uvicorn does, then logs the address."""
        await super().startup(sockets)
        if self.started:
            leave_what_exists(OFTEN)
            log.info("portal ready", address=f"http://{self.config.host}:{self.config.port}")


def serve_until_stopped(host: str, port: int, application: str = "web.app:create_app") -> None:
    """Serves until a signal stops it. Exits with uvicorn's own code where it cannot start."""
    config = uvicorn.Config(
        application, factory=True, host=host, port=port, log_level="warning", log_config=None, access_log=False
    )
    portal = Portal(config)
    with suppress(KeyboardInterrupt):
        portal.run()
    if not portal.started:
        raise typer.Exit(STARTUP_FAILURE)
