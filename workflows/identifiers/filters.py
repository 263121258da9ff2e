"""Which valid identifiers are not issued although they could be: MOSIP's filters of numbers that are easily mistaken.

As in MOSIP's documentation of UIN generation and its class UinFilterUtil. All are off unless the settings say so; they
count for what is issued from then on, and never for what was. Pure.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

UP, DOWN = "01234567890123456789", "98765432109876543210"  # from 9 on to 0, and back
CYCLIC = ("142857",)  # of the numbers whose multiples are their rotations, the only one that is short enough


class Filters(NamedTuple):
    """The limits by which numbers are left out; 0 and none: not by this. MOSIP's own limits stand behind each."""

    sequence: int = 0  # so many digits up or down in a row: 456, 890 (3)
    repeating: int = 0  # a digit again, with fewer than so many others between: 11, 1x1 (2)
    repeating_block: int = 0  # so many digits again anywhere: 48xxx48 (2)
    even_digits: int = 0  # so many of 2, 4, 6 and 8 in a row: 486 (3)
    same_ends: int = 0  # the first so many digits are the last ones: 4345643456 (5)
    mirrored_ends: int = 0  # the first so many digits are the last ones backwards: 4345665434 (5)
    restricted: Sequence[str] = ()  # these numbers anywhere (786, 666)
    cyclic: bool = False  # a cyclic number anywhere: 142857


NONE = Filters()
MOSIP = Filters(3, 2, 2, 3, 5, 5, ("786", "666"), cyclic=True)


def pattern_of(filters: Filters, longer: int = 0) -> re.Pattern[str]:
    """What no part of a number may look like, of more than so many digits."""
    long, between, block = filters.sequence, filters.repeating - 1, filters.repeating_block
    parts = [row[at : at + long] for row in (UP, DOWN) for at in range(10) if long > longer]
    parts += [rf"(?P<digit>\d)\d{{0,{between}}}(?P=digit)"] if filters.repeating and between + 2 > longer else []
    parts += [rf"(?P<block>\d{{{block}}})\d*(?P=block)"] if block else []
    parts += [f"[2468]{{{filters.even_digits}}}"] if filters.even_digits > longer else []
    parts += [each for each in (*filters.restricted, *(CYCLIC if filters.cyclic else ())) if len(each) > longer]
    return re.compile("|".join(parts) or "(?!)")


def passing(filters: Filters, longer: int = 0) -> Callable[[str], bool]:
    """Tells of a whole number whether it may be issued, if all its parts of so many digits pass alone."""
    looks_wrong, same, mirrored = pattern_of(filters, longer).search, filters.same_ends, filters.mirrored_ends

    def passes(digits: str) -> bool:
        if looks_wrong(digits) or (same and digits[:same] == digits[-same:]):
            return False
        return not mirrored or digits[:mirrored] != digits[-mirrored:][::-1]

    return passes
