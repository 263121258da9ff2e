"""Drains a queue: works batch after batch, until nothing is due or the time is up."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock

from models import clock
from models.database import Connection
from models.errors import DatabaseAway, RegisterAway, Unavailable
from workflows.engine.load import CaseRow
from workflows.queue.availability import RegisterAvailability, Unanswered
from workflows.queue.batch import BatchRunner
from workflows.queue.bisection import Bisection
from workflows.queue.claim import Cursor, claim
from workflows.queue.inhand import count_longer_than
from workflows.queue.leases import QUESTION
from workflows.queue.sharedlock import SharedExclusiveLock
from workflows.queue.silence import SilentCases

LASTING_SECONDS = 0.5  # an answer takes less, unless the register is slow
BESIDE_SECONDS = 0.1  # how long the other threads wait for one that waits for answers, while asking is slow


@dataclass(slots=True)
class Drainer:
    """Drains the queues of one worker process; its threads share it."""

    runner: BatchRunner
    limit: int  # of cases in a batch
    cursors: dict[tuple[str, frozenset[int]], Cursor] = field(default_factory=dict)  # by queue and lanes
    availability: dict[str, RegisterAvailability] = field(default_factory=dict)  # by queue
    lock: SharedExclusiveLock = field(default_factory=SharedExclusiveLock)
    asking: Lock = field(default_factory=Lock)  # held by the one thread that may wait long for answers
    slow: Event = field(default_factory=Event)  # set while asking is slow
    stopping: bool = False

    @property
    def bisection(self) -> Bisection:
        """Halves the batches that fail."""
        return Bisection(self.runner)

    @property
    def silent_cases(self) -> SilentCases:
        """Finds the cases about which a register gives no answer."""
        return SilentCases(self.bisection)

    def end(self) -> None:
        """Lets the threads finish the batches in hand and take no others, and wakes the threads that stand in."""
        self.stopping = True
        self.slow.set()

    def drain(self, queue: str, seconds: float = 2.0) -> bool:
        """Works until nothing is due (False) or the time is up (True: there may be more).

        Raises Unavailable where the database or a register is away; that counts as no try of any case.
        """
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            if not self.one_round(queue):
                return False
        return True

    def one_round(self, queue: str) -> int:
        """Works one quarantined attempt and one batch of the queue, and returns how many cases they held.

        So thousands of failed cases do not hold up those that wait in the queue.
        """
        due = self.runner.attempts.kinds_due(self.runner.serves, clock.now())
        worked = self.one_quarantined() if False in due else 0
        mine = self.asking.acquire(blocking=False)
        try:
            if mine and True in due and not self.runner.register_left_alone():
                worked += self.one_unanswered()
            return worked + self.one_batch(queue, mine)
        finally:
            if mine:
                self.asking.release()

    def one_batch(self, queue: str, may_take_long: bool = True, people_alone: bool = False) -> int:
        """Claims and works one batch, and returns how many cases it held.

        Raises Unavailable where the register answers about no case that is due.
        """
        claimed: list[CaseRow] = []
        limits = self.availability_of(queue).lane_limits(self.runner.most(self.limit), may_take_long, people_alone)
        began = time.monotonic()
        with self.lock.shared():
            try:
                self.bisection.run(queue, lambda connection: self.claim(connection, queue, limits, claimed))
            except Unavailable as error:
                if isinstance(error, RegisterAway):
                    self.note_away(queue, claimed, error)
                if isinstance(error, DatabaseAway | RegisterAway) or not claimed:
                    raise
                self.handle_no_answer(queue, claimed, error, time.monotonic() - began)
            else:
                if self.runner.asked_about(claimed):
                    self.note_answer(queue)
                elif may_take_long and not claimed:
                    self.end_round(queue)
        return len(claimed)

    def claim(
        self, connection: Connection, queue: str, limits: Mapping[int, int], claimed: list[CaseRow]
    ) -> list[CaseRow]:
        """Claims due cases and lists them in `claimed`, too; a full claim wakes one more worker."""
        cursor = self.cursors.setdefault((queue, frozenset(limits)), Cursor(self.runner.left_alone))
        claimed[:] = claim(connection, queue, limits, cursor, self.runner.places_left_alone())
        if claimed and len(claimed) == limits[claimed[0].lane]:
            self.runner.wake(queue)
        return claimed

    def one_quarantined(self) -> int:
        """Works one quarantined attempt that is due: half of a dead worker's batch, or a case that failed.

        Meanwhile this process does nothing else. But while asking is slow, it works beside a thread that waits for an
        answer: else all threads would wait with that one.
        """
        with self.lock.exclusive(BESIDE_SECONDS if self.asking_is_slow() else None):
            attempt = self.runner.attempts.take_quarantined(self.runner.serves, clock.now())
            if attempt is None:
                return 0
            self.bisection.retry(attempt)
            return len(attempt.case_ids)

    def short_of_threads(self) -> bool:
        """Whether a thread waits for an answer while asking is slow, or all threads have waited for one for long."""
        if self.asking_is_slow():
            return count_longer_than(BESIDE_SECONDS, QUESTION) > 0
        self.slow.clear()
        return count_longer_than(LASTING_SECONDS, QUESTION) >= self.runner.attempts.threads

    def asking_is_slow(self) -> bool:
        """Whether a question about cases of any queue took long lately and got no answer."""
        return any(each.is_slow() for each in list(self.availability.values()))

    def stand_in(self) -> int:
        """Works one interactive case of each queue, beside the threads that wait, and returns how many there were."""
        try:
            return sum(self.one_batch(each, may_take_long=False, people_alone=True) for each in list(self.availability))
        except Unavailable:
            return 0

    # No answer --------------------------------------------------------------------------------------

    def one_unanswered(self) -> int:
        """Asks once more about quarantined cases that got no answer, beside the work of the other threads."""
        attempt = self.runner.attempts.take_quarantined(self.runner.serves, clock.now(), unanswered=True)
        if attempt is None:
            return 0
        began = time.monotonic()
        with self.lock.shared():
            if self.silent_cases.ask_again(attempt):
                self.note_answer(attempt.queue)
            elif self.runner.register_left_alone():
                self.availability_of(attempt.queue).note_away()
            else:
                self.note_no_answer(attempt.queue, time.monotonic() - began)
        return len(attempt.case_ids)

    def availability_of(self, queue: str) -> RegisterAvailability:
        """This process's knowledge of the register's answers in a queue."""
        return self.availability.setdefault(queue, RegisterAvailability())

    def note_no_answer(self, queue: str, seconds: float) -> bool:
        """Notes a question without an answer; returns whether another got one meanwhile, or since the last."""
        availability = self.availability_of(queue)
        others_answered = availability.note_no_answer(seconds)
        if availability.is_slow():
            self.slow.set()
        return others_answered

    def handle_no_answer(self, queue: str, rows: Sequence[CaseRow], error: Unavailable, seconds: float) -> None:
        """Quarantines the silent cases of an unanswered batch, where the register answers for others.

        Else it passes the batch's lane over for now: the register may be away.
        """
        availability, case_ids = self.availability_of(queue), [row.id for row in self.runner.asked_about(rows) or rows]
        others_answered = self.note_no_answer(queue, seconds)
        if len(case_ids) == 1 and others_answered:
            self.bisection.set_waiting(queue, case_ids, error)
        elif self.silent_cases.probe_batch(queue, case_ids, availability.is_slow()):
            self.note_answer(queue)
        else:
            availability.pass_over(rows[0].lane, Unanswered(case_ids, error))

    def note_away(self, queue: str, rows: Sequence[CaseRow], error: RegisterAway) -> None:
        """Notes that the register elsewhere is away. A case about which it was tried waits, and another one is next."""
        self.availability_of(queue).note_away()
        if error.asked and len(rows) == 1:
            self.bisection.set_waiting(queue, [rows[0].id], error)

    def note_answer(self, queue: str) -> None:
        """Quarantines the cases passed over, now that others were answered.

        Where the register seemed to be away until now, all cases that wait for it are asked about again soon.
        """
        availability = self.availability_of(queue)
        passed_over, seemed_away = availability.note_answer()
        for unanswered in passed_over:
            self.silent_cases.quarantine(queue, unanswered, availability.is_slow())
        if seemed_away:
            self.runner.attempts.ask_again_soon(queue, clock.now())

    def end_round(self, queue: str) -> None:
        """Ends a round in which all lanes were looked at.

        Raises Unavailable where lanes were passed over: as far as this process knows, the register is away.
        """
        passed_over, enough_rounds = self.availability_of(queue).end_round()
        for unanswered in passed_over:
            if enough_rounds and len(unanswered.case_ids) == 1:
                self.bisection.set_waiting(queue, unanswered.case_ids, unanswered.error)
        if passed_over:
            raise passed_over[0].error
