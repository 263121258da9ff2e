"""What runs beside the population register while it serves: it seals the audit and the feed of life events, and anchors
the audit once a day.

Workers do this for the social register; the population register has none.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread

import psycopg
import structlog

from models import clock
from models.database import transaction
from models.errors import SijilError, describe
from tasks.schedule import JOBS, Schedule
from workflows.audit.sealing import seal_for
from workflows.population import guesses
from workflows.population.feed import FEED
from workflows.population.partners import forget_questions

ROUND_SECONDS = 2.0
SEAL_SECONDS = 1.0  # in each round
KEPT = timedelta(minutes=10)  # ids of questions: longer than any signature is believed
ANCHOR = tuple(each for each in JOBS if each.name == "anchor")
log = structlog.get_logger()


@dataclass(slots=True)
class Keeper:
    """A thread that keeps house every two seconds, until the service ends."""

    stop: Event = field(default_factory=Event)
    thread: Thread | None = None
    schedule: Schedule = field(init=False)

    def __post_init__(self) -> None:
        self.schedule = Schedule(self.stop, ANCHOR)

    def start(self) -> None:
        """Starts the thread."""
        self.thread = Thread(target=self.run, name="keeper", daemon=True)
        self.thread.start()

    def end(self) -> None:
        """Ends it, once the round in hand is done."""
        self.stop.set()
        if self.thread:
            self.thread.join(10)
        self.schedule.end(10)

    def run(self) -> None:
        """Keeps house until the service ends, and once more then. What fails is tried again in the next round."""
        failed, ending = "", False
        while not ending:
            ending = self.stop.wait(ROUND_SECONDS)
            try:
                keep()
                self.schedule.tend()
                failed = ""
            except (SijilError, psycopg.Error) as error:
                if (said := describe(error).error) != failed:
                    log.warning("the population register's audit is not sealed", error=said)
                failed = said


def keep() -> None:
    """Seals what was noted and what happened, and forgets the ids of old questions and who was asked about long ago."""
    seal_for(SEAL_SECONDS)
    seal_for(SEAL_SECONDS, FEED)
    with transaction() as connection:
        forget_questions(connection, clock.now() - KEPT)
        guesses.forget(connection, clock.now())
