"""Invents identifiers of the right shape: numbers of persons with a check digit, identity cards, telephones."""

import random

from workflows.identifiers.verhoeff import check_digit

FIRST, SPACE = 200_000_000, 800_000_000  # nine digits that do not begin with 0 or 1
STEP = 614_889_781  # shares no factor with SPACE, so that consecutive numbers are far from each other
PLACES = 16  # numbers reserved for one household
MOBILE = ("61", "64", "66", "67", "70", "77")
OFFICES = (
    "A",
    "AB",
    "BE",
    "BK",
    "C",
    "CD",
    "D",
    "EE",
    "F",
    "G",
    "H",
    "J",
    "JB",
    "K",
    "L",
    "P",
    "Q",
    "R",
    "S",
    "T",
    "UA",
    "W",
    "X",
    "Z",
)
HOUSEHOLDS = 1_000_000  # of one seed
SEEDS = SPACE // (HOUSEHOLDS * PLACES) - 1  # 49 seeds, from 0 on, share no number; the numbers of one more are nobody's


def idcs(seed: int, household: int, place: int) -> str:
    """The identifier of one person of one household of one seed; `place` stays below PLACES."""
    number = (seed * HOUSEHOLDS * PLACES + household * PLACES + place) * STEP % SPACE + FIRST
    return f"{number}{check_digit(number)}"


def cin(rng: random.Random) -> str:
    """A number of a national identity card, whose letters name the office."""
    return f"{rng.choice(OFFICES)}{rng.randrange(10_000, 999_999)}"


def phone(rng: random.Random) -> str:
    """A Moroccan mobile number, in ranges that are in use."""
    return f"+212{rng.choice(MOBILE)}{rng.randrange(1_000_000, 9_999_999)}"
