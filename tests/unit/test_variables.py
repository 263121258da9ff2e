"""From a declaration to the variables of both formulas, above all where other programs went wrong."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.factories import TODAY, Json, a_child, a_declaration, a_head, a_relative, a_spouse, born
from workflows.policies import index_in_force
from workflows.scoring.variables import FLAGS, SHARES, Variables, age, variables

ONE, ZERO = Decimal(1), Decimal(0)


def of(*members: Json, milieu: str = "urban", **changes: Any) -> Variables:
    """The variables of a household with these members, else the ordinary one."""
    if members:
        changes["members"] = list(members)
    return variables(a_declaration(milieu=milieu, **changes), TODAY)


def a_crowd(size: int) -> list[Json]:
    """A head and others."""
    return [a_head(), *(a_relative(number) for number in range(1, size))]


# The annexes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("milieu", "count"), [("urban", 35), ("rural", 28)])
def test_a_declaration_gives_exactly_the_variables_of_its_annex_in_their_order(milieu: str, count: int) -> None:
    names = list(of(milieu=milieu))
    assert names == list(index_in_force(TODAY).formulas[milieu].coefficients)
    assert len(names) == count


@pytest.mark.parametrize("milieu", ["urban", "rural"])
@pytest.mark.parametrize(("made_by", "table"), [("flag", FLAGS), ("share", SHARES)])
def test_the_tables_name_every_flag_and_every_share(
    milieu: str, made_by: str, table: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"workflows.scoring.variables.{made_by}", lambda *_: Decimal("0.777"))
    found = of(milieu=milieu)
    assert {name for name, value in found.items() if value == Decimal("0.777")} == table & set(found)


def test_the_tables_name_variables_alone() -> None:
    assert {*of(milieu="urban"), *of(milieu="rural")} > FLAGS | SHARES


def test_an_urban_household_that_has_everything() -> None:
    belongings = dict.fromkeys(
        ("computer", "antenna", "landline", "credit", "second_home", "garage", "business_premises"), True
    )
    found = of(
        a_head(
            education="higher", occupation="senior_manager", diploma="higher", earns_income=True, health_cover="other"
        ),
        housing={"dwelling": "villa", "rooms": 4, "bath_or_shower": True, "own_electric_meter": True},
        belongings=belongings | {"mobile_phones": 3, "cars": 2, "motorcycles": 1},
        bills={"gas": "60", "water_electricity": ["300"], "telecom": "200"},
    )
    zero = {name for name, value in found.items() if not value}
    assert zero == {
        "hh_multi_nucleus",
        "head_middle_manager",
        "head_employer",
        "head_retired_or_rentier",
        "n_child_6_14_private_school",
        "n_child_6_14_public_school",
        "share_15p_no_diploma",
        "share_15p_technical_diploma",
        "share_15p_machine_operator",
    }
    assert (found["n_mobile_phones"], found["n_cars"], found["n_motorcycles"]) == (3, 2, 1)
    assert (found["gas_per_head_year"], found["water_elec_per_head_year"], found["telecom_per_head_year"]) == (
        720,
        3600,
        2400,
    )


def test_a_rural_household_that_has_everything() -> None:
    found = of(
        a_head(education="basic", occupation="farmer", health_cover="other", literate=True),
        milieu="rural",
        housing={"dwelling": "rural_stone", "rooms": 1},
        belongings={
            "second_home": True,
            "non_agricultural_land": True,
            "irrigated_land": True,
            "cars": 3,
            "motorcycles": 2,
            "cows": 4,
        },
        bills={"gas": "60", "telecom": "20"},
    )
    assert (found["has_car"], found["has_motorcycle"], found["n_cows"]) == (1, 1, 4)  # a car is a car, however many
    assert found["has_non_agri_land"] == found["has_irrigated_land"] == found["has_second_home"] == ONE
    assert found["head_farmer"] == found["head_basic_education"] == found["share_15p_literate"] == ONE
    assert found["dwelling_villa_flat_trad_stone"] == found["has_health_cover_not_ramed"] == ONE


@pytest.mark.parametrize(
    ("occupation", "milieu", "variable"),
    [
        ("senior_manager", "urban", "head_senior_manager"),
        ("middle_manager", "urban", "head_middle_manager"),
        ("employer", "urban", "head_employer"),
        ("retired", "urban", "head_retired_or_rentier"),
        ("rentier", "urban", "head_retired_or_rentier"),
        ("senior_manager", "rural", "head_senior_manager"),
        ("machine_operator", "rural", "head_machine_operator"),
        ("craftsman", "rural", "head_craftsman"),
        ("farmer", "rural", "head_farmer"),
        ("employer", "rural", "head_employer"),
    ],
)
def test_only_the_heads_occupation_counts_as_the_heads(occupation: str, milieu: str, variable: str) -> None:
    occupations = [
        name
        for name in of(milieu=milieu)
        if name.startswith("head_") and not name.startswith(("head_age", "head_basic", "head_higher"))
    ]
    of_head = of(a_head(occupation=occupation), a_spouse(), milieu=milieu)
    of_spouse = of(a_head(), a_spouse(occupation=occupation), milieu=milieu)
    assert [name for name in occupations if of_head[name]] == [variable]
    assert [name for name in occupations if of_spouse[name]] == []


@pytest.mark.parametrize(
    ("dwelling", "counts"),
    [
        ("villa", 1),
        ("flat", 1),
        ("traditional_house", 1),
        ("rural_stone", 1),
        ("modern_house", 0),
        ("rural_other", 0),
        ("room", 0),
        ("shack", 0),
        ("other", 0),
    ],
)
def test_a_rural_dwelling_counts_as_the_annex_lists_it(dwelling: str, counts: int) -> None:
    assert of(milieu="rural", housing={"dwelling": dwelling, "rooms": 2})["dwelling_villa_flat_trad_stone"] == counts


# Size and crowding ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "rooms", "two", "three"),
    [
        (1, 1, 1, 0),
        (2, 1, 1, 0),
        (3, 1, 0, 1),
        (4, 1, 0, 0),
        (4, 2, 1, 0),
        (5, 2, 0, 1),
        (6, 2, 0, 1),
        (7, 2, 0, 0),
        (6, 3, 1, 0),
        (9, 3, 0, 1),
        (10, 3, 0, 0),
    ],
)
def test_crowding_is_persons_per_room_in_bands_that_exclude_each_other(
    size: int, rooms: int, two: int, three: int
) -> None:
    found = of(*a_crowd(size), milieu="rural", housing={"dwelling": "other", "rooms": rooms})
    assert (found["rooms_max2_per_room"], found["rooms_max3_per_room"]) == (two, three)
    assert of(*a_crowd(size), housing={"dwelling": "other", "rooms": rooms})["rooms_max2_per_room"] == two


def test_the_size_enters_as_it_is_and_squared() -> None:
    found = of(*a_crowd(5))
    assert (found["hh_size"], found["hh_size_sq"]) == (5, 25)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([a_head()], 1),
        ([a_head(), a_spouse()], 1),
        ([a_head(), a_child()], 0),
        ([a_head(), a_relative()], 0),
        ([a_head(), a_spouse(), a_child()], 0),
        ([a_head(), a_spouse(), a_relative()], 0),
    ],
)
def test_one_person_or_a_couple_without_children(members: list[Json], expected: int) -> None:
    assert (
        of(*members)["hh_single_or_childless_couple"]
        == of(*members, milieu="rural")["hh_single_or_childless_couple"]
        == expected
    )


PARENT, OTHER_PARENT = a_relative(1, relationship="parent"), a_relative(2, relationship="parent")


@pytest.mark.parametrize(
    ("members", "several"),
    [
        ([a_head()], 0),
        ([a_head(), a_spouse(), a_child()], 0),
        ([a_head(), a_child()], 0),
        ([a_head(), PARENT], 0),
        ([a_head(), a_spouse(), PARENT], 0),
        ([a_head(), a_spouse(), PARENT, OTHER_PARENT], 1),
        ([a_head(), a_spouse(), PARENT, a_relative(3, relationship="sibling")], 1),
        ([a_head(), PARENT, OTHER_PARENT, a_relative(3, relationship="sibling")], 0),
        ([a_head(), a_spouse(), a_relative(3, relationship="sibling")], 0),
        (
            [
                a_head(),
                a_spouse(),
                a_child(birth_date=born(24)),
                a_child(2, relationship="grandchild", birth_date=born(1)),
            ],
            1,
        ),
        (
            [
                a_head(),
                a_spouse(),
                a_child(birth_date=born(12)),
                a_child(2, relationship="grandchild", birth_date=born(1)),
            ],
            0,
        ),
        ([a_head(), a_child(2, relationship="grandchild", birth_date=born(1))], 0),
    ],
)
def test_a_household_has_several_nuclei_as_far_as_relationships_show_them(members: list[Json], several: int) -> None:
    assert of(*members)["hh_multi_nucleus"] == several


# Ages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("birth", "day", "years"),
    [
        (date(1986, 11, 24), date(2026, 11, 23), 39),
        (date(1986, 11, 24), date(2026, 11, 24), 40),
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
        (date(2026, 11, 24), date(2026, 11, 24), 0),
    ],
)
def test_an_age_is_completed_years(birth: date, day: date, years: int) -> None:
    assert age(birth, day) == years


def test_a_birth_date_of_which_only_the_year_is_known_counts_from_the_first_of_january() -> None:
    found = of(a_head(birth_date="1966-01-01", birth_precision="year"), milieu="rural")
    assert (found["n_60p"], found["n_30_59"]) == (1, 0)


def test_the_heads_age_is_that_of_the_head_wherever_the_head_stands() -> None:
    found = of(a_child(), a_spouse(), a_head(birth_date=born(52)))
    assert (found["head_age"], found["head_age_sq"]) == (52, 52 * 52)


@pytest.mark.parametrize(
    ("years", "group"),
    [(18, None), (19, "n_19_29"), (29, "n_19_29"), (30, "n_30_59"), (59, "n_30_59"), (60, "n_60p"), (97, "n_60p")],
)
def test_rural_age_groups_hold_both_their_ends(years: int, group: str | None) -> None:
    found = of(a_head(birth_date=born(years)), milieu="rural")
    groups = {name: found[name] for name in ("n_19_29", "n_30_59", "n_60p")}
    assert groups == dict.fromkeys(groups, ZERO) | ({group: ONE} if group else {})


@pytest.mark.parametrize(("years", "counted"), [(5, 0), (6, 1), (14, 1), (15, 0)])
@pytest.mark.parametrize("school", ["public", "private"])
def test_children_at_school_count_from_6_to_14(years: int, counted: int, school: str) -> None:
    found = of(a_head(), a_child(birth_date=born(years), schooling=school))
    assert found[f"n_child_6_14_{school}_school"] == counted
    assert found[f"n_child_6_14_{'public' if school == 'private' else 'private'}_school"] == 0


def test_a_child_who_goes_to_no_school_counts_in_neither() -> None:
    found = of(a_head(), a_child(schooling="none"))
    assert found["n_child_6_14_public_school"] == found["n_child_6_14_private_school"] == 0


# Shares --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "milieu", "answer"),
    [
        ("share_15p_no_diploma", "urban", {"diploma": "none"}),
        ("share_15p_technical_diploma", "urban", {"diploma": "technical"}),
        ("share_15p_earning", "urban", {"earns_income": True}),
        ("share_15p_machine_operator", "urban", {"occupation": "machine_operator"}),
        ("share_senior_manager", "urban", {"occupation": "senior_manager"}),
        ("share_15p_literate", "rural", {"literate": True}),
        ("share_15p_higher_diploma", "rural", {"diploma": "higher"}),
        ("share_15p_trader", "rural", {"occupation": "trader"}),
    ],
)
def test_a_share_counts_grown_members_over_the_whole_household(variable: str, milieu: str, answer: Json) -> None:
    rest = {"diploma": "basic"}
    household = [a_head(**rest | answer), a_spouse(**rest), a_child(1, **rest), a_child(2, **rest)]
    assert of(*household, milieu=milieu)[variable] == Decimal("0.25")
    assert of(*[each | answer for each in household[:2]], *household[2:], milieu=milieu)[variable] == Decimal("0.5")


@pytest.mark.parametrize(("years", "counts"), [(14, 0), (15, 1)])
def test_a_member_is_grown_from_15_years_on(years: int, counts: int) -> None:
    member = a_child(birth_date=born(years), earns_income=True, literate=True)
    assert of(a_head(), member)["share_15p_earning"] == Decimal(counts) / 2
    assert of(a_head(), member, milieu="rural")["share_15p_literate"] == Decimal(counts) / 2


@pytest.mark.parametrize(("cover", "counts"), [("none", 0), ("ramed_or_tadamon", 0), ("other", 1)])
def test_ramed_and_tadamon_are_no_other_health_cover(cover: str, counts: int) -> None:
    assert of(a_head(), a_child(health_cover=cover))["has_health_cover_not_ramed"] == counts
    assert of(a_head(), a_child(health_cover=cover), milieu="rural")["has_health_cover_not_ramed"] == counts


# Spending ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bills", "a_month"),
    [([], "0"), (["100"], "100"), (["100", "200"], "150"), (["100", "200", "330"], "210"), (["0", "0", "90"], "30")],
)
def test_water_and_electricity_are_the_mean_of_the_bills_given(bills: list[str], a_month: str) -> None:
    found = of(a_head(), a_spouse(), bills={"water_electricity": bills})
    assert found["water_elec_per_head_year"] == Decimal(a_month) * 12 / 2


@pytest.mark.parametrize("milieu", ["urban", "rural"])
def test_spending_is_of_a_year_and_a_head(milieu: str) -> None:
    found = of(*a_crowd(5), milieu=milieu, bills={"gas": "50", "water_electricity": ["75.5"], "telecom": "19.90"})
    spent = [found[name] for name in ("gas_per_head_year", "water_elec_per_head_year", "telecom_per_head_year")]
    assert spent == [Decimal("120"), Decimal("181.2"), Decimal("47.76")]
