"""Long work that an operator orders: a page answers within seconds, and the rest goes on in a thread of this process.

Each step of the work is a transaction of its own, so that a process that ends leaves the rest as it was; who ordered it
sees what is left, and orders it again.
"""

import time
from collections.abc import Iterator
from threading import Lock, Thread
from typing import NamedTuple

import structlog

from models.errors import describe

SECONDS = 2.0  # that a page waits
log = structlog.get_logger()
running: set[str] = set()
changing = Lock()


class Answer(NamedTuple):
    """The last step that was done while the page waited, None where there was none; and whether the rest goes on."""

    last: object
    goes_on: bool


def work_for(name: str, steps: Iterator[object], seconds: float = SECONDS) -> Answer:
    """Does the steps of this work for some seconds, then goes on without the page; not twice at a time."""
    with changing:
        if name in running:
            return Answer(None, True)
        running.add(name)
    last, until = None, time.monotonic() + seconds
    try:
        for last in steps:
            if time.monotonic() >= until:
                Thread(target=finish, args=[name, steps], name="background", daemon=True).start()
                return Answer(last, True)
    except BaseException:
        forget(name)
        raise
    forget(name)
    return Answer(last, False)


def finish(name: str, steps: Iterator[object]) -> None:
    """Does the rest of the steps."""
    try:
        for _ in steps:
            pass
    except Exception as error:  # noqa: BLE001 - the edge of a thread: what is left is shown as it is, and ordered again
        log.error("work in the background ended early", error=describe(error).error)
    finally:
        forget(name)


def forget(name: str) -> None:
    """Lets the same work be ordered again."""
    with changing:
        running.discard(name)
