"""Pairs of names in both scripts: what they are trained on, what they are measured on, and pairs that are no pairs."""

import csv
import random
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from workflows.matching.words import Word, name_of

HERE = Path(__file__).parent
HELD_OUT = 40  # per cent of the people, chosen by a checksum of their Latin name
Both = tuple[str, str]  # Arabic, Latin
KINDS = ("random", "given", "family", "ending")  # and "father", which nothing but a birth date tells apart


def read(name: str) -> list[Both]:
    """The pairs of a file beside this one."""
    with (HERE / name).open(encoding="utf-8", newline="") as lines:
        return [(row["arabic"], row["latin"]) for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def is_held_out(pair: Both) -> bool:
    """Whether a pair is kept for measuring."""
    return zlib.crc32(pair[1].encode()) % 100 < HELD_OUT


def people() -> tuple[list[Both], list[Both]]:
    """Public persons of other countries: those to train on, and those that are held out."""
    found = read("people.tsv")
    return [each for each in found if not is_held_out(each)], [each for each in found if is_held_out(each)]


def words_in_pairs(pairs: Sequence[Both]) -> Iterator[tuple[Word, Word]]:
    """The words of each pair one beside the other, where both names have as many."""
    for arabic, latin in pairs:
        left, right = name_of(arabic).words, name_of(latin).words
        if len(left) == len(right):
            yield from ((x, y) for x, y in zip(left, right, strict=True) if (x.script, y.script) == ("ar", "la"))


def texts(name: str) -> list[str]:
    """The words of a name, each with its particle."""
    return [word.text for word in name_of(name).words]


def others(pairs: Sequence[Both], kind: str, count: int, seed: int) -> list[Both]:
    """Two names of two people: any two, or two that share the given name, the family name, or a father's name.

    The second name is made from parts of two, so that a sibling is as likely as he would be in one household.
    """
    chance = random.Random(f"{kind} {seed}")
    found: list[Both] = []
    while len(found) < count:
        (arabic, latin), (foreign, other) = chance.sample(pairs, 2)
        made = mixed(kind, latin, other)
        if made and differs(arabic, latin, foreign, made, kind):
            found.append((arabic, made))
    return found


def mixed(kind: str, latin: str, other: str) -> str:
    """Another person's name, which shares with this one what the kind says; "" where that cannot be."""
    own, theirs = texts(latin), texts(other)
    if kind == "random":
        return other
    if kind == "ending":
        return with_ending(own)
    if len(own) < 2 or len(theirs) < 2:
        return ""
    if kind == "given":
        return " ".join([own[0], *theirs[1:]])
    if kind == "family":
        return " ".join([theirs[0], *own[1:]])
    return " ".join([theirs[0], own[0], *own[1:]])  # a child, named with the father's whole name behind


def with_ending(words: Sequence[str]) -> str:
    """A sister for a brother: the first word with the ending of a woman's name; "" where it has a vowel there."""
    first, *rest = words
    if not rest or len(first) < 3 or first[-1] in "aeiouyhéاةىيهو":
        return ""
    return " ".join([first + ("ة" if first[0] > "\u0600" else "a"), *rest])


def differs(arabic: str, latin: str, foreign: str, made: str, kind: str) -> bool:
    """Whether a made name is another one in fact: the parts that were exchanged differ in Arabic, too."""
    left, right = name_of(arabic).words, name_of(foreign).words
    if kind == "given" and {word.sounds for word in left[1:]} & {word.sounds for word in right[1:]}:
        return False
    if kind in ("family", "father") and left[0].sounds == right[0].sounds:
        return False
    return not {word.sounds for word in name_of(made).words} <= {word.sounds for word in name_of(latin).words}


def spellings(pairs: Sequence[Both], seed: int) -> list[Both]:
    """Two spellings of one name in one script: Latin words that stand for one Arabic word, Arabic as people type."""
    chance = random.Random(seed)
    known: dict[str, set[str]] = defaultdict(set)
    for one, other in words_in_pairs(pairs):
        known[one.sounds].add(other.text)
    found: list[Both] = []
    for arabic, latin in pairs:
        left, words = name_of(arabic).words, texts(latin)
        if len(left) == len(words):
            respelt = [chance.choice(sorted(known[word.sounds])) for word in left]
            found.append((" ".join(words), " ".join(respelt)))
        found.append((arabic, typed(arabic, chance)))
    return [(one, other) for one, other in found if name_of(one).plain != name_of(other).plain]


def typed(arabic: str, chance: random.Random) -> str:
    """An Arabic name as people type it: without the article, with a heh for a ta marbuta, with a letter for another."""
    words = arabic.split()
    place = chance.randrange(len(words))
    habits = (
        ("ال", "", 0),
        ("ة", "ه", -1),
        ("ى", "ي", -1),
        ("ي", "ى", -1),
        ("اء", "ا", -1),
        ("ء", "", -1),
        ("ئ", "ي", 1),
    )
    for old, new, where in sorted(habits, key=lambda _: chance.random()):
        if where == 0 and words[place].startswith(old) and len(words[place]) > 4:
            words[place] = words[place].removeprefix(old)
            break
        if where == -1 and words[place].endswith(old):
            words[place] = words[place].removesuffix(old) + new
            break
    return " ".join(words)


def spoilt(pairs: Sequence[Both], seed: int) -> list[Both]:
    """The same pairs with what happens to names in registers: turned, shortened, joined, with an initial."""
    chance = random.Random(seed)
    found: list[Both] = []
    for arabic, latin in pairs:
        words = texts(latin)
        shorter = texts(arabic)
        if len(words) > 2:
            found.append((arabic, without_one(words, chance)))
        if len(shorter) > 2:
            found.append((without_one(shorter, chance), latin))
        fate = chance.random()
        if len(words) == 2 and fate < 0.35:
            found.append((arabic, f"{words[1]} {words[0]}"))
        if len(words) == 2 and fate > 0.9:
            found.append((arabic, "".join(words)))
        if len(words) > 1 and fate > 0.95:
            found.append((arabic, f"{words[0][0]}. {' '.join(words[1:])}"))
    return found


def without_one(words: Sequence[str], chance: random.Random) -> str:
    """A name without one of its words."""
    gone = chance.randrange(len(words))
    return " ".join([word for place, word in enumerate(words) if place != gone])
