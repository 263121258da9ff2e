"""Given and family names of which persons are invented, in both scripts: those to train on, and others to measure on.

They come from the pairs of benchmarks/names (public persons and places of other countries), and for measuring alone
from the generator of the demo. No list of Moroccan people's names is used. Nobody's whole name is kept: given and
family names are drawn apart.
"""

import random
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from benchmarks.names.pairs import Both, people, read
from trials.generator import names as generated

# How frequent names are: the share of the name at place n falls as 1 / (n + START). So of 146 pairs of people who are
# measured, one has one given name (of 190 in the figures that were asked for), of 300 one has one family name.
START_GIVEN, START_FAMILY = 30, 20
FEMALE_ENDINGS = ("ة", "اء", "ى")


class Spelt(NamedTuple):
    """A name in Arabic, with the Latin spellings that people give it."""

    arabic: str
    latin: tuple[str, ...]


class Drawn(NamedTuple):
    """Names to draw from, the frequent ones more often."""

    names: Sequence[Spelt]
    upto: Sequence[float]

    def draw(self, rng: random.Random) -> Spelt:
        """One of them."""
        return rng.choices(self.names, cum_weights=self.upto)[0]


class Pool(NamedTuple):
    """The names of one population."""

    female: Drawn
    male: Drawn
    family: Drawn


def training() -> Pool:
    """Names to train on: persons that trained the scorer as well, and half of the places."""
    trained, _ = people()
    return pool_of(trained, [each for each in read("places.tsv") if half(each)], 1)


def measuring() -> Pool:
    """Names to measure on, none of which is in the training: persons held out, the other places, the demo's names."""
    _, held_out = people()
    return pool_of(
        [*held_out, *read("unseen.tsv")],
        [each for each in read("places.tsv") if not half(each)],
        2,
        without=training_names(),
        more=(generated.FEMALE, generated.MALE, generated.FAMILY),
    )


def half(pair: Both) -> bool:
    """Whether a place is one of the half to train on, by a checksum."""
    return zlib.crc32(pair[1].encode()) % 2 == 0


def training_names() -> frozenset[str]:
    """All names to train on, in Arabic."""
    return frozenset(each.arabic for drawn in training() for each in drawn.names)


def pool_of(
    persons: Sequence[Both],
    places: Sequence[Both],
    seed: int,
    without: frozenset[str] = frozenset(),
    more: Sequence[Sequence[generated.Name]] = ((), (), ()),
) -> Pool:
    """The names of these persons and places, in an order of chance, by which they are frequent or seldom."""
    pairs = [pair for pair in map(two_words, persons) if pair]
    given = spelt([pair[0] for pair in pairs])
    family = spelt([pair[1] for pair in pairs] + [words[-1] for each in places if (words := aligned(each))])
    female = [each for each in given if each.arabic.endswith(FEMALE_ENDINGS)]
    male = [each for each in given if not each.arabic.endswith(FEMALE_ENDINGS)]
    rng = random.Random(seed)
    found = []
    for names, others, start in zip(
        (female, male, family), more, (START_GIVEN, START_GIVEN, START_FAMILY), strict=True
    ):
        known = {each.arabic: each for each in [*names, *(Spelt(other.ar, other.la) for other in others)]}
        chosen = sorted(name for name in known if name not in without)
        rng.shuffle(chosen)
        shares = [1 / (place + start) for place in range(1, len(chosen) + 1)]
        found.append(Drawn([known[name] for name in chosen], list(accumulate(shares))))
    return Pool(*found)


def two_words(pair: Both) -> tuple[Both, Both] | None:
    """Given and family name of a person who has one word for each; None for others."""
    words = aligned(pair)
    return (words[0], words[1]) if len(words) == 2 else None


def aligned(pair: Both) -> list[Both]:
    """The words of both scripts side by side, where there are as many; none else."""
    arabic, latin = pair[0].split(), pair[1].split()
    return list(zip(arabic, latin, strict=True)) if len(arabic) == len(latin) else []


def spelt(words: Iterable[Both]) -> list[Spelt]:
    """Each Arabic word with all its Latin spellings, those of less than two letters aside."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for arabic, latin in words:
        if len(arabic) > 2 and len(latin) > 2:
            found[arabic][latin] = None
    return [Spelt(arabic, tuple(spellings)) for arabic, spellings in found.items()]
