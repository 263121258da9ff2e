"""Generates the persons of a household as the population register knows them: kinship, age, names."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

from trials.generator.identifiers import cin, idcs
from trials.generator.names import FAMILY, FEMALE, FOREIGN, MALE, Name
from trials.generator.shares import CHILDREN_RURAL, CHILDREN_URBAN, KINDS

TODAY = date(2026, 1, 1)  # the day of all ages: a population must not change with the calendar
FOREIGN_SHARE = 0.006
YEAR_ONLY_SHARE = 0.35  # of those born before 1965: the civil registry came late
DECEASED = 14  # the place of a grandparent who died, among the numbers of a household
NOBODY = 15  # the place of a number that belongs to nobody


@dataclass(frozen=True, slots=True)
class Resident:
    """One person, with both names in every spelling."""

    idcs: str
    given: Name
    family: Name
    birth_date: date
    birth_precision: str
    sex: str
    cin: str | None
    relationship: str
    status: str = "alive"

    @property
    def age(self) -> int:
        """Completed years on TODAY."""
        return (
            TODAY.year
            - self.birth_date.year
            - ((TODAY.month, TODAY.day) < (self.birth_date.month, self.birth_date.day))
        )

    def row(self) -> dict[str, str | None]:
        """The person as a row of the table `person`."""
        return {
            "idcs": self.idcs,
            "given_name_ar": self.given.ar,
            "family_name_ar": self.family.ar,
            "given_name_la": self.given.la[0],
            "family_name_la": self.family.la[0],
            "birth_date": self.birth_date.isoformat(),
            "birth_precision": self.birth_precision,
            "sex": self.sex,
            "cin": self.cin,
            "status": self.status,
        }


T = TypeVar("T")
Role = tuple[str, int, str]  # relationship to the head, age, sex


def residents(rng: random.Random, seed: int, number: int, rural: bool) -> list[Resident]:
    """The persons of a household, the head first."""
    roles = compose(rng, rural)
    foreign = rng.random() < FOREIGN_SHARE
    family, maternal = pick(rng, FAMILY), pick(rng, FAMILY)
    people: list[Resident] = []
    for place, role in enumerate(roles):
        relationship, _, sex = role
        name = (
            given_name(rng, sex, {each.given.ar for each in people}),
            maternal if relationship in ("spouse", "other_relative") else family,
        )
        if foreign and relationship in ("head", "spouse"):
            name = rng.choice([each[:2] for each in FOREIGN if each[2] == sex])
        people.append(resident(rng, idcs(seed, number, place), name, role, foreign))
    return people


def resident(rng: random.Random, number: str, name: tuple[Name, Name], role: Role, foreign: bool = False) -> Resident:
    """A person of this name in a role; of older persons the register often knows only the year of birth."""
    relationship, age, sex = role
    born = TODAY - timedelta(days=age * 365.25 + 1 + rng.randrange(363))
    year_only = born.year < 1965 and rng.random() < YEAR_ONLY_SHARE
    card = cin(rng) if age >= 18 and not foreign else None
    return Resident(
        number,
        *name,
        born.replace(month=1, day=1) if year_only else born,
        "year" if year_only else "day",
        sex,
        card,
        relationship,
    )


def compose(rng: random.Random, rural: bool) -> list[Role]:
    """The roles of a household, at most 14."""
    kind = weighted(rng, KINDS)
    if kind == "single":
        return [("head", rng.choice((rng.randint(22, 60), rng.randint(60, 88))), sex(rng))]
    head_age = rng.randint(24, 78) if kind == "couple" else rng.randint(27, 64)
    if kind == "lone_parent":
        return [("head", head_age, "female" if rng.random() < 0.85 else "male"), *children(rng, rural, head_age)]
    couple: list[Role] = [("head", head_age, "male"), ("spouse", max(19, head_age - rng.randint(0, 9)), "female")]
    if kind == "couple":
        return couple
    if kind == "family":
        return [*couple, *children(rng, rural, couple[1][1])]
    return [*couple, *children(rng, rural, couple[1][1]), *elders(rng, head_age)]


def children(rng: random.Random, rural: bool, mother_age: int) -> Iterator[Role]:
    """Children, the eldest first, two years or more apart; grown ones have often left."""
    count = weighted(rng, tuple(enumerate(CHILDREN_RURAL if rural else CHILDREN_URBAN)))
    age = mother_age - rng.randint(19, 27)
    for _ in range(count):
        if 0 <= age <= 32:
            yield "child", age, sex(rng)
        age -= rng.randint(2, 4)


def elders(rng: random.Random, head_age: int) -> list[Role]:
    """The head's mother, sometimes also the father or an unmarried brother or sister."""
    found: list[Role] = [("parent", min(96, head_age + rng.randint(19, 30)), "female")]
    if rng.random() < 0.35:
        found.append(("parent", min(97, head_age + rng.randint(22, 36)), "male"))
    if rng.random() < 0.25:
        found.append(("sibling", max(18, head_age - rng.randint(2, 14)), sex(rng)))
    return found


def late_grandparent(rng: random.Random, seed: int, number: int, family: Name) -> Resident:
    """A grandparent who died, as the register knows."""
    gender = sex(rng)
    given = given_name(rng, gender, set())
    person = resident(rng, idcs(seed, number, DECEASED), (given, family), ("parent", rng.randint(70, 95), gender))
    return replace(person, status="deceased")


def given_name(rng: random.Random, gender: str, used: set[str]) -> Name:
    """A given name that nobody else in the household has."""
    while True:
        name = pick(rng, MALE if gender == "male" else FEMALE)
        if name.ar not in used:
            return name


def pick(rng: random.Random, names: tuple[Name, ...]) -> Name:
    """Draws one of these names, the first ones more often."""
    return names[int(rng.random() ** 1.6 * len(names))]


def sex(rng: random.Random) -> str:
    """Draws a sex."""
    return "female" if rng.random() < 0.5 else "male"


def weighted(rng: random.Random, shares: Sequence[tuple[T, float]]) -> T:
    """Draws one of these by their shares."""
    return rng.choices([each for each, _ in shares], [share for _, share in shares])[0]
