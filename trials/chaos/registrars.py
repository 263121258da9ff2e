"""Registrars, who record life events in the population register of this database: people of the crowd marry.

Each event reaches both households once, whatever is killed; verdict.py counts those that were applied twice or never.
"""

import random
from dataclasses import dataclass

from models import clock
from models.database import Connection, scalar, transact, transaction
from models.settings import settings
from workflows.population import life
from workflows.population.life import Told

MOST = 60  # events; later ones would keep chaos from its end
AT_ONCE = 3
PERSONS = "select idcs from person_claim order by idcs limit 1000"
BEHIND = """
    select (select count(*) from person_event)
        - coalesce((select cursor from life_feed where source = 'here'), 0)
"""


@dataclass
class Registrars:
    """Record marriages for as long as there are some to record, and wait until all are heard of."""

    rng: random.Random
    recorded: int = 0

    def look(self) -> bool:
        """Records some events; whether anything is still to come. They have nothing to do with a register elsewhere."""
        if settings().population_url:
            return False
        with transaction() as connection:
            persons = [idcs for (idcs,) in connection.execute(PERSONS)]
            behind = int(scalar(connection, BEHIND))
        if self.recorded >= MOST or len(persons) < 2:
            return behind > 0
        for _ in range(AT_ONCE):
            self.record(*sorted(self.rng.sample(persons, 2)))
        return True

    def record(self, one: str, other: str) -> None:
        """Two people marry. Raises Unavailable where nobody answers: then it happened, or it did not."""

        def marry(connection: Connection) -> int:
            return life.wed(connection, one, other, Told(clock.now(), "officer:0123456789abcdef"))

        self.recorded += 1
        transact(marry)
