"""What a worker process knows of a register's answers in one queue: is the register away, or silent about some cases?

One case without an answer tells nothing; the answers for other cases tell. So a lane whose cases get no answer is
passed over, and the worker asks for the other lanes. Once any case is answered, the register is not away, and the cases
passed over are quarantined and asked about apart from all others.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from models.errors import Unavailable
from workflows.engine.lanes import ALLOWANCE, INTERACTIVE

# Asking is slow after an unanswered question that took longer: then few threads ask, so that others find a free one.
SLOW_SECONDS = 0.25
SLOW_FOR = 60.0  # seconds since the last such question
# After so many rounds without any answer, a case that is all its lane has is quarantined, and the next one asked about.
ROUNDS = 3


class Unanswered(NamedTuple):
    """Cases about which a question got no answer, and the error."""

    case_ids: Sequence[int]
    error: Unavailable


@dataclass(slots=True)
class RegisterAvailability:
    """Shared by the threads of one process."""

    answered: bool = False  # since the last question without an answer
    answered_at: float = 0.0  # by the monotonic clock
    passed_over: dict[int, Unanswered] = field(default_factory=dict)  # by lane
    rounds: int = 0  # without any answer, since the last answer
    slow_until: float = 0.0
    lock: Lock = field(default_factory=Lock)

    def is_slow(self) -> bool:
        """Whether a question took long lately and got no answer."""
        return time.monotonic() < self.slow_until

    def lane_limits(self, most: int, may_take_long: bool, people_alone: bool = False) -> dict[int, int]:
        """The lanes to look at, each with the most cases of one batch.

        While asking is slow, one thread of the process may wait for the answers of the bulk. The others serve the
        interactive lane, one case at a time: in one batch with a silent case, all would wait.
        """
        limits = dict.fromkeys(ALLOWANCE, most)
        if self.is_slow() or people_alone:
            limits = {**limits, INTERACTIVE: 1} if may_take_long else {INTERACTIVE: 1}
        return {lane: limit for lane, limit in limits.items() if lane not in self.passed_over}

    def note_answer(self) -> tuple[list[Unanswered], bool]:
        """Notes that a case was answered, which shows that the register is not away.

        Returns the cases passed over until now, and whether the register seemed to be away.
        """
        with self.lock:
            seemed_away, self.answered, self.answered_at, self.rounds = self.rounds > 0, True, time.monotonic(), 0
            return self.take_passed_over(), seemed_away

    def note_no_answer(self, seconds: float) -> bool:
        """Notes a question that got no answer in this time.

        Returns whether another one got an answer meanwhile, or since the last that got none.
        """
        now = time.monotonic()
        with self.lock:
            if seconds > SLOW_SECONDS:
                self.slow_until = now + SLOW_FOR
            others, self.answered = self.answered or self.answered_at > now - seconds, False
        return others

    def note_away(self) -> None:
        """Notes that the register is away as a whole: with its first answer, all who wait for it are asked about."""
        with self.lock:
            self.rounds += 1

    def pass_over(self, lane: int, unanswered: Unanswered) -> None:
        """Leaves a lane out until the others have been looked at."""
        with self.lock:
            self.passed_over[lane] = unanswered

    def end_round(self) -> tuple[list[Unanswered], bool]:
        """Ends a round in which all lanes were looked at and no case was answered.

        Returns the cases passed over, and whether there were enough such rounds to go on without the first of them.
        """
        with self.lock:
            waiting = self.take_passed_over()
            self.rounds += 1 if waiting else 0
            return waiting, self.rounds >= ROUNDS

    def take_passed_over(self) -> list[Unanswered]:
        """Empties the list of cases passed over, and returns them; the caller holds the lock."""
        waiting = list(self.passed_over.values())
        self.passed_over.clear()
        return waiting
