"""A circuit breaker before the gateway.

It opens when the gateway gives no answers or asks to be left alone; after a pause, one message probes the gateway.

We wrote our own, because libraries keep one fixed pause (ours follows `Retry-After`), go by a clock that tests cannot
set, or hold a lock during the call.
"""

import time
from dataclasses import dataclass
from datetime import timedelta

import structlog

from models import clock

OPENS_AFTER = 3  # calls in a row without an answer
PAUSE = timedelta(seconds=15)  # while it is open, unless the gateway names another time
log = structlog.get_logger()


@dataclass(slots=True)
class Breaker:
    """The breaker of one worker process, used by one thread: closed while the gateway answers, else open."""

    largest_call: int  # messages
    failures: int = 0
    is_open: bool = False
    last_warning: tuple[str, timedelta] | None = None  # the reason and the pause that the log last named
    open_until: float = 0.0
    call_size: int = 1  # messages of the next call: one for a probe, then twice as many after each answer

    def __post_init__(self) -> None:
        self.call_size = self.largest_call

    def allows_call(self) -> bool:
        """Whether the gateway may be called: always while closed, once after each pause while open."""
        return now() >= self.open_until

    def record_failure(self, why: str, wait: timedelta | None = None) -> None:
        """Counts a call that got no answer. One with a `wait` was refused as a whole, and opens the breaker at once."""
        self.failures += 1
        self.call_size = 1
        if wait is None and self.failures < OPENS_AFTER:
            return
        pause = wait or PAUSE
        self.open_until = now() + pause.total_seconds()
        if self.last_warning is None or why != self.last_warning[0] or pause > self.last_warning[1]:
            log.warning(
                "the gateway is left alone for a while; messages wait", why=why, seconds=round(pause.total_seconds())
            )
            self.last_warning = (why, pause)
        self.is_open = True

    def record_success(self) -> None:
        """Closes the breaker: the gateway answered for the messages of a call."""
        if self.is_open:
            log.info("the gateway answers again")
        self.failures, self.is_open, self.last_warning, self.open_until = 0, False, None, 0.0
        self.call_size = min(self.largest_call, self.call_size * 2)


def now() -> float:
    """Seconds of the monotonic clock, moved only by a test's fixed time."""
    return time.monotonic() + clock.offset().total_seconds()
