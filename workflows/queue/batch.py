"""One batch: written down as an attempt before it begins, then a transaction over whatever is found."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from models import clock
from models.database import Connection, transaction
from models.errors import Unavailable
from workflows.engine.load import CaseRow
from workflows.engine.work import BatchOutcome, work
from workflows.flows import DELIVERY
from workflows.queue.attempts import END, Attempt, Attempts
from workflows.queue.claim import open_places
from workflows.queue.failures import all_unanswered
from workflows.queue.inhand import in_hand
from workflows.registers.ports import Adapters

Places = Collection[tuple[str, str]]  # stages, each with its kind of case
Find = Callable[[Connection], list[CaseRow]]


class BatchFailed(Exception):
    """The work on these cases failed, and nothing of it was kept. Its attempt is still open."""

    def __init__(self, attempt: Attempt, why: BaseException) -> None:
        super().__init__(f"attempt {attempt.id}")
        self.attempt, self.why = attempt, why


@dataclass(slots=True)
class BatchRunner:
    """How one worker process works batches; its threads share it."""

    adapters: Adapters
    attempts: Attempts
    serves: frozenset[str]
    wake: Callable[[str], None]
    counters: Counter[str] = field(default_factory=Counter)
    left_alone: dict[int, float] = field(
        default_factory=dict
    )  # cases that can be neither worked nor quarantined, each until a monotonic time

    def run(self, queue: str, find: Find, attempt: Attempt | None = None) -> int:
        """Works whatever is found; how many cases that were. The attempt ends with the work's own commit.

        Raises Unavailable where something is away, BatchFailed for anything else.
        """
        progress = BatchOutcome()
        try:
            with in_hand("batch"), transaction() as connection:
                if rows := find(connection):
                    attempt = attempt or self.attempts.begin(queue, [row.id for row in rows], clock.now())
                    progress = self.work(connection, rows, open_places(connection, self.serves))
                if attempt:
                    connection.execute(END, [attempt.id])
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
        """The work itself, counted and timed."""
        began = time.monotonic()
        progress = work(connection, rows, self.adapters, clock.now(), places)
        all_unanswered(connection, progress.unanswered, clock.now())
        self.counters["batches"] += 1
        self.counters["cases"] += progress.cases
        self.counters["busy_milliseconds"] += round((time.monotonic() - began) * 1000)
        return progress

    def wake_next(self, progress: BatchOutcome) -> None:
        """After the commit: queues that are due elsewhere are woken, delivery where messages are owed."""
        for queue in progress.next_queues - self.serves:
            self.wake(queue)
        if progress.messages:
            self.wake(DELIVERY)
