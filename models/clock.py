"""The only place that knows the time. Everything else is handed it.

It is the database's, which all hosts share: a timer that one host rings must have come for the one that decides on it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MOMENT = timedelta(seconds=1)  # a question and its answer may take as long


@dataclass(slots=True)
class Host:
    """How far this host's clock is behind the database's."""

    behind: timedelta = timedelta(0)


_host = Host()
_fixed: ContextVar[datetime | None] = ContextVar("fixed_time", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _fixed.get() or true()


def true() -> datetime:
    """The present moment, whatever a test has fixed."""
    return datetime.now(UTC) + _host.behind  # noqa: TID251 - this is the clock


def follow(database: datetime) -> None:
    """What the database's clock says at this moment: from now on this process goes by it, where its host's own differs by more than a moment."""
    behind = database - datetime.now(UTC)  # noqa: TID251 - this is the clock
    _host.behind = behind if abs(behind) > MOMENT else timedelta(0)


def shift() -> timedelta:
    """How far this block's fixed time is from the true one, for statements that go by the database's clock; nought where none is fixed."""
    fixed = _fixed.get()
    return fixed - true() if fixed else timedelta(0)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within this block of this thread, the time is `moment` (an aware datetime)."""
    token = _fixed.set(moment)
    try:
        yield
    finally:
        _fixed.reset(token)
