"""The only place that knows the time; everything else is handed it.

All hosts go by the database's clock: a timer that one host rings must be due for the host that decides on it.
A clock may jump; code whose effect cannot be undone asks `require_no_jump` first (docs/decisions/0020).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from models.errors import Refused

MOMENT = timedelta(seconds=1)  # asking the database for its time may take as long
ASTRAY = timedelta(days=1)  # clocks that are only badly kept never differ by more
A_MONTH = timedelta(days=31)  # a register in use is never silent for longer, whatever the holidays


@dataclass(slots=True)
class Host:
    """This host's clock: how far it is behind the database's, and when it says that the host was started.

    The start tells a clock that was set: it stays the same as long as nobody sets the clock.
    """

    behind: timedelta = timedelta(0)
    booted: datetime = field(default_factory=lambda: datetime.now(UTC) - uptime())  # noqa: TID251 - this is the clock


def uptime() -> timedelta:
    """How long this host has been up, by a clock that nobody can set and that counts a sleeping host's time."""
    return timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))


_host = Host()
_fixed: ContextVar[datetime | None] = ContextVar("fixed_time", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _fixed.get() or system_now()


def system_now() -> datetime:
    """The present moment, even in a block that fixes the time (`at`)."""
    return datetime.now(UTC) + _host.behind  # noqa: TID251 - this is the clock


def synchronize(database_now: datetime) -> None:
    """Sets this process's clock by the database's, if the host's differs from it by more than `MOMENT`."""
    behind = database_now - datetime.now(UTC)  # noqa: TID251 - this is the clock
    _host.behind = behind if abs(behind) > MOMENT else timedelta(0)


def require_no_jump() -> None:
    """Raises Refused if the host's clock differs from the database's by more than a day.

    Raises Refused also if somebody set the host's clock by more than a day while this process ran.
    """
    if abs(_host.behind) > ASTRAY:
        ahead = "ahead of" if _host.behind > timedelta(0) else "behind"
        raise Refused(
            "clocks_differ",
            f"The database's clock is {abs(_host.behind).days} days {ahead} this host's. Correct the wrong one.",
        )
    jumped = datetime.now(UTC) - uptime() - _host.booted  # noqa: TID251 - this is the clock
    if abs(jumped) > ASTRAY:
        way = "ahead" if jumped > timedelta(0) else "back"
        raise Refused(
            "clock_jumped",
            f"This host's clock was set {abs(jumped).days} days {way} while it ran. "
            "Once it is right, restart Sijil's processes on this host.",
        )


def offset() -> timedelta:
    """How far the fixed time (`at`) is from the system's, for statements that use the database's `now()`; else zero."""
    fixed = _fixed.get()
    return fixed - system_now() if fixed else timedelta(0)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Fixes the time at `moment` (an aware datetime) within this block of this thread."""
    token = _fixed.set(moment)
    try:
        yield
    finally:
        _fixed.reset(token)
