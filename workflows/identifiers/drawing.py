"""Draws identifiers by chance: nine digits from the system's source of randomness, and their check digit.

Every number that the filters let pass is as likely as any other. With filters on, few do (MOSIP's: one in 14), so a
number is drawn from those that begin well, and each five of its digits are looked up in a table before the whole number
is looked at.
"""

import secrets
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache

from models.errors import Broken
from workflows.identifiers.filters import NONE, Filters, passing, pattern_of
from workflows.identifiers.verhoeff import check_digit

FIRST, SPACE = 200_000_000, 800_000_000  # nine digits, the first of them not 0 or 1
PART, PARTS = 5, 100_000  # digits that are looked up together
REST = 10_000  # the four digits between the first part and the check digit
WORDS, WORD = 1024, 2**32
MOST_MISSED = 10_000_000  # drawn in a row of which none passed
NONE_PASSES = "No identifier passes the filters of the settings SIJIL_IDCS_*: allow more."


def drawn(filters: Filters = NONE) -> Iterator[str]:
    """Identifiers without end, of which some may have been issued before. Raises Broken where none passes."""
    if filters == NONE:
        return (f"{number}{check_digit(number)}" for number in (FIRST + each for each in below(SPACE)))
    return filtered(filters)


def filtered(filters: Filters) -> Iterator[str]:
    """Identifiers that these filters let pass."""
    openings, good = parts_that_pass(filters)
    passes, missed = passing(filters, PART), 0
    for each in below(len(openings) * REST):
        number = openings[each // REST] * REST + each % REST
        whole = number * 10 + check_digit(number)
        if all_good(good, whole) and passes(digits := str(whole)):
            missed = 0
            yield digits
        elif (missed := missed + 1) > MOST_MISSED:
            raise Broken(NONE_PASSES)


def all_good(good: Sequence[bool], whole: int) -> bool:
    """Whether all parts of a number after the first are good, those first that tell most."""
    return (
        good[whole % PARTS]
        and good[whole // 1000 % PARTS]
        and good[whole // 100 % PARTS]
        and good[whole // 10_000 % PARTS]
        and good[whole // 10 % PARTS]
    )


@lru_cache(maxsize=4)
def parts_that_pass(filters: Filters) -> tuple[Sequence[int], Sequence[bool]]:
    """With which five digits a number may begin, and of each five digits whether they may stand anywhere in one."""
    looks_wrong = pattern_of(filters).search
    good = [not looks_wrong(f"{each:0{PART}}") for each in range(PARTS)]
    if not (openings := [each for each in range(FIRST // REST, PARTS) if good[each]]):
        raise Broken(NONE_PASSES)
    return openings, good


def below(bound: int) -> Iterator[int]:
    """Numbers from 0 to below the bound without end, all equally likely: what would favour some is drawn anew."""
    fair = WORD - WORD % bound
    while True:
        for word in struct.unpack(f"={WORDS}I", secrets.token_bytes(4 * WORDS)):
            if word < fair:
                yield word % bound
