"""Generates what an honest citizen declares: spelt names, work, schooling, housing, bills.

All of it follows from how well off the household is.
"""

import random
from collections.abc import Sequence
from functools import partial
from math import exp
from typing import Any

from trials.generator.names import Name
from trials.generator.residents import Resident, weighted

Json = dict[str, Any]
SPELT_OTHERWISE = 0.22  # of Latin names: another usual spelling than the register's
HAMZA_LEFT_OUT = 0.12  # of Arabic names
NO_HAMZA = str.maketrans("أإآة", "اااه")

WORK_URBAN = (
    ("employee", 26),
    ("labourer", 20),
    ("trader", 14),
    ("craftsman", 12),
    ("machine_operator", 8),
    ("none", 8),
    ("middle_manager", 5),
    ("employer", 4),
    ("senior_manager", 3),
)
WORK_RURAL = (
    ("farmer", 40),
    ("labourer", 28),
    ("trader", 8),
    ("craftsman", 8),
    ("machine_operator", 4),
    ("none", 7),
    ("employee", 4),
    ("employer", 1),
)
DWELLINGS_URBAN = (("modern_house", 42), ("flat", 35), ("traditional_house", 12), ("room", 6), ("shack", 5))
DWELLINGS_RURAL = (("rural_stone", 45), ("rural_other", 25), ("traditional_house", 20), ("modern_house", 10))
BETTER_OFF = {
    "senior_manager": 2.2,
    "employer": 1.6,
    "middle_manager": 1.2,
    "machine_operator": 0.3,
    "employee": 0.2,
    "trader": 0.1,
    "none": -0.9,
    "labourer": -0.5,
}


def wealth_of(rng: random.Random, work: str, rural: bool) -> float:
    """How well off a household is, about -2 to 3. No file holds it: it makes the answers fit each other."""
    return rng.gauss(-0.5 if rural else 0.0, 0.7) + BETTER_OFF.get(work, 0.0)


def work_of_head(rng: random.Random, head: Resident, rural: bool) -> str:
    """The head's occupation."""
    if head.age >= 63:
        return weighted(rng, (("retired", 45), ("none", 30), ("farmer" if rural else "trader", 20), ("rentier", 5)))
    if head.sex == "female" and rng.random() < 0.45:
        return "homemaker"
    return weighted(rng, WORK_RURAL if rural else WORK_URBAN)


def member(rng: random.Random, person: Resident, wealth: float, rural: bool, work: str) -> Json:
    """A member as the household declares it."""
    answers: Json = {
        "idcs": person.idcs,
        **names(rng, person),
        **birth(person),
        "sex": person.sex,
        "relationship": person.relationship,
    }
    if person.cin and rng.random() < 0.8:
        answers["cin"] = person.cin
    education = education_of(rng, person, wealth, rural)
    answers |= {
        "education": education,
        "diploma": diploma_of(rng, education),
        "literate": education != "none" or (person.age >= 8 and rng.random() < 0.3),
    }
    occupation = work if person.relationship == "head" else occupation_of(rng, person, rural)
    answers |= {
        "occupation": occupation,
        "schooling": schooling_of(rng, person, wealth),
        "earns_income": occupation not in ("none", "homemaker", "student"),
    }
    insured = wealth > 0.9 and person.relationship in ("head", "spouse", "child")
    answers["health_cover"] = "other" if insured else weighted(rng, (("ramed_or_tadamon", 60), ("none", 40)))
    if rng.random() < 0.02:
        answers["disability"] = rng.choice(("moderate", "severe"))
    return answers


def names(rng: random.Random, person: Resident) -> Json:
    """The name as a citizen spells it, in Arabic, in Latin letters, or in both."""
    arabic, latin = weighted(rng, (((True, False), 55), ((True, True), 35), ((False, True), 10)))
    found: Json = {}
    if arabic:
        found |= {
            "given_name_ar": arabic_spelling(rng, person.given),
            "family_name_ar": arabic_spelling(rng, person.family),
        }
    if latin:
        found |= {
            "given_name_la": latin_spelling(rng, person.given),
            "family_name_la": latin_spelling(rng, person.family),
        }
    return found


def arabic_spelling(rng: random.Random, name: Name) -> str:
    """The Arabic name, sometimes without its hamza."""
    return name.ar.translate(NO_HAMZA) if rng.random() < HAMZA_LEFT_OUT else name.ar


def latin_spelling(rng: random.Random, name: Name) -> str:
    """The register's Latin spelling, or another usual one."""
    return rng.choice(name.la) if rng.random() < SPELT_OTHERWISE else name.la[0]


def birth(person: Resident) -> Json:
    """The birth date with the register's precision."""
    known = {"birth_date": person.birth_date.isoformat()}
    return known | {"birth_precision": "year"} if person.birth_precision == "year" else known


def education_of(rng: random.Random, person: Resident, wealth: float, rural: bool) -> str:
    """The highest level that a person has reached."""
    if person.age < 6:
        return "none"
    if person.age < 12:
        return "basic"
    reached = rng.gauss(0.6 + 0.4 * wealth - (0.5 if rural else 0) - max(0, person.age - 35) * 0.03, 0.8)
    if person.age < 18:
        return "basic" if reached < 0.9 else "secondary"
    return "none" if reached < -0.2 else "basic" if reached < 0.7 else "secondary" if reached < 1.5 else "higher"


def diploma_of(rng: random.Random, education: str) -> str:
    """The diploma of a level, which not everybody has."""
    if education in ("none", "basic") or rng.random() < 0.25:
        return "none" if education == "none" or rng.random() < 0.5 else "basic"
    return "technical" if rng.random() < 0.2 else education


def occupation_of(rng: random.Random, person: Resident, rural: bool) -> str:
    """The occupation of a member who is not the head."""
    if person.age < 15:
        return "none"
    if person.age < 20 and rng.random() < 0.7:
        return "student"
    if person.age >= 65:
        return weighted(rng, (("none", 60), ("retired", 25), ("homemaker", 15)))
    if person.sex == "female" and rng.random() < 0.68:
        return "homemaker"
    return weighted(rng, WORK_RURAL if rural else WORK_URBAN)


def schooling_of(rng: random.Random, person: Resident, wealth: float) -> str:
    """The kind of school to which a child goes."""
    if not 6 <= person.age <= 17:
        return "none"
    if person.age > 14 and rng.random() < 0.3:
        return "none"
    return "private" if rng.random() < 0.05 + max(0.0, wealth) * 0.25 else "public"


def home(rng: random.Random, wealth: float, rural: bool, people: Sequence[Resident]) -> Json:
    """Housing, belongings and bills of a household."""
    size = len(people)
    has = partial(chance, rng, wealth)
    phones = sum(person.age >= 14 and rng.random() < 0.8 for person in people)
    dwelling = weighted(rng, DWELLINGS_RURAL if rural else DWELLINGS_URBAN)
    if wealth > 2 and rng.random() < 0.4:
        dwelling = "villa"
    belongings = {
        "computer": has(-1.3),
        "antenna": has(1.2),
        "landline": has(-2.0),
        "credit": has(-1.6),
        "second_home": has(-3.6),
        "garage": has(-2.6),
        "business_premises": has(-3.0),
        "non_agricultural_land": rural and has(-2.6),
        "irrigated_land": rural and has(-1.4),
        "mobile_phones": phones,
        "cars": int(has(-1.8)) + int(has(-4.0)),
        "motorcycles": int(has(-1.2)),
        "cows": rng.randint(1, 5) if rural and rng.random() < 0.3 else 0,
    }
    rise = 1.35 ** max(-2.0, min(3.0, wealth))
    return {
        "housing": {
            "dwelling": dwelling,
            "rooms": max(1, min(9, round(rng.gauss(2.6 + 0.6 * wealth, 0.8)))),
            "bath_or_shower": has(0.2 if not rural else -0.8),
            "own_electric_meter": has(1.6),
        },
        "belongings": {name: value for name, value in belongings.items() if value},
        "bills": {
            "gas": money(rng, 42 * rise + 3 * size),
            "telecom": money(rng, 45 * rise * max(1, phones) ** 0.5),
            "water_electricity": [
                money(rng, (110 if not rural else 75) * rise + 12 * size) for _ in range(rng.choice((1, 3, 3)))
            ],
        },
    }


def chance(rng: random.Random, wealth: float, ease: float) -> bool:
    """Whether a household has a thing; average households have it at odds of e^ease to 1."""
    return rng.random() < 1 / (1 + exp(-(ease + 1.1 * wealth)))


def money(rng: random.Random, mean: float) -> str:
    """An amount in dirhams near a mean, as a text with one decimal."""
    return f"{max(5.0, rng.gauss(mean, mean * 0.25)):.1f}"
