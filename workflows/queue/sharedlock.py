"""A lock of one worker process: its threads work side by side (shared), or one of them alone (exclusive).

What may kill the process is worked alone, so that a death says which case it was and takes no neighbour with it.
Nobody waits for a thread that hangs: after a while they work beside it, and then a death counts against nobody.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition

PATIENCE = 10.0  # seconds; many times what a batch takes


@dataclass(slots=True)
class SharedExclusiveLock:
    """How many threads work now, and whether one wants or has it for itself."""

    working: int = 0
    reserved: bool = False
    held_up: bool = False  # somebody waited in vain; nobody waits again until what they waited for is over
    changed: Condition = field(default_factory=Condition)

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Enters while nobody wants to be alone."""
        with self.changed:
            self.wait_until(lambda: not self.reserved)
            self.working += 1
        try:
            yield
        finally:
            with self.changed:
                self.working -= 1
                self.held_up = self.held_up and (self.working > 0 or self.reserved)
                self.changed.notify_all()

    @contextmanager
    def exclusive(self, patience: float | None = None) -> Iterator[None]:
        """Lets nobody in any more, and enters when the last one has left; or after so many seconds, in which nobody
        else enters.
        """
        with self.changed:
            self.wait_until(lambda: not self.reserved, patience)
            self.reserved = True
            self.wait_until(lambda: self.working == 0, patience)
        try:
            yield
        finally:
            with self.changed:
                self.reserved = False
                self.held_up = self.held_up and self.working > 0
                self.changed.notify_all()

    def wait_until(self, free: Callable[[], bool], patience: float | None = None) -> None:
        """Waits, but never for long."""
        seconds = PATIENCE if patience is None else patience
        self.held_up = not self.changed.wait_for(free, 0 if self.held_up else seconds) or self.held_up
