"""What fails is gone over again in halves until it fails alone, then stage by stage, so that what it got done stays done.

The same finds the one case about which a register gives no answer. Whatever happens, each case stands in the queue or in an attempt afterwards.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from models import clock
from models.database import AGAIN, TIMES, back_off, raw, transaction, unavailable
from models.errors import DatabaseAway, Unavailable, describe
from workflows.queue.attempts import END, Attempt, halves
from workflows.queue.batch import Batches, BatchFailed, Find
from workflows.queue.claim import claim_these, paused
from workflows.queue.trouble import UNANSWERED, failed_alone, unanswered

HELD_UP = timedelta(seconds=5)  # until what was set apart is tried again where it was the database that held it up
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bisection:
    """Runs batches, and goes on with what failed."""

    batches: Batches

    def run(self, queue: str, find: Find, attempt: Attempt | None = None, turn: int = 0) -> None:
        """A batch; where it fails, its halves. Raises Unavailable where something is away."""
        try:
            self.batches.run(queue, find, attempt)
        except BatchFailed as failed:
            self.split(failed.attempt, failed.why, turn)

    def split(self, attempt: Attempt, error: BaseException, turn: int = 0) -> None:
        """The same again where the database asks for it, a few times; else halves, down to one."""
        self.batches.counters["failures"] += 1
        log.info("batch failed", cases=len(attempt.case_ids), error=describe(error).error)
        attempts = self.batches.attempts
        if isinstance(error, AGAIN) or len(attempt.case_ids) == 1:
            self.retry(attempt, turn + 1 if isinstance(error, AGAIN) else 0)
            return
        if attempt.apart:
            attempts.halve(attempt)
            return
        attempts.give_back(attempt)
        for half in halves(attempt.case_ids):
            self.retry(attempts.begin(attempt.queue, half, clock.now()))

    def retry(self, attempt: Attempt, turn: int = 0) -> None:
        """These cases, and no others; one alone goes stage by stage. What was set apart and gets no answer is put off, and holds up nobody."""
        try:
            once_more(turn)
            if len(attempt.case_ids) == 1:
                self.run_alone(attempt)
            else:
                self.run(attempt.queue, lambda connection: claim_these(connection, attempt.case_ids, attempt.apart), attempt, turn)
        except BaseException as error:
            if not (attempt.apart and isinstance(error, Unavailable)):
                self.batches.attempts.give_back(attempt)
                raise
            self.put_off(attempt, error)

    def put_off(self, attempt: Attempt, error: Unavailable) -> None:
        """It waits for another while: several in halves, so that those who can go on do. As it is where it was the database that held it up."""
        if isinstance(error, DatabaseAway):
            self.batches.attempts.put_off(attempt, clock.now() + HELD_UP)
            return
        if len(attempt.case_ids) > 1:
            self.batches.attempts.halve(attempt, clock.now() + UNANSWERED)
            return
        try:
            self.set_waiting(attempt.case_ids, error, attempt)
        except BaseException:
            self.batches.attempts.give_back(attempt)
            raise

    # One case ---------------------------------------------------------------------------------------

    def run_alone(self, attempt: Attempt) -> None:
        """One case, a transaction a stage. Where something fails now, it is this case that fails."""
        queue: str | None = attempt.queue
        turn = 0
        while queue in self.batches.serves:
            try:
                queue = self.run_stage(attempt, queue)
            except AGAIN:
                turn += 1
                once_more(turn)
        self.batches.attempts.end(attempt)

    def run_stage(self, attempt: Attempt, queue: str) -> str | None:
        """One stage of one case; the queue of the next stage. None where there is none to go on with: it failed, ended, or its queue is paused."""
        with transaction() as session:
            connection = raw(session)
            rows = claim_these(connection, attempt.case_ids, attempt.apart)
            if not rows or (queue != attempt.queue and queue in paused(connection)):
                return None
            try:
                with connection.transaction():
                    progress = self.batches.work(connection, rows, ())
            except (Unavailable, KeyboardInterrupt, *AGAIN):
                raise
            except BaseException as error:  # a worker's edge: whatever it is, a library's panic too, it is counted against this case
                if unavailable(error):
                    raise
                failure = describe(error)
                log.warning("case failed alone", case_id=rows[0].id, error=failure.error)
                connection.execute(END, [attempt.id])
                failed_alone(connection, rows[0].id, failure, clock.now())
                return None
        self.batches.wake_next(progress)
        return next(iter(progress.next_queues), None)

    # No answer --------------------------------------------------------------------------------------

    def some_answered(self, queue: str, case_ids: Sequence[int]) -> bool:
        """A register gave no answer for these. Two of them, alone, tell whether it gives any; then all go on for whom it does, and the others wait."""
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
                self.set_waiting(half, error)

    def no_answer(self, queue: str, case_ids: Sequence[int]) -> Unavailable | None:
        """Works these alone; what was away, if there was no answer for one of them."""
        try:
            self.run(queue, lambda connection: claim_these(connection, case_ids))
        except DatabaseAway:
            raise
        except Unavailable as error:
            return error
        return None

    def set_waiting(self, case_ids: Sequence[int], error: Unavailable, attempt: Attempt | None = None) -> None:
        """These wait apart, with their troubles noted; unless they moved on, or another thread set them apart."""
        with transaction() as session:
            for row in claim_these(raw(session), case_ids, apart=attempt is not None):
                unanswered(raw(session), row, describe(error), clock.now())
            if attempt:
                raw(session).execute(END, [attempt.id])


def once_more(turn: int) -> None:
    """Waits before the same goes again. Raises Unavailable after a few turns: nobody is kept in here."""
    if turn > TIMES:
        raise Unavailable("Others change the same cases at this moment; they are tried again shortly.")
    if turn:
        back_off(turn)
