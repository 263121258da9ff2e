"""A circuit breaker before the gateway: one that gives no answers, or asks to be left alone, is left alone for a while
and then tried with one message.

Own lines, because libraries keep one fixed pause (ours follows `Retry-After`), go by a clock that tests cannot set, or
hold a lock during the call.
"""

import time
from dataclasses import dataclass
from datetime import timedelta

import structlog

from models import clock

OPENS_AFTER = 3  # calls without an answer, one after the other
PAUSE = timedelta(seconds=15)  # then; where the gateway names a time, that one
log = structlog.get_logger()


@dataclass(slots=True)
class Breaker:
    """One worker process's: closed while the gateway answers, open while it is left alone. One thread uses it."""

    most: int  # messages of a call
    failures: int = 0
    opened: bool = False
    told: tuple[str, timedelta] | None = (
        None  # why it was opened, and for how long: said again where the reason is another or the pause longer
    )
    until: float = 0.0
    size: int = 1  # of the next call; doubled by each that is answered, so that a probe risks one message

    def __post_init__(self) -> None:
        self.size = self.most

    def lets_through(self) -> bool:
        """Whether a call may be made: while it is open, one each time that its pause is over."""
        return now() >= self.until

    def failed(self, why: str, wait: timedelta | None = None) -> None:
        """A call got no answer; or the gateway refused it as a whole, and so opens the breaker at once."""
        self.failures += 1
        self.size = 1
        if wait is None and self.failures < OPENS_AFTER:
            return
        pause = wait or PAUSE
        self.until = now() + pause.total_seconds()
        if self.told is None or why != self.told[0] or pause > self.told[1]:
            log.warning(
                "the gateway is left alone for a while; messages wait", why=why, seconds=round(pause.total_seconds())
            )
            self.told = (why, pause)
        self.opened = True

    def answered(self) -> None:
        """The gateway answered for the messages of a call."""
        if self.opened:
            log.info("the gateway answers again")
        self.failures, self.opened, self.told, self.until = 0, False, None, 0.0
        self.size = min(self.most, self.size * 2)


def now() -> float:
    """Seconds that no change of a clock moves, but a test's fixed time does."""
    return time.monotonic() + clock.offset().total_seconds()
