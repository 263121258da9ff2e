"""Prepares cases for a measurement, runs workers on them, and watches the database."""

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
PATIENCE = 9  # looking takes a tenth of the time at most: else it would be part of what is measured
PREPARED = "prepared"
LEAST_SECONDS = 10.0
Say = Callable[[str], None]


class Workers(NamedTuple):
    """The set-up of the engine, by default for bulk work: the smaller batch of the settings is for people who wait."""

    processes: int = 2
    threads: int = 1
    batch: int = 500


# Filling -------------------------------------------------------------------------------------------


def fill(count: int, seed: int, first: int = 0) -> None:
    """Enrols and submits so many households in the database in use."""
    waiting = households(count, seed, first)
    while batch := list(islice(waiting, 10 * SET)):
        enrol(person.row() for made in batch for person in made.persons)
        for place in range(0, len(batch), SET):
            submit_set(batch[place : place + SET])


def submit_set(batch: Sequence[GeneratedHousehold]) -> None:
    """Submits these households in one transaction."""
    applications = [bulk_application(ApplicationBody.model_validate(made.body)) for made in batch]
    with transaction() as connection:
        submit(connection, applications, clock.now(), notices)


def prepare(servers: ProofServers, database: str, count: int, seed: int) -> None:
    """Makes a database with so many due cases, whose queue is paused until `resume_queues`."""
    servers.create(database)
    pause_first_queue()
    fill(count, seed)
    vacuum_analyze()


def pause_first_queue() -> None:
    """Pauses the first queue, so that no worker takes a registration."""
    pause_queues(case_queues()[:1])


def pause_queues(queues: Sequence[str] = case_queues()) -> None:
    """Pauses these queues, so that no worker takes a case from them."""
    with transaction() as connection:
        for queue in queues:
            pause(connection, queue, "bench", clock.now())


def resume_queues() -> float:
    """Resumes all queues and wakes the workers; the moment, in seconds since 1970."""
    began = time.time()
    with transaction() as connection:
        paused = [queue for (queue,) in connection.execute("delete from paused_queue returning queue")]
    for queue in paused:
        wake(queue)
    return began


def vacuum_analyze() -> None:
    """Brings statistics and the visibility map up to date, as autovacuum does in a database in use."""
    with autocommit_connection() as connection:
        connection.execute("vacuum analyze")


# Watching ------------------------------------------------------------------------------------------


def query_value(statement: str, *parameters: object) -> Any:
    """The first column of the first row of a statement, in a transaction; None without a row."""
    with transaction() as connection:
        row = connection.execute(statement, parameters).fetchone()
    return row[0] if row else None


def wait_for(statement: str, seconds: float = 900) -> float:
    """Waits until a statement is true; the moment, in seconds since 1970. Raises Broken where it never is."""
    until = time.monotonic() + seconds
    while True:
        looked = time.monotonic()
        if query_value(statement):
            return time.time()
        if time.monotonic() > until:
            raise Broken(f"The measurement waited {seconds:.0f} s in vain for: {statement}")
        time.sleep(max(LOOK_SECONDS, (time.monotonic() - looked) * PATIENCE))


def notified() -> int:
    """How many cases are notified."""
    return int(query_value("select count(*) from cases where stage = 'notified'"))


def first_decision(since: float = 0.0) -> float:
    """The moment of the first decision, in seconds since 1970."""
    return float(
        query_value("select extract(epoch from min(at)) from event where seq > 1 and at >= to_timestamp(%s)", since)
    )


@contextmanager
def working(workers: Workers, queues: Sequence[str] = case_queues(), nice: int = 0) -> Iterator["Popen[bytes]"]:
    """Runs `sijil work` on the database in use. It delivers nothing unless `queues` says so, since no rival does."""
    set_settings(batch=workers.batch, nice=nice)
    command = ["--queues", ",".join(queues), "--processes", str(workers.processes), "--threads", str(workers.threads)]
    supervisor = start("sijil", "work", *command, stderr=DEVNULL)
    try:
        until = time.monotonic() + 60
        while len(alive_pids()) < workers.processes:
            if time.monotonic() > until or supervisor.poll() is not None:
                raise Broken("The workers of the measurement did not start within a minute.")
            time.sleep(0.1)
        yield supervisor
    finally:
        stop([supervisor])


def alive_pids() -> list[int]:
    """The ids of the worker processes that are alive."""
    with transaction() as connection:
        return [each["pid"] for each in signed_on(connection) if each["alive"]]
