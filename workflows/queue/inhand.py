"""What the threads of this process have in hand, since when, and for how long they may: what hangs is found by the
watchdog (tasks/watchdog.py).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

# a batch takes less than one; and less than a transaction may last (tasks/worker.py), or the next process would take it
# up first
BATCH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of work that one thread began (by the monotonic clock), and the longest that it can take."""

    name: str
    longest: float
    began: float = field(default_factory=time.monotonic)

    @property
    def overdue(self) -> bool:
        """Whether it hangs, or is held up."""
        return time.monotonic() - self.began > self.longest


units: dict[int, Unit] = {}
numbers = count()


@contextmanager
def in_hand(name: str, longest: float | None = None) -> Iterator[None]:
    """This thread is at it for as long as the block lasts, in seconds `longest` at the most; as long as a batch where
    nothing is said.
    """
    number = next(numbers)
    units[number] = Unit(name, longest or BATCH_SECONDS)
    try:
        yield
    finally:
        del units[number]


def lasting(name: str, seconds: float) -> int:
    """How many units of this name last longer already."""
    return sum(unit.name == name and time.monotonic() - unit.began > seconds for unit in list(units.values()))


def overdue() -> list[Unit]:
    """What takes longer than it can, the oldest first."""
    return sorted((unit for unit in list(units.values()) if unit.overdue), key=lambda unit: unit.began)
