"""The crowd: applicants who keep coming until the last kill, and keep their receipts.

An applicant who gets no answer sends the same application again, as a person would. Every fifth application comes in a
file (files.py).
"""

import random
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Condition

from models import clock
from models.database import transaction
from models.errors import Unavailable
from notifications.notices import notices
from tasks.wake import wake_after_intake
from trials.chaos.poison import POISON
from trials.generator.answers import Json
from trials.generator.household import GeneratedHousehold, honest, households
from trials.generator.identifiers import SEEDS
from workflows.bodies.declaration import ApplicationBody
from workflows.intake.importing import bulk_application
from workflows.intake.submit import Accepted, Application, Outcome, submit
from workflows.registers.enrol import enrol

SET = 125  # the most applications in one transaction; two such sets are filed at the same time
FEW = 20  # a strike that finds no open batch lets a twentieth of a share come early
GOES = 6  # a share is filed in about six steps, not all at once
PLANTED = "planted"  # the key of the application that ends each process that asks for its person
MISTAKE_EVERY = 11  # one application in eleven has a mistake, beside those that the generator plants
PAIR_EVERY = 100  # one application in a hundred also declares a person of the one before it


@dataclass
class Crowd:
    """The applicants with what they send, and with the receipts that they hold."""

    bodies: list[Json]
    seed: int  # of the population
    share: int  # how many come for each strike
    receipts: dict[str, str] = field(default_factory=dict)  # the reference by the sender's key
    keys: dict[str, str] = field(default_factory=dict)  # the sender's key by reference
    secrets: dict[str, str] = field(default_factory=dict)  # by reference
    changed: list[str] = field(default_factory=list)  # keys that got another reference when they came again
    refused: int = 0
    called: int = 0  # how many may be filed by now
    moved: Condition = field(default_factory=Condition)
    filing: "Future[None] | None" = None
    over: bool = False

    @property
    def by_hand(self) -> list[Json]:
        """The applications that come through intake, one after another."""
        return [body for place, body in enumerate(self.bodies) if not in_a_file(place)]

    @property
    def by_file(self) -> list[Json]:
        """The applications that come in files."""
        return [body for place, body in enumerate(self.bodies) if in_a_file(place)]

    def receive(self, key: str, reference: str, secret: str) -> None:
        """Keeps a receipt, and notes where the same key got another reference before."""
        if self.receipts.setdefault(key, reference) != reference:
            self.changed.append(key)
        self.keys[reference], self.secrets[reference] = key, secret

    def remedy(self, reference: str) -> Json | None:
        """The right declaration of a household; None for the planted case, and for an unknown reference."""
        _, _, number = self.keys.get(reference, "").partition("-")
        return honest(self.seed, int(number)).body if number else None

    def begin(self) -> None:
        """Starts filing in a thread, as far as `called` allows."""
        self.filing = ThreadPoolExecutor(1, "crowd").submit(self.run)

    @property
    def failure(self) -> BaseException | None:
        """The error that ended the filing, if one did."""
        return self.filing.exception() if self.filing is not None and self.filing.done() else None

    def end(self) -> None:
        """Stops filing applications."""
        with self.moved:
            self.over = True
            self.moved.notify_all()

    def call(self, share: float) -> None:
        """Lets this share of all be filed by now, with those that `call_more` let come early."""
        self.let_come(round(share * len(self.by_hand)) - self.called)

    def call_more(self) -> None:
        """Lets a few more be filed, for a strike that found no open batch."""
        self.let_come(1 + self.share // FEW)

    def let_come(self, count: int) -> None:
        """Lets so many more be filed."""
        with self.moved:
            self.called = min(len(self.by_hand), self.called + max(0, count))
            self.moved.notify_all()

    def run(self) -> None:
        """Files in two threads side by side, until every application is answered."""
        filed, bodies = 0, self.by_hand
        with ThreadPoolExecutor(2) as clerks:
            while filed < len(bodies) and not self.over:
                with self.moved:
                    self.moved.wait_for(lambda now=filed: self.over or self.called > now)  # type: ignore[misc]
                    until = min(self.called, filed + 2 * min(SET, 1 + self.share // (2 * GOES)))
                due = bodies[filed:until]
                # The two of a pair are neighbours: the two threads file them at the same moment.
                list(clerks.map(self.file, [each for each in (due[0::2], due[1::2]) if each]))
                filed = until

    def file(self, bodies: Sequence[Json]) -> None:
        """Submits one set until an answer comes, then wakes workers as the portal does."""
        applications = [bulk_application(ApplicationBody.model_validate(body)) for body in bodies]
        while (outcomes := self.submit_once(applications)) is None:
            if self.over:
                return
            time.sleep(0.2)
        wake_after_intake()
        for each, outcome in zip(applications, outcomes, strict=True):
            if isinstance(outcome, Accepted):
                self.receive(each.key, outcome.reference, outcome.secret)
            else:
                self.refused += 1

    def submit_once(self, applications: Sequence[Application]) -> list[Outcome] | None:
        """Submits one set; its outcomes, or None where no answer came."""
        try:
            with transaction() as connection:
                return submit(connection, applications, clock.now(), notices)
        except Unavailable:
            return None


def in_a_file(place: int) -> bool:
    """Whether the application at this place comes in a file. The two of a pair never do."""
    return place % 5 == 4


def gather(count: int, kills: int, seed: int) -> Crowd:
    """Enrols a population and makes its applications.

    Some of them have a mistake, some share a person with the one before, and one is the planted case.
    """
    population = seed % SEEDS
    everybody = list(households(count, population))
    enrol(person.row() for made in everybody for person in made.persons)
    enrol([poisoned_person(everybody[0])])
    bodies = [made.body for made in everybody]
    for i in range(0, count - 1, PAIR_EVERY):
        bodies[i + 1] = sharing(bodies[i + 1], bodies[i])
    for i in range(7, count, MISTAKE_EVERY):
        bodies[i] = mistaken(bodies[i])
    planted = random.Random(seed).randrange(count // 4, count // 2)
    bodies[planted - in_a_file(planted)] = poisoned(everybody[0].body)
    return Crowd(bodies, population, count // (kills + 1))


def mistaken(body: Json) -> Json:
    """The declaration with another birth year of the head, which the register contradicts."""
    head = body["members"][0]
    return body | {"members": [head | {"birth_date": f"{int(head['birth_date'][:4]) - 3}-01-15"}, *body["members"][1:]]}


def sharing(body: Json, other: Json) -> Json:
    """The declaration with a member of the other household, unless it shares that member already."""
    if other["members"][-1]["idcs"] in {each["idcs"] for each in body["members"]}:
        return body
    borrowed = {name: value for name, value in other["members"][-1].items() if name != "declarant"}
    return body | {"members": [*body["members"], borrowed | {"relationship": "other_relative"}]}


def poisoned(body: Json) -> Json:
    """The planted case: a household of one person, for whom the register ends each process that asks (poison.py)."""
    head = {
        name: body["members"][0][name]
        for name in ("given_name_la", "family_name_la", "birth_date", "sex")
        if name in body["members"][0]
    }
    named = {"given_name_la": "Planted", "family_name_la": "Case"} | head
    return body | {
        "application": PLANTED,
        "members": [named | {"idcs": POISON, "relationship": "head", "declarant": True}],
    }


def poisoned_person(made: GeneratedHousehold) -> Json:
    """The person of the planted case as the register knows it."""
    return made.persons[0].row() | {"idcs": POISON, "cin": None}
