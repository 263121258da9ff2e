"""Halves a failed batch until one case fails alone, and works that case stage by stage, so that it keeps its progress.

Afterwards each case stands either in its queue or in an attempt, however the work ended.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from models import clock
from models.database import RETRYABLE, TIMES, Connection, back_off, transaction, unavailable
from models.errors import DatabaseAway, Failure, RegisterAway, Unavailable, describe
from workflows.engine.load import CaseRow
from workflows.engine.work import BatchOutcome
from workflows.queue.attempts import DELETE_ATTEMPT, Attempt, halves
from workflows.queue.batch import BatchFailed, BatchRunner, Claim
from workflows.queue.claim import claim_these, open_places
from workflows.queue.failures import UNANSWERED, UNANSWERED_LONGEST, record_failure, record_unanswered
from workflows.queue.inhand import in_hand
from workflows.queue.leases import Lease, holds

HELD_UP = timedelta(seconds=5)  # the wait of quarantined cases that the database held up
LEFT_ALONE = timedelta(minutes=1)  # the wait of cases whose failure could not be written down
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bisection:
    """Runs batches, and halves those that fail."""

    runner: BatchRunner

    def run(self, queue: str, claim: Claim, attempt: Attempt | None = None, retries: int = 0) -> None:
        """Runs a batch and, where it fails, its halves. Raises Unavailable where a register or the database is away."""
        try:
            self.runner.run(queue, claim, attempt)
        except BatchFailed as failed:
            self.split(failed.attempt, failed.cause, retries)

    def split(self, attempt: Attempt, error: BaseException, retries: int = 0) -> None:
        """Retries a failed batch where the database asks for it; else works its halves, or its one case alone."""
        self.runner.counters["failures"] += 1
        log.info("batch failed", cases=len(attempt.case_ids), error=describe(error).error)
        attempts = self.runner.attempts
        if isinstance(error, RETRYABLE) or len(attempt.case_ids) == 1:
            self.retry(attempt, retries + 1 if isinstance(error, RETRYABLE) else 0)
            return
        if attempt.quarantined:
            attempts.halve(attempt)
            return
        attempts.give_back(attempt)
        for half in halves(attempt.case_ids):
            self.retry(attempts.begin(attempt.queue, half, clock.now()))

    def retry(self, attempt: Attempt, retries: int = 0) -> None:
        """Works the attempt's cases again. Where a register is away, quarantined ones are put off and hold up no other.

        Raises Unavailable where cases that stand in their queue get no answer.
        """
        try:
            self.rework(attempt, retries)
        except Unavailable as error:
            if not attempt.quarantined:
                self.runner.attempts.give_back(attempt)
                raise
            self.put_off(attempt, error)

    def rework(self, attempt: Attempt, retries: int = 0) -> None:
        """Works the attempt's cases in one batch, or its one case stage by stage.

        Raises Unavailable, with the attempt still open, where a register or the database is away; and nothing else.
        """

        def claim(connection: Connection) -> list[CaseRow]:
            return claim_these(connection, attempt.queue, attempt.case_ids, attempt.quarantined)

        try:
            wait_before(retries)
            if len(attempt.case_ids) == 1:
                self.run_alone(attempt)
            else:
                self.run(attempt.queue, claim, attempt, retries)
        except Unavailable:
            raise
        except KeyboardInterrupt:
            self.runner.attempts.give_back(attempt)
            raise
        except BaseException as error:  # noqa: BLE001 - a worker's edge: a failure that cannot even be counted holds up no other case
            self.leave_alone(attempt, describe(error))

    def leave_alone(self, attempt: Attempt, failure: Failure) -> None:
        """Leaves cases alone for a minute, because their failure could not be written down.

        Quarantined cases wait there; those that still stand in their queue, this process passes over.
        """
        log.error("a failure could not be counted", case_ids=attempt.case_ids[:10], error=failure.error)
        if attempt.quarantined:
            self.runner.attempts.put_off(attempt, clock.now() + LEFT_ALONE)
        else:
            self.runner.attempts.give_back(attempt)
            self.runner.left_alone |= dict.fromkeys(attempt.case_ids, time.monotonic() + LEFT_ALONE.total_seconds())

    def put_off(self, attempt: Attempt, error: Unavailable) -> None:
        """Lets quarantined cases wait longer: several in halves, so that those with an answer can go on.

        Where the database held them up, or their register is left alone, they wait together.
        """
        together = isinstance(error, RegisterAway) and (len(attempt.case_ids) > 1 or not error.asked)
        if isinstance(error, DatabaseAway) or together:
            wait = error.wait if isinstance(error, RegisterAway) else HELD_UP
            self.runner.attempts.put_off(attempt, clock.now() + min(max(wait, HELD_UP), UNANSWERED_LONGEST))
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
        """Works one case, each stage in a transaction of its own: a failure is this case's own."""
        queue: str | None = attempt.queue
        retries = 0
        while queue in self.runner.serves:
            try:
                queue = self.run_stage(attempt, queue)
            except RETRYABLE:
                retries += 1
                wait_before(retries)
        self.runner.attempts.end(attempt)

    def run_stage(self, attempt: Attempt, queue: str) -> str | None:
        """Works one stage of one case, and returns the queue of the next stage.

        Returns None where the case goes no further: it failed or ended, or the next stage is paused or held.
        """
        with in_hand("a case alone"), transaction() as connection:
            rows = claim_these(connection, queue, attempt.case_ids, attempt.quarantined and queue == attempt.queue)
            if not rows:
                return None
            place = rows[0].kind, rows[0].stage
            if queue != attempt.queue and place not in open_places(connection, self.runner.serves):
                return None
            here, there = self.runner.by_register(rows)
            try:
                with connection.transaction():
                    progress = self.runner.work(connection, here, ()) if here else BatchOutcome()
                    lease = self.runner.lease(connection, standing_in(attempt, queue), there) if there else None
            except (Unavailable, KeyboardInterrupt, *RETRYABLE):
                raise
            # A worker's edge: any other error, even a library's panic, is counted against this case.
            except BaseException as error:
                if unavailable(error):
                    raise
                self.count_failure(connection, attempt, rows[0].id, error)
                return None
        if lease:
            progress = self.decide_alone(lease)
        self.runner.wake_next(progress)
        return next(iter(progress.next_queues), None)

    def decide_alone(self, lease: Lease) -> BatchOutcome:
        """Asks elsewhere about a case alone, and decides it; a failure is its own. Raises as `run_stage` does."""
        try:
            return self.runner.decide(lease, self.runner.ask(lease), alone=True)
        except (Unavailable, KeyboardInterrupt, *RETRYABLE):
            self.runner.attempts.end_lease(lease.attempt)
            raise
        except BaseException as error:
            if unavailable(error):
                self.runner.attempts.end_lease(lease.attempt)
                raise
            with in_hand("a case alone"), transaction() as connection:
                if holds(connection, lease.attempt):
                    self.count_failure(connection, lease.attempt, lease.rows[0].id, error)
            return BatchOutcome()

    def count_failure(self, connection: Connection, attempt: Attempt, case_id: int, error: BaseException) -> None:
        """Counts a failure against a case that failed alone, and ends its attempt."""
        failure = describe(error)
        log.warning("case failed alone", case_id=case_id, error=failure.error)
        connection.execute(DELETE_ATTEMPT, [attempt.id])
        record_failure(connection, case_id, failure, clock.now())

    def set_waiting(
        self, queue: str, case_ids: Sequence[int], error: Unavailable, attempt: Attempt | None = None
    ) -> None:
        """Lets cases without an answer wait in quarantine, and notes why.

        It leaves out cases that moved on, and those that another thread quarantined.
        """
        with in_hand("a case quarantined"), transaction() as connection:
            for row in claim_these(connection, queue, case_ids, quarantined=attempt is not None):
                record_unanswered(connection, row, describe(error), clock.now())
            if attempt:
                connection.execute(DELETE_ATTEMPT, [attempt.id])


def standing_in(attempt: Attempt, queue: str) -> Attempt:
    """The attempt of a case that stands in this queue now: once it moved on to another, it is quarantined no more."""
    return attempt if queue == attempt.queue else replace(attempt, queue=queue, quarantined=False)


def wait_before(retry: int) -> None:
    """Waits before the retry of this number; does not wait for 0. Raises Unavailable after a few retries."""
    if retry > TIMES:
        raise Unavailable("Others change the same cases at this moment; they are tried again shortly.")
    if retry:
        back_off(retry)
