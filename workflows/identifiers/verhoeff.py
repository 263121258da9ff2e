"""Verhoeff's check digit, which finds every wrong digit and every swap of two neighbours.

J. Verhoeff, Error Detecting Decimal Codes, Mathematical Centre Tracts 29, Amsterdam 1969. Morocco does not publish its
register's algorithm; MOSIP, which that register is built on, uses this one. Pure.
"""

# Multiplication in the dihedral group of ten elements: 0 to 4 turn a pentagon, 5 to 9 turn it over as well.
MULTIPLY = [
    [((i + j) % 5 if i < 5 else (i - j) % 5) + (0 if (i < 5) == (j < 5) else 5) for j in range(10)] for i in range(10)
]
INVERSE = [row.index(0) for row in MULTIPLY]
PERMUTE = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]  # of a digit, by its place from the right, modulo 8
for _ in range(6):
    PERMUTE.append([PERMUTE[-1][PERMUTE[1][digit]] for digit in range(10)])


def product(digits: str, first_place: int = 0) -> int:
    """The product of the digits from right to left, each permuted by its place; of a whole number that is right, 0."""
    found = 0
    for place, digit in enumerate(reversed(digits), first_place):
        found = MULTIPLY[found][PERMUTE[place % 8][int(digit)]]
    return found


# Of every three digits at places 1 to 3, 4 to 6 and 7 to 9: multiplication is associative.
LOW, MIDDLE, HIGH = ([product(f"{three:03}", place) for three in range(1000)] for place in (1, 4, 7))


def check_digit(number: int) -> int:
    """The digit that belongs behind a number of nine digits."""
    rest, low = divmod(number, 1000)
    high, middle = divmod(rest, 1000)
    return INVERSE[MULTIPLY[MULTIPLY[LOW[low]][MIDDLE[middle]]][HIGH[high]]]
