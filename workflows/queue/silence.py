"""Cases about which a register gives no answer, while it answers for others: each is asked about apart, at growing
distances. Never a try.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

from models import clock
from models.database import transaction
from models.errors import DatabaseAway, Unavailable
from workflows.queue.answers import Unanswered
from workflows.queue.attempts import Attempt, quarantine_unanswered
from workflows.queue.bisection import Bisection
from workflows.queue.claim import claim_these


@dataclass(frozen=True, slots=True)
class Silence:
    """Finds the silent ones, and asks about them again."""

    bisection: Bisection

    def some_answered(self, queue: str, case_ids: Sequence[int], slow: bool) -> bool:
        """A batch got no answer.

        Two of it, alone, tell whether the register gives any; then the others are asked about in pieces.
        """
        asked: dict[int, Unavailable] = {}
        for case_id in random.sample(case_ids, 2) if len(case_ids) > 1 else ():
            error = self.no_answer(queue, [case_id])
            if error is None:
                for silent, why in asked.items():
                    self.bisection.set_waiting(queue, [silent], why)
                self.part_rest(queue, [each for each in case_ids if each != case_id and each not in asked], slow)
                return True
            asked[case_id] = error
        return False

    def part(self, queue: str, found: Unanswered, slow: bool) -> None:
        """Cases of which at least one got no answer, while others got theirs."""
        if len(found.case_ids) == 1:
            self.bisection.set_waiting(queue, found.case_ids, found.error)
        else:
            self.part_rest(queue, found.case_ids, slow)

    def part_rest(self, queue: str, case_ids: Sequence[int], slow: bool) -> None:
        """Sets those of them that did not move on apart, in pieces: each silent case costs a question of a piece, and
        one of its own.

        Where such a question takes long, the pieces are single cases: what is answered is answered fast.

        """
        with transaction() as connection:
            left = [row.id for row in claim_these(connection, queue, case_ids)]
            size = 1 if slow else max(1, isqrt(len(left)))
            pieces = [left[place : place + size] for place in range(0, len(left), size)]
            quarantine_unanswered(connection, queue, pieces, clock.now())

    def no_answer(self, queue: str, case_ids: Sequence[int]) -> Unavailable | None:
        """Works these alone; what was away, if there was no answer for one of them."""
        try:
            self.bisection.run(queue, lambda connection: claim_these(connection, queue, case_ids))
        except DatabaseAway:
            raise
        except Unavailable as error:
            return error
        return None

    def ask_again(self, attempt: Attempt) -> bool:
        """Works a piece or a case that was quarantined; whether it was answered.

        If not, the piece goes on case by case, the case waits.
        """
        try:
            self.bisection.rework(attempt)
        except Unavailable as error:
            if len(attempt.case_ids) > 1 and not isinstance(error, DatabaseAway):
                self.bisection.runner.attempts.split(attempt, clock.now())
            else:
                self.bisection.put_off(attempt, error)
            return False
        return True
