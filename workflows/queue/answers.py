"""Who gets answers in one queue, as far as this worker process knows: is a register away, or silent about somebody?

One case without an answer tells nothing; others do. So a lane whose cases get none is passed over, and the other lanes
are looked at. As soon as anybody is answered, what got no answer is asked about apart from all others.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from models.errors import Unavailable
from workflows.engine.lanes import ALLOWANCE, INTERACTIVE

# a question that took longer and got no answer: while asking is slow, few ask, so that others find a free thread
SLOW_SECONDS = 0.25
SLOW_FOR = 60.0  # seconds since the last such question
# in which nobody at all got an answer; then a case that is all its lane has waits in quarantine, so that the next one
# is asked about
ROUNDS = 3


class Unanswered(NamedTuple):
    """Cases that were asked about in vain, and what was said."""

    case_ids: Sequence[int]
    error: Unavailable


@dataclass(slots=True)
class Answers:
    """The threads of a process share it."""

    answered: bool = False  # somebody was, since the last case that was not
    answered_at: float = 0.0  # when somebody last was
    passed_over: dict[int, Unanswered] = field(default_factory=dict)  # by lane
    rounds: int = 0  # in which nobody was answered, since somebody last was
    slow_until: float = 0.0
    lock: Lock = field(default_factory=Lock)

    def slow(self) -> bool:
        """Whether asking took long of late, to no avail."""
        return time.monotonic() < self.slow_until

    def limits(self, most: int, may_take_long: bool, people_alone: bool = False) -> dict[int, int]:
        """The lanes to look at, and how many cases of each at once.

        While asking is slow, one thread of the process may wait for the answers of the bulk, and the others serve who
        waits in person, one by one: beside a silent neighbour all would wait.
        """
        limits = dict.fromkeys(ALLOWANCE, most)
        if self.slow() or people_alone:
            limits = {**limits, INTERACTIVE: 1} if may_take_long else {INTERACTIVE: 1}
        return {lane: limit for lane, limit in limits.items() if lane not in self.passed_over}

    def came(self) -> tuple[list[Unanswered], bool]:
        """Somebody was answered: what was passed over, which is no sign of a register that is away; and whether it
        seemed to be away until now.
        """
        with self.lock:
            back, self.answered, self.answered_at, self.rounds = self.rounds > 0, True, time.monotonic(), 0
            waiting = list(self.passed_over.values())
            self.passed_over.clear()
        return waiting, back

    def missed(self, seconds: float) -> bool:
        """A question got no answer after so long; whether anybody got one meanwhile, or since the last that did not."""
        now = time.monotonic()
        with self.lock:
            if seconds > SLOW_SECONDS:
                self.slow_until = now + SLOW_FOR
            others, self.answered = self.answered or self.answered_at > now - seconds, False
        return others

    def pass_over(self, lane: int, unanswered: Unanswered) -> None:
        """Nobody of this lane got an answer: the others are looked at first."""
        with self.lock:
            self.passed_over[lane] = unanswered

    def round_over(self) -> tuple[list[Unanswered], bool]:
        """All lanes were looked at, and nobody got an answer: what was passed over; and whether that was so often
        enough to go on without the first ones.
        """
        with self.lock:
            waiting = list(self.passed_over.values())
            self.passed_over.clear()
            self.rounds += 1 if waiting else 0
            return waiting, self.rounds >= ROUNDS
