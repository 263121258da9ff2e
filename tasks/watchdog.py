"""What lives and does nothing.

A process keeps its locks, and so looks alive; once it is ended, the sweep gives back what it held.

A process in which a library keeps all threads from running is ended by an alarm of its own; one that is stopped as a
whole, by its supervisor, which hears nothing from it any more (tasks/supervisor.py); one in which a thread hangs, by
itself: unless it is the database that holds the thread up.
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
# one after the other, in which nobody but the thread itself holds it up: a disk that is slow shows in some of them
LOOKS = 5
HELD_SECONDS = 10.0  # that a statement takes already
# Statements of this process that wait for what others hold, or for the disk; where the server does not track what
# sessions do, whoever waits now.
# A commit that waits for a standby is not cancelled: it would go without.
HELD = """
    select coalesce(wait_event_type || ' ' || wait_event, ''), case when wait_event <> 'SyncRep'
        then pg_cancel_backend(pid) end
    from pg_stat_activity
    where application_name = %s and pid <> pg_backend_pid()
    and (state = 'disabled' or state = 'active' and clock_timestamp() - query_start > make_interval(secs => %s))
    and (wait_event_type in ('Lock', 'LWLock', 'IO', 'BufferPin') or wait_event = 'SyncRep')
"""
log = structlog.get_logger()


def run_watchdog(stop: Event) -> None:
    """Winds an alarm, again and again, that needs no turn of the interpreter itself: where no thread gets one, it
    writes down where each stands and ends the process.
    """
    while not stop.wait(REARM_SECONDS):
        faulthandler.dump_traceback_later(NO_TURN_SECONDS, exit=True)
    faulthandler.cancel_dump_traceback_later()


def tell_supervisor() -> None:
    """The process lives, and calls itself so.

    On its standard output, which its supervisor reads: whatever the database does.
    """
    with suppress(OSError):  # the supervisor is gone: the worker ends by itself
        os.write(1, f"{PROCESS}\n".encode())


def keep_telling_supervisor() -> None:
    """For as long as threads of this process get a turn."""
    while True:
        time.sleep(TELL_SECONDS)
        tell_supervisor()


@dataclass(slots=True)
class Hangs:
    """Which unit of work hangs: it takes longer than it can, and in several looks, one after the other, the database
    held nobody of us up.
    """

    looks: dict[Unit, int] = field(default_factory=dict)

    def look(self, units: Collection[Unit]) -> Unit | None:
        """The first that hangs.

        What the database holds up is cancelled: the thread then gives back what it had in hand, and nothing counts.
        """
        if not units:
            self.looks = {}
            return None
        waits = held_up()
        self.looks = {} if waits is None or waits else {unit: self.looks.get(unit, 0) + 1 for unit in units}
        if waits:
            log.warning(
                "the database holds up what is in hand; it is given back", unit=next(iter(units)).name, waits=waits
            )
        return next((unit for unit, looks in self.looks.items() if looks >= LOOKS), None)


def look_for_hangs(stop: Event, end: Callable[[Unit], None]) -> None:
    """Again and again; what hangs comes to its end."""
    hangs = Hangs()
    while not stop.wait(LOOK_SECONDS):
        if unit := hangs.look(overdue()):
            end(unit)


def held_up() -> list[str] | None:
    """What statements of this process wait for, now cancelled; None where the database cannot be asked, so that nobody
    knows.
    """
    try:
        with autocommit_connection() as connection:
            return waits_of(connection)
    except (psycopg.Error, Unavailable):
        return None


def waits_of(connection: Connection) -> list[str]:
    """Of a server that reads from a slow disk, in one moment of several."""
    for _ in range(5):
        if found := connection.execute(HELD, [APPLICATION, HELD_SECONDS]).fetchall():
            return sorted({wait for wait, _ in found})
        time.sleep(0.1)
    return []
