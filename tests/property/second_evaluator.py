"""The formula once more, written from domain.md alone: plain fractions over the policy file, from the application's
body.

It shares no line with `workflows/scoring/variables.py` and `workflows/scoring/formula.py`: the two must agree.
"""

import tomllib
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import workflows.policies

FILE = Path(workflows.policies.__path__[0]) / "index" / "2021-08-09.toml"
ANNEX = tomllib.loads(FILE.read_text())

Body = dict[str, Any]
Person = dict[str, Any]


def score(body: Body, day: date) -> Fraction:
    """S = K + K(region) + sum of c x V."""
    milieu = ANNEX[body["milieu"]]
    total = Fraction(milieu["constant"]) + Fraction(ANNEX["regions"][str(body["region"])][body["milieu"]])
    for name, coefficient in milieu["coefficients"].items():
        total += Fraction(coefficient) * Fraction(VALUE[name](body, day))
    return total


def years(person: Person, day: date) -> int:
    """Birthdays seen so far."""
    born = date.fromisoformat(person["birth_date"])
    return sum(
        1
        for year in range(born.year + 1, day.year + 1)
        if (born.month, born.day) <= (day.month, day.day) or year < day.year
    )


def head(body: Body) -> Person:
    """The head."""
    people: list[Person] = body["members"]
    (found,) = (person for person in people if person["relationship"] == "head")
    return found


def size(body: Body) -> int:
    """n."""
    return len(body["members"])


def grown(body: Body, day: date) -> list[Person]:
    """Those of 15 and more."""
    return [person for person in body["members"] if years(person, day) >= 15]


def aged(low: int, high: int) -> Callable[[Body, date], int]:
    """How many are of these ages, both included."""
    return lambda body, day: len([1 for person in body["members"] if low <= years(person, day) <= high])


def at_school(kind: str) -> Callable[[Body, date], int]:
    """Children from 6 to 14 in this kind of school."""
    return lambda body, day: len(
        [1 for person in body["members"] if years(person, day) in range(6, 15) and person["schooling"] == kind]
    )


def share(field: str, wanted: object) -> Callable[[Body, date], Fraction]:
    """Members of 15 and more with this answer, over n."""
    return lambda body, day: Fraction(len([1 for person in grown(body, day) if person[field] == wanted]), size(body))


def head_is(field: str, *wanted: str) -> Callable[[Body, date], bool]:
    """Whether the head's answer is one of these."""
    return lambda body, day: head(body)[field] in wanted


def has(name: str) -> Callable[[Body, date], int]:
    """A belonging, or how many of it."""
    return lambda body, day: int(body["belongings"][name])


def lives(name: str) -> Callable[[Body, date], int]:
    """An answer on the dwelling."""
    return lambda body, day: int(body["housing"][name])


def persons_per_room(low: int, high: int) -> Callable[[Body, date], bool]:
    """More than `low` and at most `high`."""
    return lambda body, day: low < Fraction(size(body), body["housing"]["rooms"]) <= high


def a_year_and_head(name: str) -> Callable[[Body, date], Fraction]:
    """Twelve months over n; of several bills their mean."""

    def spent(body: Body, day: date) -> Fraction:
        bills = body["bills"][name]
        amounts = [Fraction(each) for each in (bills if isinstance(bills, list) else [bills])]
        return sum(amounts, Fraction(0)) / len(amounts) * 12 / size(body) if amounts else Fraction(0)

    return spent


def alone_or_a_couple(body: Body, day: date) -> bool:
    """One person, or the head and a spouse."""
    return sorted(person["relationship"] for person in body["members"]) in (["head"], ["head", "spouse"])


def covered(body: Body, day: date) -> bool:
    """Somebody's cover is another than RAMED or Tadamon."""
    return "other" in {person["health_cover"] for person in body["members"]}


def several_nuclei(body: Body, day: date) -> bool:
    """More than one of: the head's own, the head's parents', a grown child's."""
    kin = [person["relationship"] for person in body["members"]]
    own = "spouse" in kin or "child" in kin
    parents = kin.count("parent") >= 2 or ("parent" in kin and ("sibling" in kin or not own))
    childs = "grandchild" in kin and any(person["relationship"] == "child" for person in grown(body, day))
    return [own, parents, childs].count(True) > 1


VALUE: dict[str, Callable[[Body, date], Any]] = {
    "hh_single_or_childless_couple": alone_or_a_couple,
    "hh_multi_nucleus": several_nuclei,
    "rooms_max2_per_room": persons_per_room(0, 2),
    "rooms_max3_per_room": persons_per_room(2, 3),
    "dwelling_villa_flat_trad_stone": lambda body, day: (
        body["housing"]["dwelling"] in ("villa", "flat", "traditional_house", "rural_stone")
    ),
    "has_bath_or_shower": lives("bath_or_shower"),
    "own_electric_meter": lives("own_electric_meter"),
    "head_higher_education": head_is("education", "higher"),
    "head_basic_education": head_is("education", "basic"),
    "head_senior_manager": head_is("occupation", "senior_manager"),
    "head_middle_manager": head_is("occupation", "middle_manager"),
    "head_machine_operator": head_is("occupation", "machine_operator"),
    "head_craftsman": head_is("occupation", "craftsman"),
    "head_farmer": head_is("occupation", "farmer"),
    "head_employer": head_is("occupation", "employer"),
    "head_retired_or_rentier": head_is("occupation", "retired", "rentier"),
    "has_computer": has("computer"),
    "has_antenna": has("antenna"),
    "has_landline": has("landline"),
    "has_health_cover_not_ramed": covered,
    "has_credit": has("credit"),
    "has_second_home": has("second_home"),
    "has_garage": has("garage"),
    "has_business_premises": has("business_premises"),
    "has_car": lambda body, day: body["belongings"]["cars"] >= 1,
    "has_motorcycle": lambda body, day: body["belongings"]["motorcycles"] >= 1,
    "has_non_agri_land": has("non_agricultural_land"),
    "has_irrigated_land": has("irrigated_land"),
    "hh_size": lambda body, day: size(body),
    "hh_size_sq": lambda body, day: size(body) ** 2,
    "head_age": lambda body, day: years(head(body), day),
    "head_age_sq": lambda body, day: years(head(body), day) ** 2,
    "n_child_6_14_private_school": at_school("private"),
    "n_child_6_14_public_school": at_school("public"),
    "share_15p_no_diploma": share("diploma", "none"),
    "share_15p_technical_diploma": share("diploma", "technical"),
    "share_15p_higher_diploma": share("diploma", "higher"),
    "share_15p_earning": share("earns_income", True),
    "share_15p_machine_operator": share("occupation", "machine_operator"),
    "share_15p_trader": share("occupation", "trader"),
    "share_15p_literate": share("literate", True),
    "share_senior_manager": lambda body, day: Fraction(
        len([1 for person in body["members"] if person["occupation"] == "senior_manager"]), size(body)
    ),
    "n_mobile_phones": has("mobile_phones"),
    "n_cars": has("cars"),
    "n_motorcycles": has("motorcycles"),
    "n_cows": has("cows"),
    "n_19_29": aged(19, 29),
    "n_30_59": aged(30, 59),
    "n_60p": aged(60, 200),
    "gas_per_head_year": a_year_and_head("gas"),
    "water_elec_per_head_year": a_year_and_head("water_electricity"),
    "telecom_per_head_year": a_year_and_head("telecom"),
}
