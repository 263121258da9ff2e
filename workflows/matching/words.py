"""Splits a name into its words, with particles joined to the word that they belong to.

Neither the article (ال, El) nor where somebody put a blank makes another name: Abd El Kader, Abdelkader and عبد القادر
are one word here, and so are Ben Ali, Benali and بنعلي.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from workflows.matching.particles import (
    BOUND_ARTICLE,
    FAITH,
    GOD,
    JOINED_FAITH,
    JOINED_FATHER,
    JOINED_GOD,
    JOINED_MOTHER,
    JOINED_SERVANT,
    KIN,
    MARKERS,
    OF_FAITH,
    SERVANT,
    SERVANT_OF_GOD,
    SERVANTS,
    is_article,
    is_title,
)
from workflows.matching.script import folded
from workflows.matching.sounds import SEAM, arabic_sounds, consonants, latin_sounds, plain_latin

# What anybody's name has at most; what is longer costs a bounded time.
MOST_WORDS, LONGEST_WORD, LONGEST_NAME = 12, 40, 200
RUNS = re.compile(r"(?P<ar>[\u0620-\u064a\u066e-\u06d5]+)|(?P<la>[^\W\d_\u0600-\u06ff]+)|(?P<other>\w+)")
APOSTROPHES = re.compile(r"(?<=\w)['’‘ʼʿʾ`´′](?=\w)|[ʿʾʼ]")
HAMZAS = str.maketrans("أإآٱ", "اااا")
LIGHT, INITIAL, MONONYM = 0.25, 0.4, 0.85  # weights of titles, of initials, and of a title that is a name of its own
ARTICLE, PARTICLE = 0.1, 1.0  # what it costs to leave one out


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """One word of a name: as it was typed, its sounds and consonants, and how much it counts.

    A word is itself alone, so that likenesses are remembered by words at little cost. `starts`: where its sounds may
    begin, each with what it costs: before or behind an article or a particle.
    """

    text: str
    script: str  # "ar" | "la" | "other"
    sounds: str
    bones: tuple[str, ...]
    weight: float
    starts: tuple[tuple[int, float], ...]
    initial: bool = False

    @property
    def bare(self) -> int:
        """How many sounds at the beginning are an article that it may have."""
        return self.starts[1][0] if len(self.starts) > 1 and self.starts[1][1] == ARTICLE else 0


class Name(NamedTuple):
    """A name as it is compared; `cut`: it had more words or letters than anybody's name."""

    words: tuple[Word, ...]
    plain: str
    cut: bool = False


def name_of(text: str) -> Name:
    """Reads a name. Equal `plain` means the same name, however it was typed."""
    return known_name(text) if len(text) <= LONGEST_NAME else long_name(text)


@lru_cache(maxsize=20_000)
def known_name(text: str) -> Name:
    """Reads a name that may be anybody's, and remembers it."""
    runs = split(text)
    if len(runs) > 2 * MOST_WORDS or any(len(run) > LONGEST_WORD for run, _ in runs):
        return long_name(text)
    words = tuple([word_of(*each) for each in joined(runs)])
    if len(words) > MOST_WORDS:
        return long_name(text)
    if sum([word.weight > LIGHT for word in words]) < 2:
        words = tuple([replace(word, weight=MONONYM) if word.weight == LIGHT else word for word in words])
    return Name(words, " ".join([word.sounds for word in words]))


def long_name(text: str) -> Name:
    """The beginning of a name that is longer than anybody's; it equals itself alone."""
    runs = [(run[:LONGEST_WORD], script) for run, script in split(text[:LONGEST_NAME])]
    return Name(tuple([word_of(*each) for each in joined(runs[:MOST_WORDS])]), text, cut=True)


def split(text: str) -> list[tuple[str, str]]:
    """The runs of letters of one script, in lower case without accents, each with its script."""
    text = APOSTROPHES.sub("", folded(text))
    return [
        (plain_latin(run[0]) if run.lastgroup == "la" else run[0].translate(HAMZAS), str(run.lastgroup))
        for run in RUNS.finditer(text)
    ]


def joined(runs: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Words with their particle, as (particle, word, script): articles left out, compounds made one word."""
    found: list[tuple[str, str, str]] = []
    particle = ""
    for place, (text, script) in enumerate(runs):
        following = runs[place + 1][0] if place + 1 < len(runs) else ""
        ending = "" if particle else ending_of(text, script)
        if ending and found and found[-1][2] == script:
            found[-1] = (found[-1][0], found[-1][1] + ending, script)
        elif following and (is_article(text, following) or (place and text in MARKERS)):
            continue
        elif following and script in SERVANT and (text in SERVANTS or text in KIN):
            particle += SERVANT[script] if text in SERVANTS else KIN[text]
        else:
            found.append((particle, text, script))
            particle = ""
    return found


def ending_of(text: str, script: str) -> str:
    """What a word adds to the one before, as eddine does to Nour; "" for any other word."""
    return FAITH[script] if text in OF_FAITH else GOD.get(text, "")


@lru_cache(maxsize=50_000)
def word_of(particle: str, text: str, script: str) -> Word:
    """A word with its sounds, and where they may begin."""
    if script == "other" or (script == "la" and not text.isascii()):
        return Word(particle + text, "other", particle + text, (), 1.0, ((0, 0.0),))
    reduced, article, sounds_of = (
        (*reduced_arabic(text), arabic_sounds) if script == "ar" else (*reduced_latin(text), latin_sounds)
    )
    if particle and article:
        reduced, article = reduced[article:], 0
    sounds = sounds_of(seamed(particle, reduced))
    skip = len(sounds_of(reduced[:article])) if article else 0
    starts = [(0, 0.0)] + ([(skip, ARTICLE)] if skip else [])
    if particle and particle not in SERVANT.values():
        starts.append((max(0, len(sounds) - len(sounds_of(reduced))), PARTICLE))
    bones = dict.fromkeys([consonants(sounds), consonants(sounds[skip:])])
    return Word(
        particle + text,
        script,
        sounds,
        tuple(bones),
        weight_of(particle, text, next(reversed(bones))),
        tuple(starts),
        len(text) == 1 and not particle,
    )


def seamed(particle: str, text: str) -> str:
    """A particle before a word, with a seam where the letters at it would be read as one."""
    return particle + (SEAM if particle and text.startswith(("h", "rh")) else "") + text


def weight_of(particle: str, text: str, bones: str) -> float:
    """How much a word counts: titles and initials little, short words less than long ones."""
    if not particle and is_title(text):
        return LIGHT
    return INITIAL if len(text) == 1 and not particle else 0.55 + 0.15 * min(len(bones), 3)


def reduced_arabic(text: str) -> tuple[str, int]:
    """A word of Arabic letters without the article within Abd-, and how many letters may be an article before it."""
    if text.startswith("ابو") and len(text) > 5:
        text = "بو" + text[3:].removeprefix("ال")
    elif text.startswith("عبدال") and len(text) > 6:
        text = "عبد" + text[5:]
    elif len(text) > 5 and text.endswith("الله"):
        text = text[:-4] + "له"
    elif len(text) > 6 and text.endswith("الدين"):
        text = text[:-5] + "دين"
    return text, 2 if text.startswith("ال") and len(text) >= 4 else 0


def reduced_latin(text: str) -> tuple[str, int]:
    """A word of Latin letters, likewise."""
    text = JOINED_FAITH.sub("din", text)
    if text.startswith("abd"):
        text = (
            "abdlah"
            if SERVANT_OF_GOD.match(text)
            else seamed("abd", JOINED_SERVANT.sub("abd", text).removeprefix("abd"))
        )
    else:
        text = JOINED_MOTHER.sub("oum", JOINED_FATHER.sub("bou", JOINED_GOD.sub("lah", text)))
    article = BOUND_ARTICLE.match(text)
    return text, article.end() if article else 0
