"""The work that each thread of this process has in hand, since when, and for how long it may last.

The watchdog (tasks/watchdog.py) reads it to find a thread that hangs.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

# Far more than a batch takes, and less than a transaction may last (tasks/worker.py): else PostgreSQL would end the
# transaction first, and the next process would take the same batch up.
BATCH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of work that one thread began (by the monotonic clock), and the seconds that it can take at most."""

    name: str
    longest: float
    began: float = field(default_factory=time.monotonic)

    @property
    def overdue(self) -> bool:
        """Whether it takes longer than it can: it hangs, or somebody holds it up."""
        return time.monotonic() - self.began > self.longest


units: dict[int, Unit] = {}
numbers = count()


@contextmanager
def in_hand(name: str, longest: float | None = None) -> Iterator[None]:
    """Registers the block as a unit of this thread's work, of at most `longest` seconds (else as many as a batch)."""
    number = next(numbers)
    units[number] = Unit(name, longest or BATCH_SECONDS)
    try:
        yield
    finally:
        del units[number]


def count_longer_than(seconds: float, name: str) -> int:
    """How many units of this name have lasted longer than this already."""
    return sum(unit.name == name and time.monotonic() - unit.began > seconds for unit in list(units.values()))


def overdue() -> list[Unit]:
    """The units that take longer than they can, the oldest first."""
    return sorted((unit for unit in list(units.values()) if unit.overdue), key=lambda unit: unit.began)
