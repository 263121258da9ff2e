"""Keys to search people by: two records of one person share one of them nearly always, those of two people seldom.

A key is what the spellings of a name have in common: its consonants in the classes that both scripts share. Whatever a
key finds is compared by the whole name (score.py).
"""

from collections.abc import Iterator
from itertools import product

from workflows.matching.words import LIGHT, Word, name_of

LONGEST_KEY = 12  # consonants
MOST_KEYS = 64  # of one name, however many words it has


def word_keys(name: str) -> frozenset[str]:
    """A key for each reading of each word: coarse, to find whoever shares a word. Titles have none, unless alone."""
    words = name_of(name).words
    heavy = [word for word in words if word.weight > LIGHT] or list(words)
    return frozenset(key for word in heavy for key in readings(word))


def name_keys(name: str) -> frozenset[str]:
    """Keys of every two words of a name, in either order: much finer. A name of one word has that word's keys."""
    words = [word for word in name_of(name).words if word.weight > LIGHT] or list(name_of(name).words)
    if len(words) < 2:
        return word_keys(name)
    pairs = ((one, other) for place, one in enumerate(words) for other in words[place + 1 :])
    found: dict[str, None] = {}
    for one, other in pairs:
        for both in product(readings(one), readings(other)):
            found[".".join(sorted(both))] = None
            if len(found) >= MOST_KEYS:
                return frozenset(found)
    return frozenset(found)


def readings(word: Word) -> Iterator[str]:
    """The key of a word, with an article that it may have and without; its letters where it has no consonant."""
    if not word.bones or not any(word.bones):
        yield word.sounds[:LONGEST_KEY] if word.script == "other" else ""
        return
    for bones in word.bones:
        if bones:
            yield bones[:LONGEST_KEY]
