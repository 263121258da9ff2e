"""Working a queue off: batch after batch, until nothing is due or the time is up."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock

from models import clock
from models.database import Connection
from models.errors import DatabaseAway, Unavailable
from workflows.engine.load import CaseRow
from workflows.queue.answers import Answers, Unanswered
from workflows.queue.batch import BatchRunner
from workflows.queue.bisection import Bisection
from workflows.queue.claim import Cursor, claim
from workflows.queue.inhand import lasting
from workflows.queue.sharedlock import SharedExclusiveLock
from workflows.queue.silence import Silence

LASTING_SECONDS = 0.5  # a batch takes less; or it waits for answers
BESIDE_SECONDS = 0.1  # after which nobody is kept waiting by a thread that does


@dataclass(slots=True)
class Drainer:
    """One worker process's way of working queues off; its threads share it."""

    runner: BatchRunner
    limit: int  # of cases in a batch
    cursors: dict[tuple[str, frozenset[int]], Cursor] = field(
        default_factory=dict
    )  # by queue and the lanes that are looked at
    answers: dict[str, Answers] = field(default_factory=dict)
    lock: SharedExclusiveLock = field(default_factory=SharedExclusiveLock)
    asking: Lock = field(default_factory=Lock)  # held by the one thread that may wait for answers that may take long
    slow: Event = field(default_factory=Event)  # set while asking takes long
    stopping: bool = False

    @property
    def bisection(self) -> Bisection:
        """What goes on with batches that failed."""
        return Bisection(self.runner)

    @property
    def silence(self) -> Silence:
        """What goes on with cases about which a register gives no answer."""
        return Silence(self.bisection)

    def end(self) -> None:
        """Told to end: the batches in hand are the last ones, and who stands in looks up."""
        self.stopping = True
        self.slow.set()

    def drain(self, queue: str, seconds: float = 2.0) -> bool:
        """Works until nothing is due (False) or the time is up (True: there may be more).

        Raises Unavailable where the database or a register is away; nothing counts as a try then.
        """
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            if not self.one_round(queue):
                return False
        return True

    def one_round(self, queue: str) -> int:
        """Of what was quarantined, one; and one batch: thousands that failed hold up nobody who waits in the queue.

        How many cases that were.
        """
        due = self.runner.attempts.due(self.runner.serves, clock.now())
        worked = self.one_quarantined() if False in due else 0
        mine = self.asking.acquire(blocking=False)
        try:
            if mine and True in due:
                worked += self.one_unanswered()
            return worked + self.one_batch(queue, mine)
        finally:
            if mine:
                self.asking.release()

    def one_batch(self, queue: str, may_take_long: bool = True, people_alone: bool = False) -> int:
        """Claims and works one batch; how many cases it held.

        Raises Unavailable where nobody who is due gets an answer.
        """
        claimed: list[CaseRow] = []
        answers = self.answers.setdefault(queue, Answers())
        limits = answers.limits(self.limit, may_take_long, people_alone)
        began = time.monotonic()
        with self.lock.shared():
            try:
                self.bisection.run(queue, lambda connection: self.claim(connection, queue, limits, claimed))
            except Unavailable as error:
                if isinstance(error, DatabaseAway) or not claimed:
                    raise
                self.no_answer(queue, claimed, error, time.monotonic() - began)
            else:
                if claimed:
                    self.answered(queue)
                elif may_take_long:
                    self.nobody_answered(queue, answers)
        return len(claimed)

    def claim(
        self, connection: Connection, queue: str, limits: Mapping[int, int], claimed: list[CaseRow]
    ) -> list[CaseRow]:
        """What is due, noted in `claimed`; a full claim wakes one more worker."""
        cursor = self.cursors.setdefault((queue, frozenset(limits)), Cursor(self.runner.left_alone))
        claimed[:] = claim(connection, queue, limits, cursor)
        if claimed and len(claimed) == limits[claimed[0].lane]:
            self.runner.wake(queue)
        return claimed

    def one_quarantined(self) -> int:
        """Works what was quarantined, if its time has come, while this process does nothing else: half of a batch whose
        worker died, or a case that failed.

        Beside a thread that waits for an answer where asking takes long: all others would wait for that with it.

        """
        with self.lock.exclusive(BESIDE_SECONDS if self.asking_is_slow() else None):
            attempt = self.runner.attempts.take(self.runner.serves, clock.now())
            if attempt is None:
                return 0
            self.bisection.retry(attempt)
            return len(attempt.case_ids)

    def short_of_threads(self) -> bool:
        """Whether asking takes long and a thread is at it, or all threads are at something that does."""
        if self.asking_is_slow():
            return busy(BESIDE_SECONDS) > 0
        self.slow.clear()
        return busy(LASTING_SECONDS) >= self.runner.attempts.threads

    def asking_is_slow(self) -> bool:
        """Whether a question of any queue took long of late, to no avail."""
        return any(answers.slow() for answers in list(self.answers.values()))

    def stand_in(self) -> int:
        """Where it is short of threads: one person in each queue is worked beside them; how many cases that were."""
        try:
            return sum(self.one_batch(queue, may_take_long=False, people_alone=True) for queue in list(self.answers))
        except Unavailable:
            return 0

    # No answer --------------------------------------------------------------------------------------

    def one_unanswered(self) -> int:
        """Asks once more about cases that got no answer, beside the work of the other threads."""
        attempt = self.runner.attempts.take(self.runner.serves, clock.now(), unanswered=True)
        if attempt is None:
            return 0
        began = time.monotonic()
        with self.lock.shared():
            if self.silence.ask_again(attempt):
                self.answered(attempt.queue)
            else:
                self.missed(attempt.queue, time.monotonic() - began)
        return len(attempt.case_ids)

    def missed(self, queue: str, seconds: float) -> bool:
        """A question got no answer after so long; whether anybody got one meanwhile, or since the last that did not."""
        answers = self.answers.setdefault(queue, Answers())
        others_answered = answers.missed(seconds)
        if answers.slow():
            self.slow.set()
        return others_answered

    def no_answer(self, queue: str, rows: Sequence[CaseRow], error: Unavailable, seconds: float) -> None:
        """A batch got none: those of it that are at fault are found, where the register answers others; else its lane
        is passed over for now.
        """
        answers, case_ids = self.answers[queue], [row.id for row in rows]
        others_answered = self.missed(queue, seconds)
        if len(case_ids) == 1 and others_answered:
            self.bisection.set_waiting(queue, case_ids, error)
        elif self.silence.some_answered(queue, case_ids, answers.slow()):
            self.answered(queue)
        else:
            answers.pass_over(rows[0].lane, Unanswered(case_ids, error))

    def answered(self, queue: str) -> None:
        """Somebody was: what was passed over waits in quarantine, and what waits only because the register was away is
        asked about again.
        """
        answers = self.answers.setdefault(queue, Answers())
        waiting, back = answers.came()
        for unanswered in waiting:
            self.silence.part(queue, unanswered, answers.slow())
        if back:
            self.runner.attempts.ask_again_soon(queue, clock.now())

    def nobody_answered(self, queue: str, answers: Answers) -> None:
        """All lanes were looked at.

        Raises Unavailable where some were passed over: for all that is known, the register is away.
        """
        waiting, often = answers.round_over()
        for unanswered in waiting:
            if often and len(unanswered.case_ids) == 1:
                self.bisection.set_waiting(queue, unanswered.case_ids, unanswered.error)
        if waiting:
            raise waiting[0].error


def busy(seconds: float) -> int:
    """How many threads of this process have been at a batch, or at a case by itself, for longer than that."""
    return lasting("batch", seconds) + lasting("a case alone", seconds)
