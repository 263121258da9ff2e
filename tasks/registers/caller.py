"""The caller of registers elsewhere: time-outs, retries, a circuit breaker, and the rate that a register allows."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

import structlog

from models.errors import RegisterAway, Unavailable
from tasks.registers.failures import CallFailed
from tasks.registers.line import Line, Response
from tasks.registers.shared import PAUSE, Shared

TRIES = 3  # calls for one question, as far as its time goes
QUESTION_CALLS = 2.5  # how many whole calls a question may last
WAIT_SECONDS = 0.1  # before the second try; before each further one twice as long
Answer = TypeVar("Answer")
log = structlog.get_logger()


class Call(NamedTuple):
    """What is sent: another one for each try, because a register takes no call twice."""

    id: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"


@dataclass(slots=True)
class Caller:
    """Asks one register for this process, whose threads share it; all processes share what is known of the register."""

    name: str
    line: Line
    seconds: float  # that a call takes at most
    shared: Shared
    counters: Counter[str] = field(default_factory=Counter)
    counting: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, name: str, url: str, seconds: float, largest: int, rate: float) -> Self:
        """The caller of the register at this address. `largest`: persons of a question; `rate`: persons a second."""
        row = f"{name} {urlsplit(url).netloc.rpartition('@')[2]}"
        return cls(name, Line(url), seconds, Shared(row, name, largest, rate, timedelta(seconds=seconds)))

    @property
    def longest(self) -> float:
        """Seconds that a question takes at most, with all its tries and the wait for its turn."""
        return self.seconds * QUESTION_CALLS

    def most(self) -> int:
        """The persons of the next question, at the most."""
        allowed, rate = self.shared.call_size, self.shared.rate
        return max(1, min(allowed, int(rate))) if rate else allowed

    def left_alone(self) -> timedelta | None:
        """For how long nobody is to ask yet; None: somebody may."""
        seconds = self.shared.seconds_left()
        return timedelta(seconds=seconds) if seconds > 0 else None

    def ask(self, make: Callable[[], Call], read: Callable[[Call, Response], Answer], size: int) -> Answer:
        """The answer to a question about so many persons. `read` raises CallFailed for one that is none.

        Raises RegisterAway where the register is away as a whole, Unavailable where it does not answer this question.
        """
        until = time.monotonic() + self.longest
        self.wait_for_turn(size)
        failed = self.tried(make, read, until, size)
        if not isinstance(failed, CallFailed):
            self.shared.answered()
            self.count(register_calls=1, register_persons=size)
            return failed
        self.count(register_failures=1)
        log.warning("a register gave no answer", register=self.name, why=failed.way.code, status=failed.status)
        self.shared.failed(failed.way.code, failed.wait or (PAUSE if failed.way.away else None))
        text = f"{self.name} {failed}."
        if self.shared.is_open:
            raise RegisterAway(text, self.left_alone() or PAUSE, asked=True) from failed
        raise Unavailable(text) from failed

    def wait_for_turn(self, size: int) -> None:
        """Waits until the rate allows the question. Raises RegisterAway where it may not be asked now."""
        if (wait := self.shared.admit(size)) is None:
            raise RegisterAway(f"{self.name} is left alone for a while.", self.left_alone() or PAUSE)
        time.sleep(wait)

    def tried(
        self, make: Callable[[], Call], read: Callable[[Call, Response], Answer], until: float, size: int
    ) -> Answer | CallFailed:
        """The answer, or the failure of the last try."""
        for turn in range(1, TRIES + 1):
            call, seconds = make(), min(self.seconds, max(0.1, until - time.monotonic()))
            try:
                return read(call, self.line.ask(call.method, call.path, call.body, call.headers, seconds))
            except CallFailed as error:
                failed = error
            wait = random.uniform(0.5, 1.5) * WAIT_SECONDS * 2 ** (turn - 1)
            if not failed.way.again or failed.wait or turn == TRIES or time.monotonic() + wait >= until:
                break
            wait = max(wait, self.shared.book(size))
            if time.monotonic() + wait >= until:
                break
            time.sleep(wait)
        return failed

    def count(self, **more: int) -> None:
        """Adds to the counters, which all threads share."""
        with self.counting:
            self.counters.update(more)

    def counts(self) -> dict[str, float]:
        """The counters, and whether the register is left alone now."""
        with self.counting:
            counted = dict(self.counters)
        if self.shared.is_open:
            self.shared.look()  # another process may have closed it
        return {**counted, "register_open": int(self.shared.is_open)}
