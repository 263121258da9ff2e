"""Whoever works in batches gives way to what else runs on the machine, such as the portal that people wait for.

Where Linux shares the processor among sessions first, a process's own priority counts within its session alone
(sched(7), "autogroup"): so a process that leads a session has the session's priority lowered with its own. Every worker
process leads one, and every process of PostgreSQL that serves a connection does.
"""

import errno
import os
import time
from pathlib import Path

import structlog

PROCESSES = Path("/proc")
TRIES, WAIT = 10, 0.11  # seconds: Linux takes one such change in a tenth of a second from who is not the administrator
log = structlog.get_logger()


def give_way(nice: int) -> None:
    """Lowers the priority of this process, and of those that it starts from now on, to `nice` (0 to 19)."""
    try:
        lower(os.getpid(), nice)
    except OSError as error:
        log.warning("the session keeps its priority", error=error.strerror, nice=nice)


def lower(process_id: int, nice: int) -> None:
    """Lowers the priority of a process, and of the session that it leads, to `nice`; never raises one.

    Raises OSError where the system does not let us.
    """
    if nice > os.getpriority(os.PRIO_PROCESS, process_id):
        os.setpriority(os.PRIO_PROCESS, process_id, nice)
    if os.getsid(process_id) == process_id:
        lower_session(process_id, nice)


def lower_session(leader: int, nice: int) -> None:
    """Lowers the priority of the session that this process leads. Raises OSError where the system does not let us."""
    for tries in range(TRIES):
        now = session_priority(leader)
        if now is None or nice <= now:
            return
        try:
            (PROCESSES / str(leader) / "autogroup").write_text(str(nice), encoding="ascii")
        except OSError as error:
            if error.errno != errno.EAGAIN or tries == TRIES - 1:
                raise
            time.sleep(WAIT)


def session_priority(process_id: int) -> int | None:
    """The priority of a process's session; None where Linux does not share by sessions, as in many containers."""
    file = PROCESSES / str(process_id) / "autogroup"
    said = file.read_text(encoding="ascii").split() if file.exists() else []
    return int(said[-1]) if said else None
