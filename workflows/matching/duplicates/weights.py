"""How much each level of each comparison says, in bits: weights.json, with how it was made.

After Fellegi and Sunter (A Theory for Record Linkage, 1969): a level is worth log2(m / u), where m is its share of the
pairs of records of one person, and u its share of all other pairs. Some u depend on what is compared: that of a name, a
place or a year on how many people have it, and that of a home, which few people share, on how many people there are.
`benchmarks/persons/train.py` writes the file; a version that was released never changes.
"""

from collections.abc import Mapping
from functools import cache
from math import log2
from pathlib import Path
from typing import Literal

import msgspec

FILE = Path(__file__).with_name("weights.json")


class Weight(msgspec.Struct, frozen=True):
    """One level: its share `m` of pairs of one person, and what its share of other pairs comes from.

    `of`: "pairs": u is the share itself; "share": of the people who have this name, place or birth year, that is to be
    multiplied by how many have it; "people": how many others agree so with somebody, that is to be divided by how many
    people there are.
    """

    m: float
    u: float
    of: Literal["pairs", "share", "people"] = "pairs"

    def bits(self, share: float, persons: float) -> float:
        """What the level says, for a name, place or year of this share among so many persons."""
        scale = share if self.of == "share" else 1 / persons if self.of == "people" else 1.0
        return log2(self.m / min(self.u * scale, 1.0))


Levels = Mapping[str, Weight]
NOTHING = Weight(1.0, 1.0)  # of a level that says nothing


class Shares(msgspec.Struct, frozen=True):
    """Of all people, how many have a name, live at a place or were born in a year that was not counted."""

    name: float
    place: float
    year: float


class Weights(msgspec.Struct, frozen=True):
    """All of them, by comparison and level."""

    version: str
    made: Mapping[str, str]  # on what, and how
    expected: float  # of the people who come, so many are registered already
    possible: float  # bits from which on a person looks
    probable: float
    uncounted: Shares
    given: Mapping[str, Levels]  # by the script in which they are compared
    family: Mapping[str, Levels]
    home: Mapping[str, Levels]  # by whether they are of one family, of what few share
    place: Levels  # of what many share
    phone: Levels  # where it is not the same
    repeated: float  # how much seldomer a given name is another's within one home than among strangers
    birth: Levels
    birth_at_home: Mapping[str, Levels]  # of a family that shares telephone or address: twins are born on one day
    card: Levels
    sex: Mapping[str, Levels]  # by whether the given name is the same


@cache
def weights() -> Weights:
    """The weights in force."""
    return msgspec.json.decode(FILE.read_bytes(), type=Weights)
