"""An identifier as people type it: taken in any script and grouping, and told by what is wrong with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refused
from tests.factories import an_idcs
from workflows.identifiers.typed import Mistake, NotAnIdentifier, identifier, require_identifier

RIGHT = an_idcs(345_678_901)  # 5456789013
ARABIC, PERSIAN = (str.maketrans("0123456789", digits) for digits in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹"))


def mistake_of(typed: str) -> Mistake:
    with pytest.raises(NotAnIdentifier) as error:
        identifier(typed)
    return error.value.mistake


@pytest.mark.parametrize(
    "typed",
    [
        RIGHT,
        f"  {RIGHT}\n",
        RIGHT.translate(ARABIC),
        RIGHT.translate(PERSIAN),
        f"{RIGHT[:3]} {RIGHT[3:6]} {RIGHT[6:]}",
        f"{RIGHT[:5]}-{RIGHT[5:]}",
        f"{RIGHT[:5]}\u2011{RIGHT[5:8]}\u2013{RIGHT[8:]}",
        f"{RIGHT[:5]}\u2212{RIGHT[5:]}",
        f"\u200f{RIGHT[:4]}\u00a0{RIGHT[4:7]}\u202f{RIGHT[7:]}\u200e".translate(ARABIC),
        "".join(chr(0xFF10 + int(digit)) for digit in RIGHT),
    ],
)
def test_digits_of_any_script_are_taken_with_blanks_and_hyphens(typed: str) -> None:
    assert identifier(typed) == RIGHT


@pytest.mark.parametrize(
    "typed",
    ["", " ", "-", RIGHT[:9], f"{RIGHT}0", f"0{RIGHT}", RIGHT[:9].translate(ARABIC), "1" * 1_000, f"{RIGHT} {RIGHT}"],
)
def test_another_length_is_told_as_that(typed: str) -> None:
    assert mistake_of(typed) is Mistake.LENGTH


@pytest.mark.parametrize(
    "typed", [f"{RIGHT[:9]}O", "AB123456", f"{RIGHT}.", f"+{RIGHT}", f"{RIGHT[:9]}²", "مريم", f"{RIGHT}\0", "½" * 10]
)
def test_letters_and_marks_are_told_as_that(typed: str) -> None:
    assert mistake_of(typed) is Mistake.LETTERS


@pytest.mark.parametrize("first", "01")
def test_no_identifier_begins_with_0_or_1(first: str) -> None:
    assert mistake_of(an_idcs(int(f"{first}45678901") - 200_000_000).zfill(10)) is Mistake.FIRST_DIGIT


@given(st.integers(0, 799_999_999), st.integers(0, 9), st.integers(1, 9))
def test_a_wrong_digit_is_told_as_that(number: int, place: int, more: int) -> None:
    right = an_idcs(number)
    wrong = f"{right[:place]}{(int(right[place]) + more) % 10}{right[place + 1 :]}"
    assert mistake_of(wrong) is Mistake.CHECK_DIGIT


@given(st.text(max_size=9))
def test_any_other_text_is_a_mistake_which_the_error_does_not_quote(typed: str) -> None:
    with pytest.raises(NotAnIdentifier) as error:
        identifier(typed)
    assert typed not in str(error.value) or len(typed) < 4


def test_where_a_whole_page_asks_for_one_it_is_refused_by_the_code_of_its_mistake() -> None:
    assert require_identifier(RIGHT.translate(ARABIC)) == RIGHT
    with pytest.raises(Refused) as error:
        require_identifier(RIGHT[::-1])
    assert (error.value.code, str(error.value)) == (
        "idcs_check_digit",
        "The identifier has one wrong digit, or two that are swapped.",
    )
