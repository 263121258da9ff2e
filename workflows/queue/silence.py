"""Finds the cases about which a register gives no answer while it answers for others, and asks about them again.

Each is quarantined and asked about apart, after growing waits; a question without an answer is never a counted try.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

from models import clock
from models.database import transaction
from models.errors import DatabaseAway, RegisterAway, Unavailable
from workflows.queue.attempts import Attempt, quarantine_unanswered
from workflows.queue.availability import Unanswered
from workflows.queue.bisection import Bisection
from workflows.queue.claim import claim_these


@dataclass(frozen=True, slots=True)
class SilentCases:
    """How a worker finds silent cases in a batch without an answer, and asks about them again."""

    bisection: Bisection

    def probe_batch(self, queue: str, case_ids: Sequence[int], slow: bool) -> bool:
        """Works two cases of an unanswered batch alone; returns whether the register answered for one of them.

        If it did, the silent one waits in quarantine, and the rest of the batch is quarantined in pieces.
        """
        silent: dict[int, Unavailable] = {}
        for case_id in random.sample(case_ids, 2) if len(case_ids) > 1 else ():
            error = self.work_these(queue, [case_id])
            if error is None:
                for silent_id, silent_error in silent.items():
                    self.bisection.set_waiting(queue, [silent_id], silent_error)
                rest = [each for each in case_ids if each != case_id and each not in silent]
                self.quarantine_in_pieces(queue, rest, slow)
                return True
            silent[case_id] = error
        return False

    def quarantine(self, queue: str, unanswered: Unanswered, slow: bool) -> None:
        """Quarantines cases of which at least one got no answer, while the register answered for others."""
        if len(unanswered.case_ids) == 1:
            self.bisection.set_waiting(queue, unanswered.case_ids, unanswered.error)
        else:
            self.quarantine_in_pieces(queue, unanswered.case_ids, slow)

    def quarantine_in_pieces(self, queue: str, case_ids: Sequence[int], slow: bool) -> None:
        """Quarantines those of the cases that did not move on, in pieces of the square root of their number.

        So each silent case costs one question about its piece and one about itself. Where asking is slow, a piece is
        a single case: a question that gets an answer gets it fast.
        """
        with transaction() as connection:
            left = [row.id for row in claim_these(connection, queue, case_ids)]
            size = 1 if slow else max(1, isqrt(len(left)))
            pieces = [left[place : place + size] for place in range(0, len(left), size)]
            quarantine_unanswered(connection, queue, pieces, clock.now())

    def work_these(self, queue: str, case_ids: Sequence[int]) -> Unavailable | None:
        """Works these cases alone; returns the error where a register gave no answer about one of them."""
        try:
            self.bisection.run(queue, lambda connection: claim_these(connection, queue, case_ids))
        except (DatabaseAway, RegisterAway):
            raise
        except Unavailable as error:
            return error
        return None

    def ask_again(self, attempt: Attempt) -> bool:
        """Works a quarantined piece or case; returns whether the register answered.

        If it did not, a piece goes on case by case, and a single case waits longer.
        """
        try:
            self.bisection.rework(attempt)
        except Unavailable as error:
            if len(attempt.case_ids) > 1 and not isinstance(error, DatabaseAway | RegisterAway):
                self.bisection.runner.attempts.split_into_cases(attempt, clock.now())
            else:
                self.bisection.put_off(attempt, error)
            return False
        return True
