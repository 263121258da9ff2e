"""A lock of one worker process: its threads work side by side (shared), or one of them works alone (exclusive).

A case that may kill the process is worked alone, so that a death shows which case it was and harms no other. No thread
waits for ever for one that hangs: after a while it works beside it, and then a death counts against no case.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition

PATIENCE = 10.0  # seconds; many times what a batch takes


@dataclass(slots=True)
class SharedExclusiveLock:
    """Counts the threads that work now, and knows whether one wants the lock, or has it, for itself."""

    working: int = 0
    reserved: bool = False
    held_up: bool = False  # a thread waited in vain: none waits again until the one that held it up has left
    changed: Condition = field(default_factory=Condition)

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Enters once no thread wants to be alone."""
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
        """Lets no other thread in, and enters when the last one has left, or after `patience` seconds all the same."""
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
        """Waits for the condition for `patience` seconds at most; not at all while a thread holds others up."""
        seconds = PATIENCE if patience is None else patience
        self.held_up = not self.changed.wait_for(free, 0 if self.held_up else seconds) or self.held_up
