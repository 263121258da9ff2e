"""The published vectors of the formula, and the mistakes seen in other programs that compute it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from models.errors import Refused
from tests.factories import Json, a_body, a_child, a_head, a_spouse, an_idcs, born, examples
from workflows.policies import index_in_force
from workflows.scoring.calculator import score_document

DAY = date(2026, 11, 24)
VECTORS: dict[str, Json] = examples("score_vectors.yaml")
DECLARED = {name: vector for name, vector in VECTORS.items() if "declaration" in vector}
PERSON = {"head": a_head, "spouse": a_spouse, "child": a_child}


def document(name: str, **changes: Any) -> Json:
    """A vector as `sijil score` takes it."""
    vector = VECTORS[name]
    return {"milieu": vector["milieu"], "region": vector["region"], "variables": vector["variables"] | changes}


def declared(vector: Json) -> Json:
    """A vector's household as a citizen would declare it."""
    people = [
        PERSON[each["relationship"]](**answers(each, number))
        for number, each in enumerate(vector["declaration"]["members"], 1)
    ]
    return a_body(milieu=vector["milieu"], region=vector["region"], **{**vector["declaration"], "members": people})


def answers(member: Json, number: int) -> Json:
    """A member of a vector: the age stands for a birth date."""
    more = {name: value for name, value in member.items() if name != "age"}
    return more | {"birth_date": born(member["age"]), "idcs": an_idcs(number)}


def outcome(found: Json) -> Json:
    """The score and the programmes that the vectors name; another one that is added is none of their business."""
    return {"score": found["score"], **{name: found["programmes"][name] for name in ("ASD", "AMO_TADAMON")}}


def expected(vector: Json) -> Json:
    return {"score": vector["score"], "ASD": vector["ASD"], "AMO_TADAMON": vector["AMO_TADAMON"]}


def score(found: Json) -> Decimal:
    return Decimal(found["exact"])


@pytest.mark.parametrize("name", VECTORS)
def test_the_variables_of_a_vector_give_its_score_and_programmes(name: str) -> None:
    assert outcome(score_document(document(name), DAY)) == expected(VECTORS[name])


@pytest.mark.parametrize("name", DECLARED)
def test_the_declaration_of_a_vector_gives_the_same_score(name: str) -> None:
    assert outcome(score_document(declared(DECLARED[name]), DAY)) == expected(DECLARED[name])


def test_every_published_vector_is_here() -> None:
    assert list(VECTORS) == ["T1", "T2", "T5", "T5b", "T5c", "T6", "T7", "T8", "T9"]


def test_the_couple_of_t9_misses_tadamon_by_less_than_two_decimals_show() -> None:
    found = score_document(document("T9"), DAY)
    assert score(found) - Decimal(found["thresholds"]["AMO_TADAMON"]) == Decimal("0.0004316")


@pytest.mark.parametrize("milieu", ["urban", "rural"])
def test_one_variable_that_is_missing_shifts_none_of_the_others(milieu: str) -> None:
    """Another program kept its coefficients in a list: without the car every later one met its neighbour's."""
    coefficients = index_in_force(DAY).formulas[milieu].coefficients
    every = {name: Decimal(1) for name in coefficients}
    whole = score_document({"milieu": milieu, "region": 8, "variables": every}, DAY)
    for name, coefficient in coefficients.items():
        without = score_document(
            {"milieu": milieu, "region": 8, "variables": {each: 1 for each in every if each != name}}, DAY
        )
        assert score(whole) - score(without) == coefficient
        assert without["assumed_zero"] == [name]


def test_variables_that_are_absent_count_as_zero_and_are_named() -> None:
    found = score_document({"milieu": "urban", "region": 8, "variables": {}}, DAY)
    assert found["exact"] == "9.825"
    assert len(found["assumed_zero"]) == 35
    assert len(score_document({"milieu": "rural", "region": 8, "variables": {}}, DAY)["assumed_zero"]) == 28


def test_numbers_sent_as_texts_are_added_and_never_strung_together() -> None:
    as_texts = {name: str(value) for name, value in VECTORS["T1"]["variables"].items()}
    assert score_document(document("T1", **as_texts), DAY) == score_document(document("T1"), DAY)


def test_a_binary_fraction_counts_as_it_is_written() -> None:
    assert score_document(document("T1", share_15p_earning=0.1), DAY) == score_document(
        document("T1", share_15p_earning="0.1"), DAY
    )


@pytest.mark.parametrize(("milieu", "constant"), [("urban", "9.825"), ("rural", "8.695")])
def test_each_milieu_has_its_own_constant(milieu: str, constant: str) -> None:
    found = score_document({"milieu": milieu, "region": 8, "variables": {}}, DAY)
    assert (found["constant"], found["exact"]) == (constant, constant)


def test_a_region_counts_differently_in_town_and_country() -> None:
    constants = {
        milieu: score_document({"milieu": milieu, "region": 5, "variables": {}}, DAY)["region_constant"]
        for milieu in ("urban", "rural")
    }
    assert constants == {"urban": "0", "rural": "0.351"}


def test_spending_is_divided_by_the_size_of_the_household() -> None:
    four = declared(DECLARED["T1"])
    two = four | {"members": four["members"][:2]}
    assert score_document(four, DAY)["contributions"]["telecom_per_head_year"] == "0.045300"  # 50 x 12 / 4 x 0.000302
    assert Decimal(score_document(two, DAY)["contributions"]["telecom_per_head_year"]) == Decimal("0.0906")


def test_twenty_dirhams_of_recharge_cost_what_the_complaint_says() -> None:
    urban = [score(score_document(document("T1", telecom_per_head_year=amount), DAY)) for amount in (150, 210)]
    rural = [score(score_document(document("T6", telecom_per_head_year=amount), DAY)) for amount in (40, 80)]
    assert urban[1] - urban[0] == Decimal("0.01812")
    assert rural[1] - rural[0] == Decimal("0.0344")


def test_a_garage_and_a_landline_are_two_things() -> None:
    both = score_document(document("T1", has_garage=1, has_landline=1), DAY)
    assert score(both) - score(score_document(document("T1"), DAY)) == Decimal("0.117") + Decimal("0.0532")


def test_the_contributions_and_constants_add_up_to_the_score() -> None:
    for name in VECTORS:
        found = score_document(document(name), DAY)
        assert sum(
            map(Decimal, found["contributions"].values()),
            Decimal(found["constant"]) + Decimal(found["region_constant"]),
        ) == score(found)


@pytest.mark.parametrize("region", [6, "6", "Casablanca-Settat", "casablanca settat", "٦", " 6 "])
def test_a_region_is_taken_by_number_or_by_name(region: object) -> None:
    assert score_document(document("T1") | {"region": region}, DAY)["region_constant"] == "0.22"


@pytest.mark.parametrize("region", [0, 13, "Atlantis", None, True, 6.5, Decimal(6), "6.0", "+6", "", [6]])
def test_a_region_that_does_not_exist_is_named(region: object) -> None:
    with pytest.raises(Refused) as refused:
        score_document(document("T1") | {"region": region}, DAY)
    assert [each["field"] for each in refused.value.problems] == ["region"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hh_size", "four"),
        ("hh_size", None),
        ("hh_size", True),
        ("hh_size", [4]),
        ("hh_size", "NaN"),
        ("hh_size", "Infinity"),
        ("hh_size", -1),
        ("hh_size", "1_0"),
        ("hh_size", "1e1"),
        ("hh_size", "+4"),
        ("has_antenna", 2),
        ("head_senior_manager", 2),
        ("rooms_max2_per_room", "0.5"),
        ("share_15p_earning", "1.1"),
        ("telecom_per_head_year", 10_000_000),
    ],
)
def test_a_value_that_cannot_be_is_named(name: str, value: object) -> None:
    with pytest.raises(Refused) as refused:
        score_document(document("T1", **{name: value}), DAY)
    assert [each["field"] for each in refused.value.problems] == [f"variables.{name}"]


def test_yes_and_no_are_taken_where_a_variable_says_yes_or_no() -> None:
    sent = {
        name: bool(value) if name.startswith(("has_", "own_", "rooms_")) else value
        for name, value in VECTORS["T1"]["variables"].items()
    }
    assert score_document(document("T1") | {"variables": sent}, DAY) == score_document(document("T1"), DAY)


def test_a_variable_of_the_other_milieu_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        score_document(document("T1", n_cows=3), DAY)
    assert refused.value.problems == [
        {"field": "variables.n_cows", "message": "Is not a variable of the urban formula."}
    ]


@pytest.mark.parametrize("sent", [[], "urban", None, 7])
def test_what_is_no_document_is_refused(sent: object) -> None:
    with pytest.raises(Refused, match="one JSON object"):
        score_document(sent, DAY)


def test_a_declaration_that_is_not_valid_names_its_fields() -> None:
    with pytest.raises(Refused) as refused:
        score_document(a_body(region=13, milieu="desert"), DAY)
    assert {each["field"] for each in refused.value.problems} == {"region", "milieu"}


def test_no_score_is_computed_for_a_day_before_the_decree() -> None:
    with pytest.raises(Refused, match="2021-08-09"):
        score_document(document("T1"), date(2021, 8, 8))
