"""How two birth dates stand to each other: each way to differ has its own verdict."""

from datetime import date

import pytest

from workflows.matching.births import DAY, MONTH, YEAR, Birth, BirthVerdict, compare_births, parts_that_differ

PAIRS = [
    (Birth(date(1984, 7, 31)), Birth(date(1984, 7, 31)), BirthVerdict.SAME),
    (Birth(date(1984, 7, 1), MONTH), Birth(date(1984, 7, 31)), BirthVerdict.SAME_MONTH),
    (Birth(date(1984, 7, 1), MONTH), Birth(date(1984, 8, 31)), BirthVerdict.ONE_DIGIT),
    (Birth(date(1984, 7, 1), MONTH), Birth(date(1985, 8, 1), MONTH), BirthVerdict.DIFFERENT),
    (Birth(date(1984, 1, 1), YEAR), Birth(date(1984, 7, 31)), BirthVerdict.SAME_YEAR),
    (Birth(date(1984, 1, 1), YEAR), Birth(date(1984, 7, 1), MONTH), BirthVerdict.SAME_YEAR),
    (Birth(date(1984, 1, 1), YEAR), Birth(date(1985, 7, 31)), BirthVerdict.ONE_DIGIT),
    (Birth(date(1984, 1, 1), YEAR), Birth(date(1995, 7, 31)), BirthVerdict.DIFFERENT),
    (Birth(date(1984, 1, 1)), Birth(date(1984, 7, 31)), BirthVerdict.FIRST_OF_JANUARY),
    (Birth(date(1984, 1, 1)), Birth(date(1985, 7, 31)), BirthVerdict.DIFFERENT),
    (Birth(date(1984, 7, 3)), Birth(date(1984, 3, 7)), BirthVerdict.SWAPPED),
    (Birth(date(1984, 7, 3)), Birth(date(1985, 3, 7)), BirthVerdict.DIFFERENT),
    (Birth(date(1984, 7, 31)), Birth(date(1984, 7, 30)), BirthVerdict.ONE_DIGIT),
    (Birth(date(1984, 7, 31)), Birth(date(1974, 7, 31)), BirthVerdict.ONE_DIGIT),
    (Birth(date(1984, 7, 19)), Birth(date(1984, 7, 20)), BirthVerdict.DIFFERENT),
    (Birth(date(984, 7, 31)), Birth(date(1984, 7, 31)), BirthVerdict.ONE_DIGIT),
    (None, Birth(date(1984, 7, 31)), BirthVerdict.UNKNOWN),
    (None, None, BirthVerdict.UNKNOWN),
]


@pytest.mark.parametrize(("one", "other", "verdict"), PAIRS, ids=str)
def test_two_birth_dates_have_their_verdict_whichever_comes_first(
    one: Birth | None, other: Birth | None, verdict: BirthVerdict
) -> None:
    assert compare_births(one, other) == compare_births(other, one) == verdict


def test_every_verdict_has_an_example() -> None:
    assert {verdict for *_, verdict in PAIRS} == set(BirthVerdict)


def test_a_date_without_a_precision_is_known_to_the_day() -> None:
    assert Birth(date(1984, 7, 31)).precision == DAY


@pytest.mark.parametrize(
    ("one", "other", "parts"),
    [
        (Birth(date(1984, 7, 19)), Birth(date(1984, 7, 20)), ("day",)),
        (Birth(date(1984, 7, 19)), Birth(date(1995, 7, 19)), ("year",)),
        (Birth(date(1984, 7, 19)), Birth(date(1995, 12, 20)), ("year", "month", "day")),
        (Birth(date(1984, 1, 1), YEAR), Birth(date(1995, 7, 31)), ("year",)),
        (Birth(date(1984, 1, 1), MONTH), Birth(date(1984, 12, 31)), ("month",)),
        (Birth(date(1984, 7, 19)), Birth(date(1984, 7, 19)), ()),
    ],
)
def test_the_parts_that_differ_are_those_that_both_sides_know(one: Birth, other: Birth, parts: tuple[str, ...]) -> None:
    assert parts_that_differ(one, other) == parts_that_differ(other, one) == parts
