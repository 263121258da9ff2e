"""The only place that knows the time. Everything else is handed it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_fixed: ContextVar[datetime | None] = ContextVar("fixed_time", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _fixed.get() or datetime.now(UTC)  # noqa: TID251 - this is the clock


def shift() -> timedelta:
    """How far this block's fixed time is from the true one, for statements that go by the database's clock; nought where none is fixed."""
    fixed = _fixed.get()
    return fixed - datetime.now(UTC) if fixed else timedelta(0)  # noqa: TID251 - this is the clock


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within this block of this thread, the time is `moment` (an aware datetime)."""
    token = _fixed.set(moment)
    try:
        yield
    finally:
        _fixed.reset(token)
