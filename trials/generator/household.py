"""Generates households by number: the same seed and number always give the same household."""

import random
from collections.abc import Iterator
from typing import NamedTuple

from trials.generator.answers import Json, home, member, wealth_of, work_of_head
from trials.generator.identifiers import HOUSEHOLDS, phone
from trials.generator.plants import Honest, plant
from trials.generator.residents import Resident, residents, weighted
from trials.generator.shares import REGIONS, Region

DOUAR = 400  # households with neighbouring numbers: those of one region may share a telephone
SHARES_PHONE = 0.06  # of rural households
NO_PHONE = 0.04


class GeneratedHousehold(NamedTuple):
    """A household: persons as the register knows them, the application as sent, and the truth about it."""

    persons: list[Resident]
    body: Json
    truth: Json


def households(count: int, seed: int, start: int = 0) -> Iterator[GeneratedHousehold]:
    """`count` households of a seed, from number `start` on."""
    return (household(seed, number) for number in range(start, start + count))


def household(seed: int, number: int) -> GeneratedHousehold:
    """The household of this number. Raises ValueError for a number that the seed does not have."""
    if not 0 <= number < HOUSEHOLDS:
        raise ValueError(f"a seed has {HOUSEHOLDS} households")
    made = honest(seed, number)
    body, more, truth = plant(made, lambda other: honest(seed, other))
    return GeneratedHousehold([*made.residents, *more], body, {"application": made.body["application"], **truth})


def honest(seed: int, number: int) -> Honest:
    """The household with the application that it would send without error or fraud."""
    rng = random.Random(f"{seed}:{number}")
    region = weighted(rng, [(each, each.share) for each in REGIONS])
    rural = rng.random() < region.rural
    people = residents(rng, seed, number, rural)
    work = work_of_head(rng, people[0], rural)
    wealth = wealth_of(rng, work, rural)
    members = [member(rng, each, wealth, rural, work) for each in people]
    declarant = 1 if len(people) > 1 and people[1].relationship == "spouse" and rng.random() < 0.4 else 0
    members[declarant]["declarant"] = True
    body = {
        "application": f"g{seed}-{number}",
        "milieu": "rural" if rural else "urban",
        "region": region.number,
        "commune": rng.choice(region.rural_communes if rural else region.urban_communes),
        "language": "fr" if rng.random() < 0.15 else "ar",
        **telephone(rng, seed, number, region, rural),
        **home(rng, wealth, rural, people),
        "members": members,
    }
    return Honest(seed, number, rural, wealth, people, body)


def telephone(rng: random.Random, seed: int, number: int, region: Region, rural: bool) -> Json:
    """The household's own telephone, sometimes one that a douar shares, sometimes none."""
    own = phone(rng)
    if rural and rng.random() < SHARES_PHONE:
        return {"phone": phone(random.Random(f"{seed}:{region.number}:{number // DOUAR}:phone"))}
    return {} if rng.random() < NO_PHONE else {"phone": own}
