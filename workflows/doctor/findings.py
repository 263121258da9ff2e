"""What a check found: how many of each kind, and where the first ones are.

A million findings take no more memory than twenty.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from workflows.history.keyranges import FIRST_KEY

FIRST = 20  # places that are told of each count


class Location(NamedTuple):
    """Where something is wrong: the table, its column if it is about one, and whose it is: a case's, a household's or a
    person's.

    Never what stands there.
    """

    table: str
    key: str  # "case" | "household" | "person"
    number: int
    column: str = ""

    def __str__(self) -> str:
        return f"{self.key} {self.number}, {self.table}{self.column and '.' + self.column}"


@dataclass(slots=True)
class Findings:
    """Every count by its name, zero or not, and the first places of each."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[Location]] = field(default_factory=dict)
    upto: int = FIRST_KEY  # the last case that was looked at
    erased: int = 0  # cases that cannot be told again, because what they rest on was erased; no fault

    def at(self, name: str, place: Location) -> None:
        """One more, there."""
        self.add(name, 1, [place])

    def add(self, name: str, count: int, places: Iterable[Location] = ()) -> None:
        """So many more of these, some of which are there."""
        self.counts[name] += count
        if count:
            known = self.places.setdefault(name, [])
            known.extend(list(places)[: FIRST - len(known)])
