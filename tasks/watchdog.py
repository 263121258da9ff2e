"""The watchdog ends a process that lives and does nothing.

Such a process keeps its locks, and so looks alive; once it has ended, the sweep gives back what it held.

- A library keeps all threads from running: an alarm of the process itself ends it.
- Somebody stopped the process (SIGSTOP): its supervisor misses its heartbeat and kills it (tasks/supervisor.py).
- One thread hangs: the process ends itself, unless it is the database that holds the thread up.
"""

import faulthandler
import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event

import psycopg
import structlog

from models.connection import APPLICATION, PROCESS, autocommit_connection
from models.database import Connection
from models.errors import Unavailable
from workflows.queue.inhand import Unit, overdue

REARM_SECONDS = 2.0
NO_TURN_SECONDS = 20.0  # long enough for a machine at its limit to give every thread a turn
TELL_SECONDS = 2.0
LOOK_SECONDS = 2.0
LOOKS = 5  # in a row that find the thread hanging and no statement blocked; a slow disk shows in one of them
BLOCKED_SECONDS = 10.0  # a statement that has run for longer may be blocked
# Cancels this process's statements that wait for another session's lock or for the disk. If the server does not track
# activities, it cancels every statement that waits now. It leaves a commit that waits for a standby: the cancelled
# commit would not wait for the standby.
CANCEL_BLOCKED = """
    select coalesce(wait_event_type || ' ' || wait_event, ''), case when wait_event <> 'SyncRep'
        then pg_cancel_backend(pid) end
    from pg_stat_activity
    where application_name = %s and pid <> pg_backend_pid()
    and (state = 'disabled' or state = 'active' and clock_timestamp() - query_start > make_interval(secs => %s))
    and (wait_event_type in ('Lock', 'LWLock', 'IO', 'BufferPin') or wait_event = 'SyncRep')
"""
log = structlog.get_logger()


def run_watchdog(stop: Event) -> None:
    """Sets an alarm again and again, which runs outside the interpreter.

    If no thread of the interpreter runs for `NO_TURN_SECONDS`, the alarm dumps the tracebacks and ends the process.
    """
    while not stop.wait(REARM_SECONDS):
        faulthandler.dump_traceback_later(NO_TURN_SECONDS, exit=True)
    faulthandler.cancel_dump_traceback_later()


def tell_supervisor() -> None:
    """Writes the process's name to its standard output: a heartbeat for its supervisor that needs no database."""
    with suppress(OSError):  # the supervisor is gone, and the worker will notice
        os.write(1, f"{PROCESS}\n".encode())


def keep_telling_supervisor() -> None:
    """Sends the heartbeat every two seconds, for as long as the threads of this process run."""
    while True:
        time.sleep(TELL_SECONDS)
        tell_supervisor()


@dataclass(slots=True)
class HangDetector:
    """Finds a unit of work that hangs: it is overdue, and for `LOOKS` looks the database blocked no statement."""

    looks: dict[Unit, int] = field(default_factory=dict)

    def find(self, units: Collection[Unit]) -> Unit | None:
        """The first of these overdue units that hangs, or None.

        It cancels statements that the database blocks: the thread then gives back its cases, and no try counts.
        """
        if not units:
            self.looks = {}
            return None
        waits = cancel_blocked_statements()
        self.looks = {} if waits is None or waits else {unit: self.looks.get(unit, 0) + 1 for unit in units}
        if waits:
            text = "the database blocks statements of this process; they are cancelled, and their cases given back"
            log.warning(text, unit=next(iter(units)).name, waits=waits)
        return next((unit for unit, looks in self.looks.items() if looks >= LOOKS), None)


def watch_for_hangs(stop: Event, end: Callable[[Unit], None]) -> None:
    """Looks for a unit that hangs every two seconds, and calls `end` with it."""
    detector = HangDetector()
    while not stop.wait(LOOK_SECONDS):
        if unit := detector.find(overdue()):
            end(unit)


def cancel_blocked_statements() -> list[str] | None:
    """Cancels this process's blocked statements. Returns what they waited for; None if the database does not answer."""
    try:
        with autocommit_connection() as connection:
            return cancel_now(connection)
    except (psycopg.Error, Unavailable):
        return None


def cancel_now(connection: Connection) -> list[str]:
    """Cancels the blocked statements that it sees in one of five moments: a slow disk blocks in some of them only."""
    for _ in range(5):
        if found := connection.execute(CANCEL_BLOCKED, [APPLICATION, BLOCKED_SECONDS]).fetchall():
            return sorted({wait for wait, _ in found})
        time.sleep(0.1)
    return []
