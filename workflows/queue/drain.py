"""Working a queue off: batch after batch, each one transaction, until nothing is due or the time is up.

What fails is gone over again in halves until it fails alone; then stage by stage, so that what it got done stays done.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from threading import get_ident

import structlog

from models import clock
from models.database import AGAIN, Connection, raw, transaction
from models.errors import Unavailable, describe
from workflows.engine import Progress, work
from workflows.flow import DELIVERY
from workflows.load import CaseRow
from workflows.ports import Outside
from workflows.queue.attempts import LEAVE, Attempt, Attempts
from workflows.queue.claim import Cursor, claim, claim_these, paused
from workflows.queue.sharedlock import SharedExclusiveLock
from workflows.queue.trouble import UNANSWERED, failed_alone, unanswered

log = structlog.get_logger()

HANGS_SECONDS = 60.0  # a batch takes less than one; and less than a transaction may last (tasks/worker.py), or the next process would take it up first

Find = Callable[[Connection], list[CaseRow]]


@dataclass(slots=True)
class Drainer:
    """One worker process's way of working queues off; its threads share it."""

    outside: Outside
    attempts: Attempts
    serves: frozenset[str]
    batch: int
    wake: Callable[[str], None]
    cursors: dict[str, Cursor] = field(default_factory=dict)
    lock: SharedExclusiveLock = field(default_factory=SharedExclusiveLock)
    began: dict[int, float] = field(default_factory=dict)  # when each thread began what it has in hand
    counters: Counter[str] = field(default_factory=Counter)
    stopping: bool = False

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
                return self.attempt(queue, lambda connection: self.claim(connection, queue, claimed), self.serves)
            except Unavailable:
                if not self.go_on(queue, claimed):
                    raise
                return len(claimed)

    def go_on(self, queue: str, case_ids: Sequence[int]) -> bool:
        """A register gave no answer for these. Two of them, alone, tell whether it gives any; then all go on for whom it does, and the others wait apart."""
        if len(case_ids) < 2 or all(self.no_answer(queue, [each]) for each in random.sample(case_ids, 2)):
            return False
        self.part(queue, case_ids)
        return True

    def part(self, queue: str, case_ids: Sequence[int]) -> None:
        """In halves, down to the one for which there is no answer: it waits apart."""
        for half in halves(case_ids):
            error = self.no_answer(queue, half)
            if error and len(half) > 1:
                self.part(queue, half)
            elif error:
                self.wait(queue, half, error)

    def no_answer(self, queue: str, case_ids: Sequence[int]) -> Unavailable | None:
        """Works these alone; what was away, if there was no answer for one of them."""
        try:
            self.attempt(queue, lambda connection: claim_these(connection, case_ids), self.serves)
        except Unavailable as error:
            return error
        return None

    def wait(self, queue: str, case_ids: Sequence[int], error: Unavailable, entry: Attempt | None = None) -> None:
        """These wait apart, with their troubles noted; unless they moved on, or another thread set them apart."""
        with transaction() as session:
            for row in claim_these(raw(session), case_ids, apart=entry is not None):
                unanswered(raw(session), row, queue, describe(error), clock.now())
            if entry:
                raw(session).execute(LEAVE, [entry.id])

    def claim(self, connection: Connection, queue: str, claimed: list[int]) -> list[CaseRow]:
        """What is due, noted in `claimed`; a full claim wakes one more worker."""
        rows = claim(connection, queue, self.batch, self.cursors.setdefault(queue, Cursor()))
        claimed[:] = [row.id for row in rows]
        if len(rows) == self.batch:
            self.wake(queue)
        return rows

    def one_apart(self) -> int:
        """Works what was set apart, if its time has come, while this process does nothing else: half of a batch whose worker died, or a case that failed."""
        if not self.attempts.anything_apart(self.serves, clock.now()):
            return 0
        with self.lock.exclusive():
            entry = self.attempts.take(self.serves, clock.now())
            if entry is None:
                return 0
            self.again(entry)
            return len(entry.case_ids)

    def again(self, entry: Attempt) -> None:
        """These cases, and no others; one alone goes stage by stage. Whatever happens, they stand in the queue or in the book afterwards.

        What is set apart and gets no answer is put off, and holds up nobody.
        """
        try:
            if len(entry.case_ids) == 1:
                self.alone(entry)
            else:
                self.attempt(entry.queue, lambda connection: claim_these(connection, entry.case_ids, entry.apart), self.serves, entry)
        except BaseException as error:
            if not (entry.apart and isinstance(error, Unavailable)):
                self.attempts.leave(entry)
                raise
            self.put_off(entry, error)

    def put_off(self, entry: Attempt, error: Unavailable) -> None:
        """What is set apart and gets no answer waits for another while: several in halves, so that those who can go on do."""
        if len(entry.case_ids) > 1:
            self.attempts.halve(entry, clock.now() + UNANSWERED)
            return
        try:
            self.wait(entry.queue, entry.case_ids, error, entry)
        except BaseException:
            self.attempts.leave(entry)
            raise

    def alone(self, entry: Attempt) -> None:
        """One case, a transaction a stage. Where it fails now, it is it that fails."""
        queue: str | None = entry.queue
        while queue in self.serves:
            try:
                queue = self.stage_alone(entry, queue)
            except AGAIN:
                continue
        self.attempts.close(entry)

    def stage_alone(self, entry: Attempt, queue: str) -> str | None:
        """One stage of one case; the queue of the next stage. None where there is none to go on with: it failed, ended, or its queue is paused."""
        with transaction() as session:
            connection = raw(session)
            rows = claim_these(connection, entry.case_ids, entry.apart)
            if not rows or (queue != entry.queue and queue in paused(connection)):
                return None
            try:
                with connection.transaction():
                    progress = self.work(connection, rows, ())
            except (Unavailable, KeyboardInterrupt, *AGAIN):
                raise
            except BaseException as error:  # noqa: BLE001 - a worker's edge: whatever it is, a library's panic too, it is counted against this case
                failure = describe(error)
                log.warning("case failed alone", case_id=rows[0].id, error=failure.error)
                connection.execute(LEAVE, [entry.id])
                failed_alone(connection, rows[0].id, failure, clock.now())
                return None
        self.tell(progress)
        return next(iter(progress.next_queues), None)

    def attempt(self, queue: str, find: Find, serves: Collection[str], entry: Attempt | None = None) -> int:
        """One transaction over whatever is found; how many cases that were. It leaves the book with the work or after it."""
        rows: Sequence[CaseRow] = ()
        progress = Progress()
        try:
            with transaction() as session:
                connection = raw(session)
                rows = find(connection)
                if rows:
                    entry = entry or self.attempts.enter(queue, [row.id for row in rows], clock.now())
                    progress = self.work(connection, rows, set(serves) - set(paused(connection)))
                if entry:
                    connection.execute(LEAVE, [entry.id])
        except Unavailable:
            if entry and not entry.apart:
                self.attempts.leave(entry)
            raise
        except BaseException as error:  # a worker's edge: whatever it is, a library's panic too, the neighbours go on
            if entry is None or isinstance(error, KeyboardInterrupt):
                raise
            self.after_failure(entry, error)
        self.tell(progress)
        return len(rows)

    def work(self, connection: Connection, rows: Sequence[CaseRow], serves: Collection[str]) -> Progress:
        """The work itself, counted and timed."""
        began = self.began[get_ident()] = time.monotonic()
        try:
            progress = work(connection, rows, self.outside, clock.now(), serves)
        finally:
            del self.began[get_ident()]
        self.counters["batches"] += 1
        self.counters["cases"] += progress.cases
        self.counters["busy_milliseconds"] += round((time.monotonic() - began) * 1000)
        return progress

    def hangs(self) -> bool:
        """Whether a thread has been at one batch for longer than any batch can take."""
        return any(time.monotonic() - began > HANGS_SECONDS for began in list(self.began.values()))

    def tell(self, progress: Progress) -> None:
        """After the commit: queues that are due elsewhere are woken, delivery where messages are owed."""
        for queue in progress.next_queues - self.serves:
            self.wake(queue)
        if progress.messages:
            self.wake(DELIVERY)

    def after_failure(self, entry: Attempt, error: BaseException) -> None:
        """The same again where the database asks for it, else halves, down to one."""
        self.counters["failures"] += 1
        log.info("batch failed", cases=len(entry.case_ids), error=describe(error).error)
        if isinstance(error, AGAIN) or len(entry.case_ids) == 1:
            self.again(entry)
            return
        if entry.apart:
            self.attempts.halve(entry)
            return
        self.attempts.leave(entry)
        for half in halves(entry.case_ids):
            self.again(self.attempts.enter(entry.queue, half, clock.now()))


def halves(case_ids: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """The first half and the second."""
    middle = len(case_ids) // 2
    return case_ids[:middle], case_ids[middle:]
