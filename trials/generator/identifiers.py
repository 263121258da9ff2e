"""Invents identifiers of the right shape: numbers of persons with a check digit, identity cards, telephones."""

import random

# Verhoeff's tables (1969). The real register's algorithm is not public; MOSIP, which it is built on, uses this one.
TURN = "1576283094"
MULTIPLY = [
    [((i + j) % 5 if i < 5 else (i - j) % 5) + (0 if (i < 5) == (j < 5) else 5) for j in range(10)] for i in range(10)
]
INVERSE = [0, 4, 3, 2, 1, 5, 6, 7, 8, 9]
PERMUTE = [list(range(10)), [int(digit) for digit in TURN]]
for _ in range(6):
    PERMUTE.append([PERMUTE[-1][PERMUTE[1][digit]] for digit in range(10)])

SPACE = 900_000_000  # nine digits that do not begin with 0
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
SEEDS = SPACE // (HOUSEHOLDS * PLACES)  # 56 seeds, from 0 on, share no number


def idcs(seed: int, household: int, place: int) -> str:
    """The identifier of one person of one household of one seed; `place` stays below PLACES."""
    number = (seed * HOUSEHOLDS * PLACES + household * PLACES + place) * STEP % SPACE + 100_000_000
    return f"{number}{check_digit(str(number))}"


def check_digit(digits: str) -> int:
    """Verhoeff's check digit: it catches every wrong digit and every swap of neighbours."""
    check = 0
    for position, digit in enumerate(reversed(digits), 1):
        check = MULTIPLY[check][PERMUTE[position % 8][int(digit)]]
    return INVERSE[check]


def cin(rng: random.Random) -> str:
    """A number of a national identity card, whose letters name the office."""
    return f"{rng.choice(OFFICES)}{rng.randrange(10_000, 999_999)}"


def phone(rng: random.Random) -> str:
    """A Moroccan mobile number, in ranges that are in use."""
    return f"+212{rng.choice(MOBILE)}{rng.randrange(1_000_000, 9_999_999)}"
