"""The people who act beside the machine, each group in a thread, until nobody has anything left to do."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from models.errors import Unavailable
from trials.chaos.answers import Answers
from trials.chaos.appeals import Appellants, Examiners
from trials.chaos.citizens import Citizens
from trials.chaos.crowd import Crowd
from trials.chaos.households import Households
from trials.chaos.registrars import Registrars
from trials.chaos.staff import Caseworkers, Operators

Group = Citizens | Households | Appellants | Examiners | Caseworkers | Operators | Registrars

LOOK_SECONDS = 0.2  # between two looks at what waits for them


@dataclass
class People:
    """Everybody who applies, changes, appeals, decides or operates, with the acts of all of them in `answers`."""

    crowd: Crowd
    answers: Answers
    citizens: Citizens
    households: Households
    appellants: Appellants
    examiners: Examiners
    caseworkers: Caseworkers
    operators: Operators
    registrars: Registrars
    acted_at: float = field(default_factory=time.monotonic)  # when anybody last acted, or got no answer
    found_nothing: dict[str, float] = field(default_factory=dict)  # by group, when a look began that found nothing
    running: "list[Future[None]]" = field(default_factory=list)

    def live(self, group: str, look: Callable[[], bool]) -> None:
        """Lets one group look and act, again and again. While the database is away it gets no answer."""
        while not self.crowd.over:
            began = time.monotonic()
            try:
                acted = look()
            except Unavailable:
                acted = True
            if acted:
                self.acted_at = time.monotonic()
            else:
                self.found_nothing[group] = began
            time.sleep(LOOK_SECONDS)

    @property
    def groups(self) -> list[Group]:
        """Those who look and act, each in a thread."""
        return [
            self.citizens,
            self.households,
            self.appellants,
            self.examiners,
            self.caseworkers,
            self.operators,
            self.registrars,
        ]

    @property
    def idle_seconds(self) -> float:
        """How long after the last act all groups still found nothing to do. Who is amid a long look is not idle."""
        if len(self.found_nothing) < len(self.groups):
            return 0
        return min(self.found_nothing.values()) - self.acted_at

    @property
    def failure(self) -> BaseException | None:
        """The error that ended one of the threads, if one did."""
        return next((each.exception() for each in self.running if each.done() and each.exception()), None)


def gathered(crowd: Crowd, seed: int, register: str = "") -> People:
    """The people of a crowd; each group decides at random by the seed. `register`: see `Registrars`."""
    answers = Answers()
    wills = [
        random.Random(f"{seed}:{who}")
        for who in ("citizens", "caseworkers", "operators", "households", "appeals", "register")
    ]
    changing, appellants = Households(crowd, wills[3]), Appellants(crowd, wills[4])
    return People(
        crowd,
        answers,
        Citizens(crowd, answers, wills[0], changing),
        changing,
        appellants,
        Examiners(crowd, answers, appellants, wills[4]),
        Caseworkers(answers, wills[1]),
        Operators(answers, wills[2]),
        Registrars(wills[5], register),
    )


@contextmanager
def living(people: People) -> Iterator[None]:
    """Lets the people apply and act while the block runs."""
    people.crowd.begin()
    with ThreadPoolExecutor(len(people.groups), "people") as threads:
        people.running = [threads.submit(people.live, type(each).__name__, each.look) for each in people.groups]
        try:
            yield
        finally:
            people.crowd.end()
