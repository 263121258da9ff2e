"""The index of any household: two evaluators agree, and each variable that enters linearly moves it one way."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import NOW, TODAY, Json, a_case_file
from tests.property.second_evaluator import VALUE
from tests.property.second_evaluator import score as score_again
from tests.strategies import bodies
from workflows.bodies.declaration import Declaration
from workflows.evidence import IndexInForce
from workflows.policies import Formula, index_in_force
from workflows.scoring.formula import compute
from workflows.scoring.variables import variables
from workflows.stages import score

DAYS = st.timedeltas(timedelta(days=1), timedelta(days=3700)).map(lambda later: NOW + later)
INDEX = index_in_force(TODAY)
SQUARED = {"hh_size", "hh_size_sq", "head_age", "head_age_sq"}  # these turn: they enter as they are and squared
LINEAR = [
    (milieu, name) for milieu, formula in INDEX.formulas.items() for name in formula.coefficients if name not in SQUARED
]


def scored(body: Json, at: datetime) -> Decimal:
    return score.decide(
        a_case_file(declaration=Declaration.model_validate(body)), IndexInForce(at=at, version=INDEX.version)
    ).score


@settings(max_examples=120)
@given(bodies(), DAYS)
def test_a_second_evaluator_agrees_on_any_declaration_and_day(body: Json, at: datetime) -> None:
    assert abs(Fraction(scored(body, at)) - score_again(body, at.date())) < Fraction(1, 10**20)


def test_the_second_evaluator_knows_every_variable_of_both_annexes() -> None:
    assert set(VALUE) == {name for formula in INDEX.formulas.values() for name in formula.coefficients}


@given(st.data())
def test_the_score_rises_with_each_linear_variable_where_its_coefficient_is_positive_and_falls_where_not(
    data: st.DataObject,
) -> None:
    milieu, name = data.draw(st.sampled_from(LINEAR))
    formula: Formula = INDEX.formulas[milieu]
    amounts = st.decimals(0, 1000, places=4)
    values: dict[str, Any] = {
        each: data.draw(amounts) for each in data.draw(st.sets(st.sampled_from(sorted(formula.coefficients))))
    }
    low, high = sorted(data.draw(st.lists(amounts, min_size=2, max_size=2, unique=True)))
    region = data.draw(st.integers(1, 12))
    before, after = (compute(milieu, region, values | {name: value}, INDEX).score for value in (low, high))
    assert (after > before) == (formula.coefficients[name] > 0)
    assert after != before


@given(bodies(), st.sampled_from(["gas", "telecom"]), st.decimals("0.01", "50000", places=2))
def test_who_declares_to_spend_more_is_never_scored_poorer(body: Json, bill: str, more: Decimal) -> None:
    spent = Decimal(body["bills"][bill])
    richer = body | {"bills": body["bills"] | {bill: str(min(spent + more, Decimal(100_000)))}}
    assert scored(richer, NOW) >= scored(body, NOW)


@given(bodies())
def test_the_order_of_the_members_makes_no_difference(body: Json) -> None:
    assert scored(body | {"members": body["members"][::-1]}, NOW) == scored(body, NOW)


@given(bodies(), DAYS)
def test_flags_are_zero_or_one_and_shares_lie_between(body: Json, at: datetime) -> None:
    for name, value in variables(Declaration.model_validate(body), at.date()).items():
        if name.startswith("share_"):
            assert 0 <= value <= 1, name
        elif name.startswith(("has_", "own_", "rooms_", "dwelling_", "hh_single", "hh_multi")):
            assert value in (0, 1), name
        else:
            assert value >= 0, name


@given(bodies(milieu=st.just("rural")))
def test_the_two_bands_of_crowding_are_never_both_true(body: Json) -> None:
    found = variables(Declaration.model_validate(body), TODAY)
    assert found["rooms_max2_per_room"] * found["rooms_max3_per_room"] == 0


def test_every_region_moves_the_score_by_its_constant_and_nothing_else() -> None:
    for (milieu, formula), region in product(INDEX.formulas.items(), range(1, 13)):
        assert compute(milieu, region, {}, INDEX).score == formula.constant + formula.regions[region]
