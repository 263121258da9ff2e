"""Invents a population for the search for duplicates: households with twins, brothers and sisters, and records twice.

The shares of household kinds, ages and communes are those of the demo's generator. A seed gives the same records
always; nothing is kept, so that millions take no memory.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from benchmarks.persons.noise import RATES, registered_again
from benchmarks.persons.pools import Drawn, Pool, Spelt
from trials.generator.identifiers import OFFICES, phone
from trials.generator.residents import Role, compose, weighted
from trials.generator.shares import REGIONS
from workflows.matching.births import DAY, YEAR, Birth
from workflows.matching.duplicates.record import Record

TODAY = date(2026, 1, 1)
OF_AGE = TODAY.replace(year=TODAY.year - 18)
PLACES = 20  # numbers of persons of one household
CARDS, CARD_STEP = 900_000, 6_700_417  # of one office; shares no factor with all cards
PER_DOUAR = 60  # households, whose address is the douar alone


class Shares(NamedTuple):
    """What the records of a population are like, before anybody is registered twice."""

    duplicates: float = 0.05  # of all records, so many are of somebody who has another
    twins: float = 0.015  # of all persons
    card: float = 0.97  # of adults
    year_alone: float = 0.35  # of those born before 1965
    first_of_january: float = 0.04  # of the others born before 1990, written as a day
    both_scripts: float = 0.60
    arabic_alone: float = 0.30
    other_spelling: float = 0.25  # of Latin names
    phone: float = 0.75
    own_phone: float = 0.50  # of adults who have one
    commune: float = 0.98
    address: float = 0.90
    shared_phone: float = 0.06  # of rural households, with others of their douar


SHARES = Shares()
CHILDREN = 0.5  # of persons, about: of how many births twins come follows from it


class Made(NamedTuple):
    """One record, of which person it is, and of which household; `again`: the person has another record."""

    record: Record
    person: int
    household: int
    again: bool = False
    duplicated: bool = False


class Home(NamedTuple):
    """Where a household lives."""

    commune: str
    address: str
    phone: str


def records(seed: int, pool: Pool, places: Sequence[str], count: int) -> Iterator[Made]:
    """So many records, household by household."""
    made = 0
    for household in range(count):
        for each in household_records(random.Random(f"{seed}:{household}"), pool, places, household):
            if made == count:
                return
            made += 1
            yield each


def household_records(rng: random.Random, pool: Pool, places: Sequence[str], household: int) -> Iterator[Made]:
    """The records of one household: of each person one, of some another."""
    region = weighted(rng, [(each, each.share) for each in REGIONS])
    rural = rng.random() < region.rural
    home = home_of(rng, places, household, rural=rural)
    family, maternal = pool.family.draw(rng), pool.family.draw(rng)
    used: set[str] = set()
    again = SHARES.duplicates / (1 - SHARES.duplicates)
    for place, (role, born) in enumerate(births(rng, compose(rng, rural))):
        given = unused(rng, pool.female if role[2] == "female" else pool.male, used)
        name = (given, maternal if role[0] in ("spouse", "other_relative") else family)
        person, duplicated = household * PLACES + place, rng.random() < again
        record = record_of(rng, name, role, born, home)._replace(cin=card_of(rng, person, born))
        yield Made(in_scripts(rng, record), person, household, duplicated=duplicated)
        if duplicated:
            second = elsewhere(rng, registered_again(rng, record, pool, name), places)
            yield Made(in_scripts(rng, second), person, household, again=True, duplicated=True)


def births(rng: random.Random, roles: Sequence[Role]) -> Iterator[tuple[Role, date]]:
    """Each person with a birth date; twins have one."""
    for role in roles:
        born = TODAY - timedelta(days=int(role[1] * 365.25) + 1 + rng.randrange(363))
        yield role, born
        if role[0] == "child" and rng.random() < SHARES.twins / CHILDREN / 2:
            yield (role[0], role[1], rng.choice(("female", "male"))), born


def unused(rng: random.Random, names: Drawn, used: set[str]) -> Spelt:
    """A given name that nobody else in the household has."""
    while (name := names.draw(rng)).arabic in used:
        pass
    used.add(name.arabic)
    return name


def home_of(rng: random.Random, places: Sequence[str], household: int, *, rural: bool) -> Home:
    """The home of a household: in a town a street and a number, else a douar that many share."""
    region = weighted(rng, [(each, each.share) for each in REGIONS])
    commune = rng.choice(region.rural_communes if rural else region.urban_communes)
    if not rural:
        street, quarter = rng.choice(places), rng.choice(places)
        return Home(commune, f"{rng.randrange(1, 200)} rue {street}, hay {quarter}", phone(rng))
    douar = random.Random(f"{region.number}:{commune}:{household // (PER_DOUAR * 40)}")
    shared = rng.random() < SHARES.shared_phone
    return Home(commune, f"Douar {douar.choice(places)}", phone(douar) if shared else phone(rng))


def record_of(rng: random.Random, name: tuple[Spelt, Spelt], role: Role, born: date, home: Home) -> Record:
    """A person as somebody who comes for the first time, with the names in both scripts."""
    number = phone(rng) if born < OF_AGE and rng.random() < SHARES.own_phone else home.phone
    commune = home.commune if rng.random() < SHARES.commune else None
    return Record(
        name[0].arabic,
        name[1].arabic,
        latin_of(rng, name[0]),
        latin_of(rng, name[1]),
        birth_of(rng, born),
        role[2],
        None,
        number if rng.random() < SHARES.phone else None,
        commune,
        home.address if commune and rng.random() < SHARES.address else None,
    )


def card_of(rng: random.Random, person: int, born: date) -> str | None:
    """The number of an adult's card, which nobody else has."""
    if born >= OF_AGE or rng.random() >= SHARES.card:
        return None
    office, number = divmod(person * CARD_STEP % (len(OFFICES) * CARDS), CARDS)
    return f"{OFFICES[office]}{number + 100_000}"


def latin_of(rng: random.Random, name: Spelt) -> str:
    """The first Latin spelling, or another one."""
    return rng.choice(name.latin) if rng.random() < SHARES.other_spelling else name.latin[0]


def birth_of(rng: random.Random, born: date) -> Birth:
    """A birth date as registers know it: of older people the year alone, or a first of January."""
    if born.year < 1965 and rng.random() < SHARES.year_alone:
        return Birth(born.replace(month=1, day=1), YEAR)
    if born.year < 1990 and rng.random() < SHARES.first_of_january:
        return Birth(born.replace(month=1, day=1), DAY)
    return Birth(born, DAY)


def in_scripts(rng: random.Random, record: Record) -> Record:
    """A record with the names in both scripts or in one."""
    chance = rng.random()
    if chance < SHARES.both_scripts:
        return record
    if chance < SHARES.both_scripts + SHARES.arabic_alone:
        return record._replace(given_name_la=None, family_name_la=None)
    return record._replace(given_name_ar=None, family_name_ar=None)


def elsewhere(rng: random.Random, record: Record, places: Sequence[str]) -> Record:
    """A record with the address as it is given the second time."""
    if rng.random() < RATES.moved:
        home = home_of(rng, places, rng.randrange(1_000_000), rural=False)
        far = rng.random() < RATES.moved_far
        return record._replace(commune=home.commune if far else record.commune, address=home.address)
    if rng.random() < RATES.without_address:
        return record._replace(address=None)
    if record.address and rng.random() < RATES.address_rewritten:
        return record._replace(address=rewritten(rng, record.address))
    return record


def rewritten(rng: random.Random, address: str) -> str:
    """An address with a word less, or one abbreviated."""
    words = address.split()
    gone = rng.randrange(len(words))
    words[gone] = words[gone][:1] + "." if rng.random() < 0.5 else ""
    return " ".join(filter(None, words)) or address
