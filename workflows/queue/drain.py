"""Working a queue off: batch after batch, until nothing is due or the time is up."""

import time
from dataclasses import dataclass, field

from models import clock
from models.database import Connection
from models.errors import DatabaseAway, Unavailable
from workflows.load import CaseRow
from workflows.queue.batch import Batches
from workflows.queue.bisection import Bisection
from workflows.queue.claim import Cursor, claim
from workflows.queue.sharedlock import SharedExclusiveLock


@dataclass(slots=True)
class Drainer:
    """One worker process's way of working queues off; its threads share it."""

    batches: Batches
    limit: int  # of cases in a batch
    cursors: dict[str, Cursor] = field(default_factory=dict)
    lock: SharedExclusiveLock = field(default_factory=SharedExclusiveLock)
    stopping: bool = False

    @property
    def bisection(self) -> Bisection:
        """What goes on with batches that failed."""
        return Bisection(self.batches)

    def drain(self, queue: str, seconds: float = 2.0) -> bool:
        """Works until nothing is due (False) or the time is up (True: there may be more).

        Raises Unavailable where the database or a register is away; nothing counts as a try then.
        """
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            if not (self.one_apart() + self.one_batch(queue)):  # both: thousands that failed hold up nobody who waits in the queue
                return False
        return True

    def one_batch(self, queue: str) -> int:
        """Claims and works one batch; how many cases it held."""
        claimed: list[int] = []
        with self.lock.shared():
            try:
                self.bisection.run(queue, lambda connection: self.claim(connection, queue, claimed))
            except DatabaseAway:
                raise
            except Unavailable:
                if not self.bisection.some_answered(queue, claimed):
                    raise
        return len(claimed)

    def claim(self, connection: Connection, queue: str, claimed: list[int]) -> list[CaseRow]:
        """What is due, noted in `claimed`; a full claim wakes one more worker."""
        rows = claim(connection, queue, self.limit, self.cursors.setdefault(queue, Cursor()))
        claimed[:] = [row.id for row in rows]
        if len(rows) == self.limit:
            self.batches.wake(queue)
        return rows

    def one_apart(self) -> int:
        """Works what was set apart, if its time has come, while this process does nothing else: half of a batch whose worker died, or a case that failed."""
        attempts, serves = self.batches.attempts, self.batches.serves
        if not attempts.anything_apart(serves, clock.now()):
            return 0
        with self.lock.exclusive():
            attempt = attempts.take(serves, clock.now())
            if attempt is None:
                return 0
            self.bisection.retry(attempt)
            return len(attempt.case_ids)
