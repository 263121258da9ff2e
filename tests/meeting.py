"""Lets transactions meet in tests: each holds what the other one waits for, as two processes may at any moment."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from models import clock
from models.database import Connection, transact
from tests.filing import ADAPTERS, value
from workflows.engine.work import lock_all, work

WAITING = "select count(*) from pg_locks where not granted"


@dataclass
class Work:
    """The work of a worker on one case, whose row it holds until both meet; it is run again after a deadlock."""

    case_id: int
    meet: Callable[[], object] = lambda: until_somebody_waits()
    holds: Event = field(default_factory=Event)
    runs: int = 0

    def run(self) -> None:
        """Works the case."""
        transact(self.work)

    def work(self, connection: Connection) -> None:
        """Locks the case, meets the others in the first run, and decides it."""
        self.runs += 1
        found = lock_all(connection, [self.case_id])
        self.holds.set()
        if self.runs == 1:
            self.meet()
        work(connection, found, ADAPTERS, clock.now(), ())


@dataclass
class Counted:
    """Work in a transaction, and how often it was run."""

    work: Callable[[Connection], object]
    runs: int = 0

    def run(self) -> None:
        """Does it, again after a deadlock."""
        transact(self.counted)

    def counted(self, connection: Connection) -> object:
        """Does it once."""
        self.runs += 1
        return self.work(connection)


def until_somebody_waits() -> None:
    """Waits until a transaction waits for a lock, ten seconds at the most."""
    until = time.monotonic() + 10
    while not value(WAITING) and time.monotonic() < until:
        time.sleep(0.01)
