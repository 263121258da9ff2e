"""The only place that knows the time. Everything else is handed it.

It is the database's, which all hosts share: a timer that one host rings must have come for the one that decides on it.
A clock may jump; whatever cannot be undone asks first whether it did (docs/decisions/0020).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from models.errors import Refused

MOMENT = timedelta(seconds=1)  # a question and its answer may take as long
ASTRAY = timedelta(days=1)  # more than clocks ever differ that are only badly kept
A_MONTH = timedelta(days=31)  # without a sign of life: longer than any holiday


@dataclass(slots=True)
class Host:
    """How far this host's clock is behind the database's, and when it was started by: a clock that nobody sets, and
    that counts a sleeping host's time.
    """

    behind: timedelta = timedelta(0)
    booted: datetime = field(default_factory=lambda: datetime.now(UTC) - up_for())  # noqa: TID251 - this is the clock


def up_for() -> timedelta:
    """How long this host has been up."""
    return timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))


_host = Host()
_fixed: ContextVar[datetime | None] = ContextVar("fixed_time", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _fixed.get() or system_now()


def system_now() -> datetime:
    """The present moment, whatever a test has fixed."""
    return datetime.now(UTC) + _host.behind  # noqa: TID251 - this is the clock


def follow(database: datetime) -> None:
    """What the database's clock says at this moment: from now on this process goes by it, where its host's own differs
    by more than a moment.
    """
    behind = database - datetime.now(UTC)  # noqa: TID251 - this is the clock
    _host.behind = behind if abs(behind) > MOMENT else timedelta(0)


def require_no_jump() -> None:
    """Raises Refused where the database's clock and the host's differ by more than a day, or this host's was set by as
    much since the process began.
    """
    if abs(_host.behind) > ASTRAY:
        ahead = "ahead of" if _host.behind > timedelta(0) else "behind"
        raise Refused(
            "clocks_differ",
            f"The database's clock is {abs(_host.behind).days} days {ahead} this host's. Set the wrong one right.",
        )
    jumped = datetime.now(UTC) - up_for() - _host.booted  # noqa: TID251 - this is the clock
    if abs(jumped) > ASTRAY:
        way = "ahead" if jumped > timedelta(0) else "back"
        raise Refused(
            "clock_jumped",
            f"This host's clock was set {abs(jumped).days} days {way} while it ran. Once it is right, restart what "
            f"runs here.",
        )


def offset() -> timedelta:
    """How far this block's fixed time is from the true one, for statements that go by the database's clock; nought
    where none is fixed.
    """
    fixed = _fixed.get()
    return fixed - system_now() if fixed else timedelta(0)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within this block of this thread, the time is `moment` (an aware datetime)."""
    token = _fixed.set(moment)
    try:
        yield
    finally:
        _fixed.reset(token)
