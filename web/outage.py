"""Logs an outage of the database once when it begins and once when it ends, however many requests fail meanwhile."""

from threading import Event, Lock, Thread

import structlog

from models.errors import DatabaseAway, Unavailable, describe
from models.migrate import require_migrated

LOOK_SECONDS = 2.0  # between two looks at a database that is away
log = structlog.get_logger()


class Outage:
    """Knows whether the database is away. While it is, one thread watches for its return."""

    def __init__(self) -> None:
        self.lock, self.ending = Lock(), Event()
        self.watcher: Thread | None = None

    def note(self, error: Unavailable) -> None:
        """Logs that the database is away, if it was not before, and starts to watch for its return."""
        if not isinstance(error, DatabaseAway):
            return
        with self.lock:
            if self.watcher is None and not self.ending.is_set():
                log.warning("database away", error=describe(error).error)
                self.watcher = Thread(target=self.watch, name="outage", daemon=True)
                self.watcher.start()

    def watch(self) -> None:
        """Looks until the database is back, or the portal ends."""
        while not self.ending.wait(LOOK_SECONDS):
            try:
                require_migrated()
            except Unavailable:
                continue
            with self.lock:
                log.info("database back")
                self.watcher = None
            return

    def end(self) -> None:
        """Stops watching."""
        self.ending.set()
        if watcher := self.watcher:
            watcher.join(LOOK_SECONDS)
