"""The database as this portal sees it: a line of log when it goes away, one when it is back, however many requests meet
it meanwhile.
"""

from threading import Event, Lock, Thread

import structlog

from models.errors import DatabaseAway, Unavailable, describe
from models.migrate import require_migrated

LOOK_SECONDS = 2.0  # between two looks whether it is back
log = structlog.get_logger()


class Outage:
    """Whether the database is away. While it is, one thread looks for its return."""

    def __init__(self) -> None:
        self.lock, self.ending = Lock(), Event()
        self.looking: Thread | None = None

    def note(self, error: Unavailable) -> None:
        """A request met this."""
        if not isinstance(error, DatabaseAway):
            return
        with self.lock:
            if self.looking is None and not self.ending.is_set():
                log.warning("database away", error=describe(error).error)
                self.looking = Thread(target=self.look, name="outage", daemon=True)
                self.looking.start()

    def look(self) -> None:
        """Looks until it is back, or the portal ends."""
        while not self.ending.wait(LOOK_SECONDS):
            try:
                require_migrated()
            except Unavailable:
                continue
            with self.lock:
                log.info("database back")
                self.looking = None
            return

    def end(self) -> None:
        """Looks no more."""
        self.ending.set()
        if looking := self.looking:
            looking.join(LOOK_SECONDS)
