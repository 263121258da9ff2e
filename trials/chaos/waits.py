"""Watches how long cases wait for a register that gives no answer: no longer than their back-off.

A connection of its own looks once a second. It counts the time in which somebody could ask: while the database answers,
a worker of the queue lives, and nobody paused the queue.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

import psycopg

from models.database import autocommit_connection
from models.errors import Unavailable
from workflows.queue.attempts import WORKER_LOCK

LATE_SECONDS = 60.0  # beyond the back-off; a register that is away is tried every five seconds
LOOK_SECONDS = 1.0
OVERDUE = f"""
    select case_id from attempt a cross join unnest(case_ids) as case_id
    where worker_id is null and unanswered and at < now() and queue not in (select queue from paused_queue)
        and exists (select from worker w join pg_locks l on l.objid = w.id
            where a.queue = any(w.queues) and l.locktype = 'advisory' and l.classid = {WORKER_LOCK})
"""


@dataclass
class Waits:
    """The cases that waited too long, and the longest wait of all beyond a back-off, in seconds."""

    late: set[int] = field(default_factory=set)
    longest: float = 0.0
    waited: set[int] = field(default_factory=set)  # all cases that ever waited
    overdue: dict[int, float] = field(default_factory=dict)  # for how long each has been overdue now

    def shown(self) -> dict[str, float]:
        """How many cases waited, and how long the longest of them stayed beyond its back-off."""
        return {"cases": len(self.waited), "longest_overdue_seconds": round(self.longest, 1)}

    def run(self, ending: Event) -> None:
        """Looks until `ending` is set."""
        while not ending.wait(LOOK_SECONDS):
            try:
                with autocommit_connection() as connection:
                    looked = time.monotonic()
                    while not ending.wait(LOOK_SECONDS):
                        cases = [case_id for (case_id,) in connection.execute(OVERDUE)]
                        before, looked = looked, time.monotonic()
                        self.look(cases, looked - before)
            except (psycopg.Error, Unavailable):
                continue

    def look(self, cases: Collection[int], seconds: float) -> None:
        """Notes which cases are overdue, so many seconds after the last look."""
        self.overdue = {case_id: self.overdue.get(case_id, 0.0) + seconds for case_id in cases}
        self.waited.update(cases)
        self.longest = max(self.longest, *self.overdue.values(), 0.0)
        self.late.update(case_id for case_id, beyond in self.overdue.items() if beyond > LATE_SECONDS)


@contextmanager
def watched() -> Iterator[Waits]:
    """Watches for as long as the block lasts."""
    waits, ending = Waits(), Event()
    thread = Thread(target=waits.run, args=(ending,), daemon=True)
    thread.start()
    try:
        yield waits
    finally:
        ending.set()
        thread.join()
