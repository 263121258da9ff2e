"""Registrars, who record life events in the population register, here or elsewhere: people of the crowd marry.

Each event reaches both households once, whatever is killed; verdict.py counts those that were applied twice or never.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from models import clock
from models.database import Connection, scalar, transact, transaction
from models.errors import Unavailable
from workflows.population import life
from workflows.population.life import Told

MOST = 60  # events; later ones would keep chaos from its end
AT_ONCE = 3
PERSONS = "select idcs from person_claim order by idcs limit 1000"
WRITTEN = "select count(*) from person_event"
APPLIED = "select coalesce(max(cursor), 0) from life_feed"  # one feed is heard


@dataclass
class Registrars:
    """Record marriages for as long as there are some to record, and wait until all are heard of."""

    rng: random.Random
    register: str = ""  # the address of the population register's database; empty: it is this one
    recorded: int = 0

    def look(self) -> bool:
        """Records some events; whether anything is still to come."""
        with transaction() as connection:
            persons = [idcs for (idcs,) in connection.execute(PERSONS)]
            unheard = behind(connection, self.register)
        if self.recorded >= MOST or len(persons) < 2:
            return unheard > 0
        for _ in range(AT_ONCE):
            self.record(*sorted(self.rng.sample(persons, 2)))
        return True

    def record(self, one: str, other: str) -> None:
        """Two people marry. Raises Unavailable where nobody answers: then it happened, or it did not."""

        def marry(connection: Connection) -> int:
            return life.wed(connection, one, other, Told(clock.now(), "officer:0123456789abcdef"))

        self.recorded += 1
        if not self.register:
            transact(marry)
            return
        with elsewhere(self.register) as connection:
            marry(connection)


@contextmanager
def elsewhere(register: str) -> Iterator[Connection]:
    """A transaction in the database of a register elsewhere. Raises Unavailable where it does not answer."""
    try:
        with psycopg.connect(register) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise Unavailable("The population register's database does not answer.") from error


def behind(connection: Connection, register: str) -> int:
    """How many events were written down that were not applied. Raises Unavailable."""
    if not register:
        return int(scalar(connection, WRITTEN)) - int(scalar(connection, APPLIED))
    with elsewhere(register) as there:
        return int(scalar(there, WRITTEN)) - int(scalar(connection, APPLIED))
