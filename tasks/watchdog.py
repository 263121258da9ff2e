"""Worker processes that live and do nothing: such a process keeps its locks, and so looks alive. Once it is ended, the sweep gives back what it held.

One in which a library keeps all threads from running is ended by an alarm of its own; one that is stopped as a whole, by its supervisor.
"""

import faulthandler
import os
import signal
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

import structlog

from models.database import Connection

REARM_SECONDS = 2.0
NO_TURN_SECONDS = 20.0  # long enough for a machine at its limit to give every thread a turn
FROZEN_SECONDS = 60.0  # thirty heartbeats
SEEN = "select distinct on (pid) pid, seen_at from worker where host = %s and pid = any(%s) order by pid, id desc"
log = structlog.get_logger()


def run_watchdog(stop: Event) -> None:
    """Winds an alarm, again and again, that needs no turn of the interpreter itself: where no thread gets one, it writes down where each stands
    and ends the process."""
    while not stop.wait(REARM_SECONDS):
        faulthandler.dump_traceback_later(NO_TURN_SECONDS, exit=True)
    faulthandler.cancel_dump_traceback_later()


@dataclass(slots=True)
class Watch:
    """Since when each process of ours shows the same heartbeat, by our own clock: a database that was away makes nobody look frozen."""

    host: str = field(default_factory=socket.gethostname)
    beats: dict[int, tuple[datetime, float]] = field(default_factory=dict)

    def look(self, connection: Connection, pids: Collection[int]) -> list[int]:
        """Which of these show no new heartbeat for too long."""
        now = time.monotonic()
        seen = connection.execute(SEEN, [self.host, list(pids)]).fetchall()
        self.beats = {pid: (seen_at, self.since(pid, seen_at, now)) for pid, seen_at in seen}
        return [pid for pid, (_, since) in self.beats.items() if now - since > FROZEN_SECONDS]

    def since(self, pid: int, seen_at: datetime, now: float) -> float:
        """When this heartbeat was first seen."""
        known = self.beats.get(pid)
        return known[1] if known and known[0] == seen_at else now

    def forget(self) -> None:
        """Nobody could beat."""
        self.beats = {}


def end_frozen(pids: Collection[int]) -> None:
    """Ends these, which nothing milder reaches."""
    for pid in pids:
        log.error("worker frozen", pid=pid, silent_seconds=FROZEN_SECONDS)
        os.kill(pid, signal.SIGKILL)
