"""The only place that knows the time. Everything else is handed it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_fixed: ContextVar[datetime | None] = ContextVar("fixed_time", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _fixed.get() or datetime.now(UTC)  # noqa: TID251 - this is the clock


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within this block of this thread, the time is `moment` (an aware datetime)."""
    token = _fixed.set(moment)
    try:
        yield
    finally:
        _fixed.reset(token)
