"""What counted in an index, in the household's words: together it is the index, and each value is the household's."""

import json
from datetime import date
from decimal import Decimal

import pytest

from tests.filing import clean
from web.index_values import GROUPS, RESTS_ON, Counted, groups_of, names_counted
from workflows.bodies.appeal import is_value
from workflows.bodies.declaration import Declaration
from workflows.bodies.reading import application
from workflows.events.registration import ScoreComputed
from workflows.policies import index_in_force
from workflows.scoring.formula import ARITHMETIC, score_2026_11
from workflows.scoring.variables import FLAGS

DAY = date(2026, 11, 24)
MADE = clean(60)
VARIABLES = {name for formula in index_in_force(DAY).formulas.values() for name in formula.coefficients}


def counted(declaration: Declaration) -> dict[str, Counted]:
    """Everything that counted, by its name."""
    scored = score_2026_11(declaration, DAY, index_in_force(DAY))
    return {each.name: each for group in groups_of(declaration, scored) for each in group.values}


def declared(place: int) -> Declaration:
    return application(json.dumps(MADE[place].body))


@pytest.mark.parametrize("place", range(0, 60, 3))
def test_what_counted_is_together_the_index_and_each_path_names_a_value(place: int) -> None:
    declaration = declared(place)
    score = score_2026_11(declaration, DAY, index_in_force(DAY)).score
    found = counted(declaration).values()

    total = Decimal(0)
    for each in found:
        total = ARITHMETIC.add(total, each.added)
    assert abs(total - score) < Decimal("1e-20")
    paths = [each.path for each in found if each.path and not each.path.startswith("members.")]
    assert [path for path in paths if not is_value(declaration, path)] == []


def test_a_value_that_the_formula_counts_twice_is_one_with_the_value_itself() -> None:
    declaration = declared(0)
    found = counted(declaration)

    assert found["hh_size"].value == len(declaration.members)
    assert 20 < int(str(found["head_age"].value)) < 120
    assert "hh_size_sq" not in found
    assert "head_age_sq" not in found


def test_a_share_is_told_as_so_many_of_all() -> None:
    for place in range(60):
        declaration = declared(place)
        for name, each in counted(declaration).items():
            if name.startswith("share_"):
                assert each.among == len(declaration.members)
                assert isinstance(each.value, int)
                assert 0 < each.value <= each.among


def test_every_variable_of_the_formula_has_a_group_and_a_way_to_be_shown() -> None:
    shown = {name for place in range(60) for name in counted(declared(place))}
    values = {path for path in RESTS_ON.values() if path.partition(".")[0] in ("housing", "belongings", "bills")}
    assert shown <= names_counted(VARIABLES) | values
    assert {name for name in VARIABLES if name.startswith(("has_", "own_", "dwelling_"))} <= set(RESTS_ON) | FLAGS
    groups = {group.name for place in range(60) for group in groups_of(declared(place), score_of(place))}
    assert groups == set(GROUPS)


def score_of(place: int) -> ScoreComputed:
    return score_2026_11(declared(place), DAY, index_in_force(DAY))
