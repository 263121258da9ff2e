"""Works one batch: claims its cases, writes the attempt down, and decides all of them in one transaction."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from models import clock
from models.database import Connection, transaction
from models.errors import Unavailable
from workflows.engine.load import CaseRow
from workflows.engine.work import BatchOutcome, work
from workflows.evidence import RegisteredPerson
from workflows.flows import DELIVERY
from workflows.queue.attempts import DELETE_ATTEMPT, Attempt, Attempts
from workflows.queue.claim import open_places
from workflows.queue.failures import record_all_unanswered
from workflows.queue.inhand import in_hand
from workflows.registers.ports import Adapters, Answer, PopulationRegister, Ports

Places = Collection[tuple[str, str]]  # stages, each with its kind of case
Claim = Callable[[Connection], list[CaseRow]]
QUESTION = "a question"  # to the population register, which may be elsewhere, and slow


class BatchFailed(Exception):
    """The work on a batch failed, and its transaction was rolled back; the attempt is still open."""

    def __init__(self, attempt: Attempt, cause: BaseException) -> None:
        super().__init__(f"attempt {attempt.id}")
        self.attempt, self.cause = attempt, cause


@dataclass(frozen=True, slots=True)
class QuestionsInHand:
    """A population register whose questions are registered as work in hand: so others see a thread that waits."""

    register: PopulationRegister

    def persons(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson | Answer]:
        """Asks it."""
        with in_hand(QUESTION):
            return self.register.persons(idcs)


@dataclass(slots=True)
class BatchRunner:
    """Runs the batches of one worker process; its threads share it."""

    adapters: Adapters
    attempts: Attempts
    serves: frozenset[str]
    wake: Callable[[str], None]
    counters: Counter[str] = field(default_factory=Counter)
    # Cases that can be neither worked nor quarantined: this process passes over each until a monotonic time.
    left_alone: dict[int, float] = field(default_factory=dict)

    def run(self, queue: str, claim: Claim, attempt: Attempt | None = None) -> int:
        """Works the cases that `claim` gives, and returns their number. One commit keeps the work and ends the attempt.

        Raises Unavailable where a register or the database is away, BatchFailed for any other failure.
        """
        progress = BatchOutcome()
        try:
            with in_hand("batch"), transaction() as connection:
                if rows := claim(connection):
                    attempt = attempt or self.attempts.begin(queue, [row.id for row in rows], clock.now())
                    progress = self.work(connection, rows, open_places(connection, self.serves))
                if attempt:
                    connection.execute(DELETE_ATTEMPT, [attempt.id])
        except Unavailable:
            if attempt and not attempt.quarantined:
                self.attempts.give_back(attempt)
            raise
        except BaseException as error:
            if attempt is None or isinstance(error, KeyboardInterrupt):
                raise
            raise BatchFailed(attempt, error) from error
        self.wake_next(progress)
        return len(rows)

    def work(self, connection: Connection, rows: Sequence[CaseRow], places: Places) -> BatchOutcome:
        """Decides the cases in the caller's transaction, and counts and times the work."""
        began = time.monotonic()
        progress = work(connection, rows, Adapters(self.ports, self.adapters.notices), clock.now(), places)
        record_all_unanswered(connection, progress.unanswered, clock.now())
        self.counters["batches"] += 1
        self.counters["cases"] += progress.cases
        self.counters["busy_milliseconds"] += round((time.monotonic() - began) * 1000)
        return progress

    def ports(self, connection: Connection, now: datetime) -> Ports:
        """The ports that one batch may ask."""
        ports = self.adapters.ports(connection, now)
        return replace(ports, population=QuestionsInHand(ports.population))

    def wake_next(self, progress: BatchOutcome) -> None:
        """Wakes, after the commit, the queues that other processes serve, and delivery where messages are owed."""
        for queue in (progress.next_queues - self.serves) | progress.others:
            self.wake(queue)
        if progress.messages:
            self.wake(DELIVERY)
