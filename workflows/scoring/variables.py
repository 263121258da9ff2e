"""Computes the variables of the formula (decree 2-21-582, annexes 1 and 2) from a declaration.

A comment marks each reading of the annexes that is not sure; `policies/index/*.toml` lists them all with the reason.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from workflows.bodies.declaration import Declaration, Member

Variables = Mapping[str, Decimal]
ADULT = 15  # the annexes count education, literacy and work from 15 years on
ZERO, ONE, TWELVE = Decimal(0), Decimal(1), Decimal(12)
STONE_OR_BETTER = {"villa", "flat", "traditional_house", "rural_stone"}
# A flag is 0 or 1, a share lies between 0 and 1. All other variables are counts, amounts and ages.
FLAGS = {
    "hh_single_or_childless_couple",
    "hh_multi_nucleus",
    "rooms_max2_per_room",
    "rooms_max3_per_room",
    "dwelling_villa_flat_trad_stone",
    "has_bath_or_shower",
    "own_electric_meter",
    "head_basic_education",
    "head_higher_education",
    "head_senior_manager",
    "head_middle_manager",
    "head_employer",
    "head_retired_or_rentier",
    "head_machine_operator",
    "head_craftsman",
    "head_farmer",
    "has_computer",
    "has_antenna",
    "has_landline",
    "has_health_cover_not_ramed",
    "has_credit",
    "has_second_home",
    "has_garage",
    "has_business_premises",
    "has_car",
    "has_motorcycle",
    "has_non_agri_land",
    "has_irrigated_land",
}
SHARES = {
    "share_15p_no_diploma",
    "share_15p_technical_diploma",
    "share_15p_earning",
    "share_15p_machine_operator",
    "share_senior_manager",
    "share_15p_literate",
    "share_15p_higher_diploma",
    "share_15p_trader",
}

# The part of the declaration that a variable rests on; every other one rests on who the members are.
PARTS = {
    "housing": {
        "rooms_max2_per_room",
        "rooms_max3_per_room",
        "dwelling_villa_flat_trad_stone",
        "has_bath_or_shower",
        "own_electric_meter",
    },
    "belongings": {
        "has_computer",
        "has_antenna",
        "has_landline",
        "has_credit",
        "has_second_home",
        "has_garage",
        "has_business_premises",
        "has_car",
        "has_motorcycle",
        "has_non_agri_land",
        "has_irrigated_land",
        "n_mobile_phones",
        "n_cars",
        "n_motorcycles",
        "n_cows",
    },
    "bills": {"gas_per_head_year", "water_elec_per_head_year", "telecom_per_head_year"},
}


def part_of(variable: str) -> str:
    """The part of the declaration that a variable rests on: for people who ask what moved their index."""
    return next((part for part, named in PARTS.items() if variable in named), "members")


def age(born: date, day: date) -> int:
    """Completed years on a day. Where only the year of birth is known, the date is 1 January, and counts as such."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def variables(declaration: Declaration, day: date) -> Variables:
    """The variables of the household's milieu on a day.

    Amounts in DH a head and year; shares of the whole household's size.
    """
    ages = [age(member.birth_date, day) for member in declaration.members]
    if declaration.milieu == "urban":
        return urban(declaration, ages)
    return rural(declaration, ages)


def urban(declaration: Declaration, ages: list[int]) -> Variables:
    """The 35 variables of annex 1."""
    members, has, head = declaration.members, declaration.belongings, declaration.head
    n, head_age = len(members), ages[[member.relationship for member in members].index("head")]
    adults = [member for member, years in zip(members, ages, strict=True) if years >= ADULT]
    diplomas = [member.diploma for member in adults]
    schools = [member.schooling for member, years in zip(members, ages, strict=True) if 6 <= years <= 14]
    return {
        "hh_single_or_childless_couple": flag(is_single_or_childless_couple(members)),
        "hh_multi_nucleus": flag(nuclei(members, ages) > 1),
        "rooms_max2_per_room": flag(n <= 2 * declaration.housing.rooms),
        "has_bath_or_shower": flag(declaration.housing.bath_or_shower),
        "own_electric_meter": flag(declaration.housing.own_electric_meter),
        "head_higher_education": flag(head.education == "higher"),
        "head_senior_manager": flag(head.occupation == "senior_manager"),
        "head_middle_manager": flag(head.occupation == "middle_manager"),
        "head_employer": flag(head.occupation == "employer"),
        "head_retired_or_rentier": flag(head.occupation in ("retired", "rentier")),
        "has_computer": flag(has.computer),
        "has_antenna": flag(has.antenna),
        "has_landline": flag(has.landline),
        "has_health_cover_not_ramed": flag(is_covered(members)),
        "has_credit": flag(has.credit),
        "has_second_home": flag(has.second_home),
        "has_garage": flag(has.garage),
        "has_business_premises": flag(has.business_premises),
        "hh_size": Decimal(n),
        "hh_size_sq": Decimal(n * n),
        "head_age": Decimal(head_age),
        "head_age_sq": Decimal(head_age * head_age),
        "n_child_6_14_private_school": Decimal(schools.count("private")),
        "n_child_6_14_public_school": Decimal(schools.count("public")),
        "share_15p_no_diploma": share(diplomas.count("none"), n),
        "share_15p_technical_diploma": share(diplomas.count("technical"), n),
        "share_15p_earning": share([member.earns_income for member in adults].count(True), n),
        "share_15p_machine_operator": share([member.occupation for member in adults].count("machine_operator"), n),
        "share_senior_manager": share([member.occupation for member in members].count("senior_manager"), n),
        "n_mobile_phones": Decimal(has.mobile_phones),
        "n_cars": Decimal(has.cars),
        "n_motorcycles": Decimal(has.motorcycles),
        **spending(declaration, n),
    }


def rural(declaration: Declaration, ages: list[int]) -> Variables:
    """The 28 variables of annex 2."""
    members, has, head = declaration.members, declaration.belongings, declaration.head
    n, rooms = len(members), declaration.housing.rooms
    adults = [member for member, years in zip(members, ages, strict=True) if years >= ADULT]
    return {
        "hh_single_or_childless_couple": flag(is_single_or_childless_couple(members)),
        "dwelling_villa_flat_trad_stone": flag(declaration.housing.dwelling in STONE_OR_BETTER),
        "rooms_max2_per_room": flag(n <= 2 * rooms),
        "rooms_max3_per_room": flag(2 * rooms < n <= 3 * rooms),  # read as bands that exclude each other
        "head_basic_education": flag(head.education == "basic"),
        "head_senior_manager": flag(head.occupation == "senior_manager"),
        "head_machine_operator": flag(head.occupation == "machine_operator"),
        "head_craftsman": flag(head.occupation == "craftsman"),
        "head_farmer": flag(head.occupation == "farmer"),
        "head_employer": flag(head.occupation == "employer"),
        "has_car": flag(has.cars > 0),
        "has_motorcycle": flag(has.motorcycles > 0),
        "has_health_cover_not_ramed": flag(is_covered(members)),
        "has_second_home": flag(has.second_home),
        "has_non_agri_land": flag(has.non_agricultural_land),
        "has_irrigated_land": flag(has.irrigated_land),
        "hh_size": Decimal(n),
        "hh_size_sq": Decimal(n * n),
        "n_19_29": Decimal(sum(19 <= years <= 29 for years in ages)),
        "n_30_59": Decimal(sum(30 <= years <= 59 for years in ages)),
        "n_60p": Decimal(sum(years >= 60 for years in ages)),
        "share_15p_literate": share([member.literate for member in adults].count(True), n),
        "share_15p_higher_diploma": share([member.diploma for member in adults].count("higher"), n),
        "share_15p_trader": share([member.occupation for member in adults].count("trader"), n),
        "n_cows": Decimal(has.cows),
        **spending(declaration, n),
    }


def flag(holds: bool) -> Decimal:
    """1 where the condition holds, else 0."""
    return ONE if holds else ZERO


def share(count: int, n: int) -> Decimal:
    """A number of members as a share of the whole household."""
    return Decimal(count) / n if count else ZERO


def spending(declaration: Declaration, n: int) -> Variables:
    """Spending in DH a head and year, from monthly bills; for water and electricity from the mean of the bills."""
    bills = declaration.bills
    water = bills.water_electricity
    return {
        "gas_per_head_year": bills.gas * TWELVE / n,
        "water_elec_per_head_year": sum(water, ZERO) * TWELVE / len(water) / n if water else ZERO,
        "telecom_per_head_year": bills.telecom * TWELVE / n,
    }


def is_single_or_childless_couple(members: list[Member]) -> bool:
    """Whether the household is one person, or the head and a spouse alone."""
    return len(members) == 1 or (len(members) == 2 and any(member.relationship == "spouse" for member in members))


def is_covered(members: list[Member]) -> bool:
    """Whether a member has a health cover other than RAMED; AMO Tadamon, which replaced it, counts as RAMED."""
    return any(member.health_cover == "other" for member in members)


def nuclei(members: list[Member], ages: list[int]) -> int:
    """Family nuclei (a couple, or a parent with unmarried children) as far as relationships to the head show them.

    A child's husband or wife is an `other_relative` and does not show; a child with the head's grandchild does.
    """
    kin = [member.relationship for member in members]
    own, parents = "spouse" in kin or "child" in kin, kin.count("parent")
    of_parents = parents > 1 or (parents == 1 and ("sibling" in kin or not own))
    grown = any(member.relationship == "child" and years >= ADULT for member, years in zip(members, ages, strict=True))
    return own + of_parents + ("grandchild" in kin and grown)
