"""Cases prepared for a measurement, workers on them, and what is watched."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from subprocess import DEVNULL, Popen
from typing import Any, NamedTuple

from models import clock
from models.database import autocommit_connection, transaction
from models.errors import Broken
from notifications.notices import notices
from sijil.processes import set_settings, start, stop
from tasks.wake import wake
from trials.generator.household import GeneratedHousehold, households
from trials.servers import ProofServers
from workflows.bodies.declaration import ApplicationBody
from workflows.flows import case_queues
from workflows.intake.importing import bulk_application
from workflows.intake.submit import submit
from workflows.queue.monitor import workers as signed_on
from workflows.queue.pauses import pause
from workflows.registers.enrol import enrol

SET = 500
LOOK_SECONDS = 0.05
PATIENCE = 9  # looking may take a tenth of the time, or it would be part of what is measured
PREPARED = "prepared"
LEAST_SECONDS = 10.0
Say = Callable[[str], None]


class Workers(NamedTuple):
    """How the engine is set up: for bulk work, unless said otherwise.

    The settings' own smaller batch is for people who wait beside it.
    """

    processes: int = 2
    threads: int = 1
    batch: int = 500


# Filling -------------------------------------------------------------------------------------------


def fill(count: int, seed: int, first: int = 0) -> None:
    """Enrols and submits this many households into the database in use."""
    waiting = households(count, seed, first)
    while batch := list(islice(waiting, 10 * SET)):
        enrol(person.row() for made in batch for person in made.persons)
        for place in range(0, len(batch), SET):
            submit_set(batch[place : place + SET])


def submit_set(batch: Sequence[GeneratedHousehold]) -> None:
    """One transaction of submissions."""
    applications = [bulk_application(ApplicationBody.model_validate(made.body)) for made in batch]
    with transaction() as connection:
        submit(connection, applications, clock.now(), notices)


def prepare(servers: ProofServers, database: str, count: int, seed: int) -> None:
    """A database with this many cases due, held back until `let_go`."""
    servers.create(database)
    hold()
    fill(count, seed)
    tidy()


def hold() -> None:
    """No worker takes anything."""
    with transaction() as connection:
        pause(connection, case_queues()[0], "bench", clock.now())


def let_go() -> float:
    """Workers may begin: their next sweep or wake starts them. Since when, in seconds since 1970."""
    began = time.time()
    with transaction() as connection:
        connection.execute("delete from paused_queue")
    wake(case_queues()[0])
    return began


def tidy() -> None:
    """Statistics and visibility as they are in a database that lives."""
    with autocommit_connection() as connection:
        connection.execute("vacuum analyze")


# Watching ------------------------------------------------------------------------------------------


def one(statement: str, *parameters: object) -> Any:
    """The first column of the first row, from the database in use."""
    with transaction() as connection:
        row = connection.execute(statement, parameters).fetchone()
    return row[0] if row else None


def wait_for(statement: str, seconds: float = 900) -> float:
    """Looks until it is true; the moment when it was seen. Raises Broken where it never is."""
    until = time.monotonic() + seconds
    while True:
        looked = time.monotonic()
        if one(statement):
            return time.time()
        if time.monotonic() > until:
            raise Broken(f"A measurement does not end: {statement}")
        time.sleep(max(LOOK_SECONDS, (time.monotonic() - looked) * PATIENCE))


def notified() -> int:
    """Cases that reached the end."""
    return int(one("select count(*) from cases where stage = 'notified'"))


def first_decision(since: float = 0.0) -> float:
    """When the first decision was taken, in seconds since 1970."""
    return float(one("select extract(epoch from min(at)) from event where seq > 1 and at >= to_timestamp(%s)", since))


@contextmanager
def working(workers: Workers, queues: Sequence[str] = case_queues()) -> Iterator["Popen[bytes]"]:
    """`sijil work` on the database in use, ready to begin. Deliveries are left out unless named: no rival has them."""
    set_settings(batch=workers.batch)
    command = ["--queues", ",".join(queues), "--processes", str(workers.processes), "--threads", str(workers.threads)]
    supervisor = start("sijil", "work", *command, stderr=DEVNULL)
    try:
        until = time.monotonic() + 60
        while len(alive_pids()) < workers.processes:
            if time.monotonic() > until or supervisor.poll() is not None:
                raise Broken("The workers do not come up.")
            time.sleep(0.1)
        yield supervisor
    finally:
        stop([supervisor])


def alive_pids() -> list[int]:
    """Worker processes that have signed on."""
    with transaction() as connection:
        return [each["pid"] for each in signed_on(connection) if each["alive"]]
