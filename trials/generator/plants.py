"""Plants errors, duplicates and frauds in some of the applications.

The truth about each plant goes into a file of its own; `expect` is the stage where the application should come to rest.
"""

import random
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from trials.generator.answers import Json, member
from trials.generator.identifiers import idcs
from trials.generator.names import FEMALE, MALE, Name
from trials.generator.residents import NOBODY, Resident, late_grandparent, pick
from workflows.matching.verdict import PARTS, NameVerdict, compare_names

SHARES = (
    ("mistyped_identifier", 0.010),
    ("wrong_birth_date", 0.012),
    ("wrong_name", 0.010),
    ("deceased_member", 0.008),
    ("person_of_another_household", 0.020),
    ("hidden_spouse", 0.007),
    ("understated_bills", 0.008),
    ("mistyped_birth_date", 0.006),
    ("name_of_two_readings", 0.006),
)
TRIES = 40  # names that are looked at for one that is neither the same nor another


class Honest(NamedTuple):
    """A household before anything is planted."""

    seed: int
    number: int
    rural: bool
    wealth: float
    residents: list[Resident]
    body: Json


class Names(NamedTuple):
    """The parts of a person's name."""

    given_name_ar: str | None = None
    family_name_ar: str | None = None
    given_name_la: str | None = None
    family_name_la: str | None = None


class Planted(NamedTuple):
    """A household after planting: the body as sent, persons beyond the household, and the truth."""

    body: Json
    more_residents: list[Resident]
    truth: Json


Other = Callable[[int], Honest]  # another household of the same seed, before anything is planted


def kind_of(seed: int, number: int) -> str:
    """The kind of plant in a household; '' in most households."""
    drawn = random.Random(f"{seed}:{number}:plant").random()
    for kind, share in SHARES:
        if drawn < share:
            return kind
        drawn -= share
    return ""


def plant(honest: Honest, other: Other) -> Planted:
    """Plants the household's error, if it has one and it fits."""
    kind = kind_of(honest.seed, honest.number)
    rng = random.Random(f"{honest.seed}:{honest.number}:planted")
    found = PLANTS[kind](rng, honest, other) if kind else None
    return found or Planted(honest.body, [], {"plant": None, "expect": "notified"})


def expects_correction(kind: str, **more: Any) -> Json:
    """The truth about an error: the citizen is asked for a correction."""
    return {"plant": kind, "expect": "needs_correction", **more}


def expects_doubt(kind: str, position: int) -> Json:
    """The truth about a slip: a caseworker looks whether it is one and the same person."""
    return {"plant": kind, "expect": "identity_in_doubt", "member": position}


def with_member(body: Json, position: int, **changes: Any) -> Json:
    """The body with fields of one member changed."""
    members = [each | changes if i == position else each for i, each in enumerate(body["members"])]
    return body | {"members": members}


def mistyped_identifier(rng: random.Random, honest: Honest, other: Other) -> Planted:
    """Declares a member under a number that belongs to nobody."""
    position = rng.randrange(len(honest.residents))
    return Planted(
        with_member(honest.body, position, idcs=idcs(honest.seed, honest.number, NOBODY)),
        [],
        expects_correction("mistyped_identifier", member=position),
    )


def wrong_birth_date(rng: random.Random, honest: Honest, other: Other) -> Planted:
    """Declares another birth year than the register's: one of which both last digits are others."""
    position = rng.randrange(len(honest.residents))
    born = honest.residents[position].birth_date
    shifted = date(born.year - rng.randint(11, 14), born.month, min(born.day, 28))
    return Planted(
        with_member(honest.body, position, birth_date=shifted.isoformat()),
        [],
        expects_correction("wrong_birth_date", member=position),
    )


def wrong_name(rng: random.Random, honest: Honest, other: Other) -> Planted:
    """Declares another given name, such as a brother's or sister's."""
    position = rng.randrange(len(honest.residents))
    person, declared = honest.residents[position], honest.body["members"][position]
    while True:
        name = pick(rng, MALE if person.sex == "male" else FEMALE)
        changes = called(declared, name)
        if name.ar[:2] != person.given.ar[:2] and verdict(person, declared | changes) == NameVerdict.OTHER:
            break
    return Planted(with_member(honest.body, position, **changes), [], expects_correction("wrong_name", member=position))


def called(declared: Json, name: Name) -> Json:
    """A given name in the scripts in which a member is declared."""
    both = (("given_name_ar", name.ar), ("given_name_la", name.la[0]))
    return {field: text for field, text in both if field in declared}


def verdict(person: Resident, declared: Json) -> NameVerdict:
    """Whether a declared name is the register's."""
    return compare_names(names_in(declared), names_in(person.row())).verdict


def names_in(values: Mapping[str, Any]) -> Names:
    """The parts of a name among these values."""
    return Names(**{part: values[part] for part in PARTS if part in values})


def mistyped_birth_date(rng: random.Random, honest: Honest, other: Other) -> Planted:
    """Declares a birth date of which one digit is another."""
    position = rng.randrange(len(honest.residents))
    born = honest.residents[position].birth_date
    decade = 10 if born.year % 100 < 10 else -10
    leap = (born.month, born.day) == (2, 29)
    mistyped = born.replace(day=28) if leap else born.replace(year=born.year + decade)
    return Planted(
        with_member(honest.body, position, birth_date=mistyped.isoformat()),
        [],
        expects_doubt("mistyped_birth_date", position),
    )


def name_of_two_readings(rng: random.Random, honest: Honest, other: Other) -> Planted | None:
    """Declares a name with letters left out, of which nobody can tell whether it is the register's or another."""
    position = rng.randrange(len(honest.residents))
    person, declared = honest.residents[position], honest.body["members"][position]
    for _ in range(TRIES):
        changes = {part: shortened(rng, text) for part, text in declared.items() if part in PARTS}
        if verdict(person, declared | changes) == NameVerdict.NEITHER:
            truth = expects_doubt("name_of_two_readings", position)
            return Planted(with_member(honest.body, position, **changes), [], truth)
    return None


def shortened(rng: random.Random, name: str) -> str:
    """A name with a letter left out, or as it is."""
    place = rng.randrange(2 * len(name))
    return name[:place] + name[place + 1 :] if len(name) > 2 else name


def deceased_member(rng: random.Random, honest: Honest, other: Other) -> Planted:
    """Declares a grandparent who has died."""
    late = late_grandparent(rng, honest.seed, honest.number, honest.residents[0].family)
    members = [*honest.body["members"], member(rng, late, honest.wealth, honest.rural, "none")]
    return Planted(
        honest.body | {"members": members}, [late], expects_correction("deceased_member", member=len(members) - 1)
    )


def person_of_another_household(rng: random.Random, honest: Honest, other: Other) -> Planted | None:
    """Declares a person whom an earlier household declares, too."""
    for number in range(honest.number - 1, max(-1, honest.number - 60), -1):
        if kind_of(honest.seed, number):
            continue
        theirs = other(number)
        candidates = [
            i for i, each in enumerate(theirs.residents) if i > 0 and not theirs.body["members"][i].get("declarant")
        ]
        if candidates:
            position = rng.choice(candidates)
            borrowed = theirs.body["members"][position] | {"relationship": "other_relative"}
            members = [*honest.body["members"], borrowed]
            truth = {
                "plant": "person_of_another_household",
                "expect": "under_review",
                "member": len(members) - 1,
                "of": theirs.body["application"],
            }
            return Planted(honest.body | {"members": members}, [], truth)
    return None


def hidden_spouse(rng: random.Random, honest: Honest, other: Other) -> Planted | None:
    """Leaves out a spouse. Nothing in the household's own data shows it."""
    position = next((i for i, each in enumerate(honest.residents) if each.relationship == "spouse"), None)
    if position is None or honest.body["members"][position].get("declarant"):
        return None
    members = [each for i, each in enumerate(honest.body["members"]) if i != position]
    truth = {"plant": "hidden_spouse", "expect": "notified", "hidden": honest.residents[position].idcs}
    return Planted(honest.body | {"members": members}, [], truth)


def understated_bills(rng: random.Random, honest: Honest, other: Other) -> Planted:
    """Declares bills at a fifth of their amounts."""
    understated = {
        name: [fifth(each) for each in bill] if isinstance(bill, list) else fifth(bill)
        for name, bill in honest.body["bills"].items()
    }
    return Planted(
        honest.body | {"bills": understated},
        [],
        {"plant": "understated_bills", "expect": "notified", "true_bills": honest.body["bills"]},
    )


def fifth(amount: str) -> str:
    """A fifth of an amount, as a text."""
    return f"{float(amount) / 5:.1f}"


PLANTS: dict[str, Callable[[random.Random, Honest, Other], Planted | None]] = {
    each.__name__: each
    for each in (
        mistyped_identifier,
        wrong_birth_date,
        wrong_name,
        deceased_member,
        person_of_another_household,
        hidden_spouse,
        understated_bills,
        mistyped_birth_date,
        name_of_two_readings,
    )
}
