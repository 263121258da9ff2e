"""Compares two birth dates of which either may be less than a day: each way to differ has its own verdict.

Registers write the first of January for a day that nobody knows, people mix up day and month, and clerks mistype one
digit. None of these makes another person; which of them may pass without a question is for the rules of a stage.
"""

from datetime import date
from enum import StrEnum
from typing import NamedTuple

YEAR, MONTH, DAY = "year", "month", "day"  # the precisions of a date, the coarsest first
PRECISIONS = (YEAR, MONTH, DAY)


class Birth(NamedTuple):
    """A birth date with its precision; of a year, day and month are written 01-01, of a month, the day 01."""

    day: date
    precision: str = DAY


class BirthVerdict(StrEnum):
    """How two birth dates stand to each other."""

    SAME = "same"
    """The same day, known to the day on both sides."""
    SAME_MONTH = "same_month"
    """One side knows no more than the month, and month and year agree."""
    SAME_YEAR = "same_year"
    """One side knows no more than the year, and the years agree."""
    FIRST_OF_JANUARY = "first_of_january"
    """The years agree and one side says 01-01 as a day, which registers write for one that nobody knows."""
    SWAPPED = "swapped"
    """Day and month are in each other's place."""
    ONE_DIGIT = "one_digit"
    """One digit of the eight differs; for a year or a month, of those that it has."""
    DIFFERENT = "different"
    """None of these: another birth date."""
    UNKNOWN = "unknown"
    """One side has no birth date."""


def compare_births(one: Birth | None, other: Birth | None) -> BirthVerdict:
    """How two birth dates stand to each other, whichever comes first."""
    if one is None or other is None:
        return BirthVerdict.UNKNOWN
    if one == other:
        return AGREES[one.precision]
    precision = min(one.precision, other.precision, key=PRECISIONS.index)
    ours, theirs = digits(one.day, precision), digits(other.day, precision)
    if ours == theirs:
        return AGREES[precision]
    if precision == DAY and (found := near_day(one.day, other.day)):
        return found
    off = sum(a != b for a, b in zip(ours, theirs, strict=True))
    return BirthVerdict.ONE_DIGIT if off == 1 else BirthVerdict.DIFFERENT


def parts_that_differ(one: Birth, other: Birth) -> tuple[str, ...]:
    """Which of year, month and day differ, of those that both sides know."""
    known = PRECISIONS.index(min(one.precision, other.precision, key=PRECISIONS.index)) + 1
    ours, theirs = (dict(zip(PRECISIONS, (day.year, day.month, day.day), strict=True)) for day in (one.day, other.day))
    return tuple([part for part in PRECISIONS[:known] if ours[part] != theirs[part]])


AGREES = {YEAR: BirthVerdict.SAME_YEAR, MONTH: BirthVerdict.SAME_MONTH, DAY: BirthVerdict.SAME}


def digits(day: date, precision: str) -> str:
    """As many digits of a date as are known: 1984, 198407 or 19840731."""
    return f"{day:%Y%m%d}".rjust(8, "0")[: {YEAR: 4, MONTH: 6, DAY: 8}[precision]]


def near_day(one: date, other: date) -> BirthVerdict | None:
    """Why two days of one year may be the same; None where they may not."""
    if one.year != other.year:
        return None
    if (1, 1) in ((one.month, one.day), (other.month, other.day)):
        return BirthVerdict.FIRST_OF_JANUARY
    return BirthVerdict.SWAPPED if (one.month, one.day) == (other.day, other.month) else None
