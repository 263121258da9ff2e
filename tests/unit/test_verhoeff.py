"""Verhoeff's check digit beside the tables that he published, and what it finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.identifiers.verhoeff import INVERSE, MULTIPLY, PERMUTE, check_digit, product

# As published: J. Verhoeff, Error Detecting Decimal Codes, Mathematical Centre Tracts 29, 1969.
PUBLISHED_MULTIPLY = """
    0123456789 1234067895 2340178956 3401289567 4012395678
    5987604321 6598710432 7659821043 8765932104 9876543210
"""
PUBLISHED_INVERSE = "0432156789"
PUBLISHED_PERMUTE = """
    0123456789 1576283094 5803796142 8916043527 9453126870 4286573901 2793806415 7046913258
"""
NUMBERS = st.integers(200_000_000, 999_999_999)


def right(digits: str) -> bool:
    """Whether the published tables find nothing wrong; each digit on its own, from right to left."""
    multiply, permute = PUBLISHED_MULTIPLY.split(), PUBLISHED_PERMUTE.split()
    found = 0
    for place, digit in enumerate(reversed(digits)):
        found = int(multiply[found][int(permute[place % 8][int(digit)])])
    return found == 0


def whole(number: int) -> str:
    return f"{number}{check_digit(number)}"


def test_the_tables_are_those_that_were_published() -> None:
    assert ["".join(map(str, row)) for row in MULTIPLY] == PUBLISHED_MULTIPLY.split()
    assert ["".join(map(str, row)) for row in PERMUTE] == PUBLISHED_PERMUTE.split()
    assert "".join(map(str, INVERSE)) == PUBLISHED_INVERSE


@pytest.mark.parametrize(("digits", "check"), [("236", 3), ("12345", 1), ("142857", 0)])
def test_it_gives_the_check_digits_of_examples_that_others_give(digits: str, check: int) -> None:
    assert INVERSE[product(digits, 1)] == check


@given(NUMBERS)
def test_every_number_with_its_check_digit_is_right_and_with_another_wrong(number: int) -> None:
    assert [last for last in range(10) if right(f"{number}{last}")] == [check_digit(number)]


@given(NUMBERS)
def test_it_finds_every_single_wrong_digit(number: int) -> None:
    digits = whole(number)
    wrong = [digits[:i] + other + digits[i + 1 :] for i in range(10) for other in "0123456789" if other != digits[i]]
    assert not any(right(each) or product(each) == 0 for each in wrong)


@given(NUMBERS)
def test_it_finds_every_swap_of_two_neighbours(number: int) -> None:
    digits = whole(number)
    pairs = [i for i in range(9) if digits[i] != digits[i + 1]]
    swapped = [digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :] for i in pairs]
    assert not any(right(each) or product(each) == 0 for each in swapped)
