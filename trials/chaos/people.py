"""Everybody who acts beside the machine, each in a thread of their own, until nobody has anything left to do."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from models.errors import Unavailable
from trials.chaos.answers import Answers
from trials.chaos.citizens import Citizens
from trials.chaos.crowd import Crowd
from trials.chaos.staff import Caseworkers, Operators

LOOK_SECONDS = 0.2  # between two looks at what waits for them


@dataclass
class People:
    """Citizens, caseworkers, operators. What they were told is in `answers`."""

    crowd: Crowd
    answers: Answers
    citizens: Citizens
    caseworkers: Caseworkers
    operators: Operators
    acted_at: float = field(default_factory=time.monotonic)  # when anybody last did anything, or could not be answered
    running: "list[Future[None]]" = field(default_factory=list)

    def live(self, look: Callable[[], bool]) -> None:
        """Looks and acts, again and again. While the database is away nobody is answered."""
        while not self.crowd.over:
            try:
                if look():
                    self.acted_at = time.monotonic()
            except Unavailable:
                self.acted_at = time.monotonic()
            time.sleep(LOOK_SECONDS)

    @property
    def idle_seconds(self) -> float:
        """How long nobody has had anything to do."""
        return time.monotonic() - self.acted_at

    @property
    def failure(self) -> BaseException | None:
        """What ended one of them before the time."""
        return next((each.exception() for each in self.running if each.done() and each.exception()), None)


def gathered(crowd: Crowd, seed: int) -> People:
    """Each with a will of their own, by the seed."""
    answers = Answers()
    wills = [random.Random(f"{seed}:{who}") for who in ("citizens", "caseworkers", "operators")]
    return People(
        crowd, answers, Citizens(crowd, answers, wills[0]), Caseworkers(answers, wills[1]), Operators(answers, wills[2])
    )


@contextmanager
def living(people: People) -> Iterator[None]:
    """They apply and act while this lasts."""
    people.crowd.begin()
    with ThreadPoolExecutor(3, "people") as threads:
        people.running = [
            threads.submit(people.live, each.look) for each in (people.citizens, people.caseworkers, people.operators)
        ]
        try:
            yield
        finally:
            people.crowd.end()
