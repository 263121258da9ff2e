"""What counted in a household's index, in the household's words: each value, what it adds, and where it was declared.

Pure. The formula's terms (workflows/scoring/variables.py) are put together by the value that they rest on: a household
has one size, though the formula counts it twice.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from workflows.bodies.declaration import Declaration, Member
from workflows.events.registration import ScoreComputed
from workflows.scoring.variables import FLAGS

GROUPS = ("household", "people", "housing", "belongings", "bills", "formula")
# The value of the declaration that each variable rests on, where that is one; `head.` is that of the household's head,
# and `members.` that of each member.
RESTS_ON: Mapping[str, str] = {
    "rooms_max2_per_room": "housing.rooms",
    "rooms_max3_per_room": "housing.rooms",
    "dwelling_villa_flat_trad_stone": "housing.dwelling",
    "has_bath_or_shower": "housing.bath_or_shower",
    "own_electric_meter": "housing.own_electric_meter",
    "has_computer": "belongings.computer",
    "has_antenna": "belongings.antenna",
    "has_landline": "belongings.landline",
    "has_credit": "belongings.credit",
    "has_second_home": "belongings.second_home",
    "has_garage": "belongings.garage",
    "has_business_premises": "belongings.business_premises",
    "has_car": "belongings.cars",
    "n_cars": "belongings.cars",
    "has_motorcycle": "belongings.motorcycles",
    "n_motorcycles": "belongings.motorcycles",
    "has_non_agri_land": "belongings.non_agricultural_land",
    "has_irrigated_land": "belongings.irrigated_land",
    "n_mobile_phones": "belongings.mobile_phones",
    "n_cows": "belongings.cows",
    "gas_per_head_year": "bills.gas",
    "water_elec_per_head_year": "bills.water_electricity",
    "telecom_per_head_year": "bills.telecom",
    "head_age": "head.birth_date",
    "head_age_sq": "head.birth_date",
    "head_basic_education": "head.education",
    "head_higher_education": "head.education",
    "head_senior_manager": "head.occupation",
    "head_middle_manager": "head.occupation",
    "head_employer": "head.occupation",
    "head_retired_or_rentier": "head.occupation",
    "head_machine_operator": "head.occupation",
    "head_craftsman": "head.occupation",
    "head_farmer": "head.occupation",
    "hh_multi_nucleus": "members.relationship",
    "n_19_29": "members.birth_date",
    "n_30_59": "members.birth_date",
    "n_60p": "members.birth_date",
    "n_child_6_14_private_school": "members.schooling",
    "n_child_6_14_public_school": "members.schooling",
    "share_15p_no_diploma": "members.diploma",
    "share_15p_technical_diploma": "members.diploma",
    "share_15p_higher_diploma": "members.diploma",
    "share_15p_earning": "members.earns_income",
    "share_15p_machine_operator": "members.occupation",
    "share_15p_trader": "members.occupation",
    "share_senior_manager": "members.occupation",
    "share_15p_literate": "members.literate",
    "has_health_cover_not_ramed": "members.health_cover",
    "region": "region",
}
# What rests on who the members are and on nothing else: it changes where somebody joins or leaves.
ON_SIZE = ("hh_size", "hh_size_sq", "hh_single_or_childless_couple")
SAME = {"hh_size_sq": "hh_size", "head_age_sq": "head_age"}  # terms of one value
AMONG = "share_"  # how the shares begin: so many of the members


class Counted(NamedTuple):
    """A value that counted: the text that names it, what it was, what it adds, and its path in the declaration.

    `name` is a path of the declaration or a variable of the formula; `of` is the given name of the one member whom it
    is about. `value` is as the declaration has it; `among`: so many members of all.
    """

    name: str
    value: object
    added: Decimal
    path: str = ""
    of: str = ""
    among: int = 0

    @property
    def declared(self) -> bool:
        """Whether it is one value of the declaration, under whose name people know it."""
        return self.path == self.name and self.name != "milieu"

    @property
    def kind(self) -> str:
        """How it is shown: "flag", "amounts", "choice", "region" or "number"."""
        if isinstance(self.value, bool) or self.name in FLAGS:
            return "flag"
        if isinstance(self.value, str):
            return "choice"
        return "amounts" if isinstance(self.value, list) else "region" if self.name == "region" else "number"

    @property
    def choice(self) -> str:
        """Under which name the catalogue has its choices."""
        return self.name.rpartition(".")[2]


class Group(NamedTuple):
    """What counted of one part of a household's life."""

    name: str
    values: tuple[Counted, ...]


def groups_of(declaration: Declaration, scored: ScoreComputed) -> list[Group]:
    """Everything that counted in this index, by group; together with nothing else it is the index."""
    found: dict[str, Counted] = {}
    for each in [*values_of(declaration, scored), *constants_of(declaration, scored)]:
        before = found.get(each.name)
        found[each.name] = before._replace(added=before.added + each.added) if before else each
    by_group: dict[str, list[Counted]] = {name: [] for name in GROUPS}
    for each in found.values():
        by_group[group_of(each)].append(each)
    return [Group(name, tuple(values)) for name, values in by_group.items() if values]


def values_of(declaration: Declaration, scored: ScoreComputed) -> Iterator[Counted]:
    """Each term of the sum as a value of the household; terms of one value have one name."""
    for each in scored.contributions:
        name, path = SAME.get(each.variable, each.variable), RESTS_ON.get(each.variable, "")
        part, _, field = path.partition(".")
        if part in ("housing", "belongings", "bills"):
            yield Counted(path, getattr(getattr(declaration, part), field), each.product, path)
        elif part == "head":
            yield of_head(declaration, name, field, each.value)._replace(added=each.product)
        elif name.startswith(AMONG):
            size = len(declaration.members)
            yield Counted(name, int((each.value * size).to_integral_value()), each.product, path, among=size)
        else:
            yield Counted(name, each.value, each.product, path)


def of_head(declaration: Declaration, name: str, field: str, value: Decimal) -> Counted:
    """A value of the head: the age in years, else what was declared, in the declaration's words."""
    place = declaration.members.index(declaration.head)
    path, said = f"members[{place}].{field}", given_name(declaration.head)
    if field == "birth_date":
        return Counted("head_age", value, Decimal(0), path, said)
    return Counted(f"head.{field}", getattr(declaration.head, field), Decimal(0), path, said)


def constants_of(declaration: Declaration, scored: ScoreComputed) -> Iterator[Counted]:
    """What the formula adds for every household of the milieu and of the region."""
    yield Counted("milieu", declaration.milieu, scored.constant, "milieu")
    yield Counted("region", declaration.region, scored.region)


def group_of(value: Counted) -> str:
    """The group in which people look for a value."""
    if value.name in ("milieu", "region"):
        return "formula"
    part = value.path.partition(".")[0]
    if part in GROUPS:
        return part
    return "household" if value.name in ON_SIZE or part == "" or value.name.startswith(("n_", "hh_")) else "people"


def given_name(member: Member) -> str:
    """The given name by which the household calls a member."""
    return (member.given_name_ar if member.family_name_ar else None) or member.given_name_la or ""


def names_counted(variables: Iterable[str]) -> set[str]:
    """The names of what these variables count that are no names of declared values: the catalogue has them."""
    shown = {"milieu", "region"}
    for each in variables:
        path = RESTS_ON.get(each, "")
        part, _, field = path.partition(".")
        if part in ("housing", "belongings", "bills"):
            continue
        if part == "head":
            shown.add("head_age" if field == "birth_date" else path)
        else:
            shown.add(SAME.get(each, each))
    return shown
