"""Plants errors, duplicates and frauds in some of the applications.

The truth about each plant goes into a file of its own; `expect` is the stage where the application should come to rest.
"""

import random
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from trials.generator.answers import Json, member
from trials.generator.identifiers import idcs
from trials.generator.names import FEMALE, MALE
from trials.generator.residents import NOBODY, Resident, late_grandparent, pick

SHARES = (
    ("mistyped_identifier", 0.010),
    ("wrong_birth_date", 0.012),
    ("wrong_name", 0.010),
    ("deceased_member", 0.008),
    ("person_of_another_household", 0.020),
    ("hidden_spouse", 0.007),
    ("understated_bills", 0.008),
)


class Honest(NamedTuple):
    """A household before anything is planted."""

    seed: int
    number: int
    rural: bool
    wealth: float
    residents: list[Resident]
    body: Json


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
    """Declares another birth year than the register's."""
    position = rng.randrange(len(honest.residents))
    born = honest.residents[position].birth_date
    shifted = date(born.year - rng.randint(2, 5), born.month, min(born.day, 28))
    return Planted(
        with_member(honest.body, position, birth_date=shifted.isoformat()),
        [],
        expects_correction("wrong_birth_date", member=position),
    )


def wrong_name(rng: random.Random, honest: Honest, other: Other) -> Planted:
    """Declares another given name, such as a brother's or sister's."""
    position = rng.randrange(len(honest.residents))
    person = honest.residents[position]
    while (name := pick(rng, MALE if person.sex == "male" else FEMALE)).ar[:2] == person.given.ar[:2]:
        continue
    declared = honest.body["members"][position]
    changes = {
        field: text for field, text in (("given_name_ar", name.ar), ("given_name_la", name.la[0])) if field in declared
    }
    return Planted(with_member(honest.body, position, **changes), [], expects_correction("wrong_name", member=position))


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
    )
}
