"""People of one batch who may be the same are found without the register."""

from typing import Any

import pytest

from tests.enrolling import a_request
from workflows.matching.duplicates.scoring import context_of
from workflows.matching.twins import earlier_twins


def twins(*people: dict[str, Any], persons: int = 0) -> list[int | None]:
    return earlier_twins([a_request(**each) for each in people], context_of(persons, {}))


OTHER = {
    "given_name_ar": "يوسف",
    "family_name_ar": "المنصوري",
    "given_name_la": "Youssef",
    "family_name_la": "Mansouri",
}


def test_the_second_of_two_with_one_name_birth_and_sex_is_the_firsts_twin() -> None:
    assert twins({}, {"cin": "X1"}) == [None, 0]


def test_a_name_in_one_script_meets_the_same_name_in_the_other() -> None:
    arabic = {"given_name_la": None, "family_name_la": None}
    latin = {"given_name_ar": None, "family_name_ar": None, "given_name_la": "Khaled", "family_name_la": "Ben Ali"}
    assert twins(arabic, {**latin, "cin": "X1"}) == [None, 0]


def test_one_card_is_enough() -> None:
    assert twins({}, {**OTHER, "birth_date": "1970-01-02"}) == [None, 0]


@pytest.mark.parametrize("persons", [0, 37_000_000])
@pytest.mark.parametrize(
    "slip", [{"birth_date": "1986-08-17"}, {"sex": "female"}, {"birth_date": "1985-08-16", "family_name_la": "Benaly"}]
)
def test_whom_the_register_would_find_is_a_twin(slip: dict[str, str], persons: int) -> None:
    assert twins({"birth_date": "1986-08-16"}, {"birth_date": "1986-08-16", "cin": "X1"} | slip, persons=persons) == [
        None,
        0,
    ]


def test_brothers_namesakes_and_other_births_are_no_twins() -> None:
    assert (
        twins(
            {},
            {"given_name_ar": "عمر", "given_name_la": "Omar", "cin": "AB12345"},
            {"birth_date": "1960-02-03", "cin": "X2"},
            {**OTHER, "cin": "KB77021"},
        )
        == [None] * 4
    )


def test_of_three_who_are_the_same_both_others_are_the_firsts() -> None:
    assert twins({}, {"cin": "X1"}, {"cin": "X2"}) == [None, 0, 0]
