"""What fails is gone over again in halves until it fails alone, then stage by stage, so that what it got done stays
done.

Whatever happens, each case stands in the queue or in an attempt afterwards.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from models import clock
from models.database import RETRYABLE, TIMES, back_off, transaction, unavailable
from models.errors import DatabaseAway, Failure, Unavailable, describe
from workflows.queue.attempts import END, Attempt, halves
from workflows.queue.batch import BatchFailed, BatchRunner, Find
from workflows.queue.claim import claim_these, open_places
from workflows.queue.failures import UNANSWERED, failed_alone, unanswered
from workflows.queue.inhand import in_hand

HELD_UP = timedelta(seconds=5)  # until what was quarantined is tried again where it was the database that held it up
LEFT_ALONE = timedelta(minutes=1)  # until what failed, without any possibility to note that, is tried again
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bisection:
    """Runs batches, and goes on with what failed."""

    runner: BatchRunner

    def run(self, queue: str, find: Find, attempt: Attempt | None = None, turn: int = 0) -> None:
        """A batch; where it fails, its halves. Raises Unavailable where something is away."""
        try:
            self.runner.run(queue, find, attempt)
        except BatchFailed as failed:
            self.split(failed.attempt, failed.why, turn)

    def split(self, attempt: Attempt, error: BaseException, turn: int = 0) -> None:
        """The same again where the database asks for it, a few times; else halves, down to one."""
        self.runner.counters["failures"] += 1
        log.info("batch failed", cases=len(attempt.case_ids), error=describe(error).error)
        attempts = self.runner.attempts
        if isinstance(error, RETRYABLE) or len(attempt.case_ids) == 1:
            self.retry(attempt, turn + 1 if isinstance(error, RETRYABLE) else 0)
            return
        if attempt.quarantined:
            attempts.halve(attempt)
            return
        attempts.give_back(attempt)
        for half in halves(attempt.case_ids):
            self.retry(attempts.begin(attempt.queue, half, clock.now()))

    def retry(self, attempt: Attempt, turn: int = 0) -> None:
        """These cases, and no others. What was quarantined and gets no answer is put off, and holds up nobody."""
        try:
            self.rework(attempt, turn)
        except Unavailable as error:
            if not attempt.quarantined:
                self.runner.attempts.give_back(attempt)
                raise
            self.put_off(attempt, error)

    def rework(self, attempt: Attempt, turn: int = 0) -> None:
        """These cases; one alone goes stage by stage.

        Raises Unavailable where something is away, with the attempt still open, and nothing else.
        """
        try:
            once_more(turn)
            if len(attempt.case_ids) == 1:
                self.run_alone(attempt)
            else:
                self.run(
                    attempt.queue,
                    lambda connection: claim_these(connection, attempt.queue, attempt.case_ids, attempt.quarantined),
                    attempt,
                    turn,
                )
        except Unavailable:
            raise
        except KeyboardInterrupt:
            self.runner.attempts.give_back(attempt)
            raise
        except BaseException as error:  # noqa: BLE001 - a worker's edge: what cannot even be counted as a failure holds up nobody else
            self.leave_alone(attempt, describe(error))

    def leave_alone(self, attempt: Attempt, failure: Failure) -> None:
        """Nothing could be written down of what failed.

        What was quarantined waits; what still stands in its queue, this process passes over for a while.
        """
        log.error("a failure could not be counted", case_ids=attempt.case_ids[:10], error=failure.error)
        if attempt.quarantined:
            self.runner.attempts.put_off(attempt, clock.now() + LEFT_ALONE)
        else:
            self.runner.attempts.give_back(attempt)
            self.runner.left_alone |= dict.fromkeys(attempt.case_ids, time.monotonic() + LEFT_ALONE.total_seconds())

    def put_off(self, attempt: Attempt, error: Unavailable) -> None:
        """It waits for another while: several in halves, so that those who can go on do.

        As it is where it was the database that held it up.
        """
        if isinstance(error, DatabaseAway):
            self.runner.attempts.put_off(attempt, clock.now() + HELD_UP)
            return
        if len(attempt.case_ids) > 1:
            self.runner.attempts.halve(attempt, clock.now() + UNANSWERED)
            return
        try:
            self.set_waiting(attempt.queue, attempt.case_ids, error, attempt)
        except BaseException:
            self.runner.attempts.put_off(attempt, clock.now() + UNANSWERED)
            raise

    # One case ---------------------------------------------------------------------------------------

    def run_alone(self, attempt: Attempt) -> None:
        """One case, a transaction a stage. Where something fails now, it is this case that fails."""
        queue: str | None = attempt.queue
        turn = 0
        while queue in self.runner.serves:
            try:
                queue = self.run_stage(attempt, queue)
            except RETRYABLE:
                turn += 1
                once_more(turn)
        self.runner.attempts.end(attempt)

    def run_stage(self, attempt: Attempt, queue: str) -> str | None:
        """One stage of one case; the queue of the next stage.

        None where none goes on: it failed, ended, or that is paused or held.
        """
        with in_hand("a case alone"), transaction() as connection:
            rows = claim_these(connection, queue, attempt.case_ids, attempt.quarantined and queue == attempt.queue)
            if not rows or (
                queue != attempt.queue
                and (rows[0].kind, rows[0].stage) not in open_places(connection, self.runner.serves)
            ):
                return None
            try:
                with connection.transaction():
                    progress = self.runner.work(connection, rows, ())
            except (Unavailable, KeyboardInterrupt, *RETRYABLE):
                raise
            except (
                BaseException
            ) as error:  # a worker's edge: whatever it is, a library's panic too, it is counted against this case
                if unavailable(error):
                    raise
                failure = describe(error)
                log.warning("case failed alone", case_id=rows[0].id, error=failure.error)
                connection.execute(END, [attempt.id])
                failed_alone(connection, rows[0].id, failure, clock.now())
                return None
        self.runner.wake_next(progress)
        return next(iter(progress.next_queues), None)

    def set_waiting(
        self, queue: str, case_ids: Sequence[int], error: Unavailable, attempt: Attempt | None = None
    ) -> None:
        """No answer about these: they wait in quarantine, with their failures noted; unless they moved on, or another
        thread set them apart.
        """
        with in_hand("a case quarantined"), transaction() as connection:
            for row in claim_these(connection, queue, case_ids, quarantined=attempt is not None):
                unanswered(connection, row, describe(error), clock.now())
            if attempt:
                connection.execute(END, [attempt.id])


def once_more(turn: int) -> None:
    """Waits before the same goes again. Raises Unavailable after a few turns: nobody is kept in here."""
    if turn > TIMES:
        raise Unavailable("Others change the same cases at this moment; they are tried again shortly.")
    if turn:
        back_off(turn)
