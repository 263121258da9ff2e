"""Do two people have the same name? Yes, no, or neither, which a person looks at: by scores and two limits."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, Protocol

from workflows.matching.score import score
from workflows.matching.script import is_read
from workflows.matching.words import name_of

SAME_FROM, OTHER_BELOW = 0.8, 0.1  # docs/matching.md says how many names of each kind fall where


class Named(Protocol):
    """A person with a name in one script or both."""

    @property
    def given_name_ar(self) -> str | None: ...
    @property
    def family_name_ar(self) -> str | None: ...
    @property
    def given_name_la(self) -> str | None: ...
    @property
    def family_name_la(self) -> str | None: ...


GIVEN, FAMILY = NAMES = ("given_name", "family_name")  # the two parts of a name, in whichever script
PARTS = ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la")


class NameVerdict(StrEnum):
    """How two names stand to each other."""

    SAME = "same"
    """One name, in two spellings at most."""
    NEITHER = "neither"
    """Too near to be called different, too far to be called the same: a person looks."""
    OTHER = "other"
    """Another name."""
    UNKNOWN = "unknown"
    """One side has no name."""


class NameComparison(NamedTuple):
    """The verdict on two people's names, with the score that it rests on and the two names as they were compared."""

    verdict: NameVerdict
    score: float
    one: str = ""
    other: str = ""


def verdict_of(found: float) -> NameVerdict:
    """What a score means."""
    if found >= SAME_FROM:
        return NameVerdict.SAME
    return NameVerdict.OTHER if found < OTHER_BELOW else NameVerdict.NEITHER


def compare_names(one: Named, other: Named) -> NameComparison:
    """Compares two people's names in each script that both have; across scripts only where they share none.

    One script in which they agree is enough: the other may be a clerk's transcription. Nothing is transcribed here.
    Two names that are written alike are not read.
    """
    if name := name_of_both(one, other):
        return NameComparison(NameVerdict.SAME, 1.0, name, name)
    ours, theirs = list(names_of(one)), list(names_of(other))
    if not ours or not theirs:
        return NameComparison(NameVerdict.UNKNOWN, 0.0)
    both = [(a, b) for a in ours for b in theirs]
    shared = [(a, b) for a, b in both if script_of(a) == script_of(b)]
    found, a, b = max((score(a, b), a, b) for a, b in shared or both)
    return NameComparison(verdict_of(found), found, a, b)


def names_that_differ(one: Named, other: Named) -> tuple[str, ...]:
    """Which of given and family name are not the same, each by itself; of one that a side lacks nobody knows."""
    return tuple([part for part in NAMES if differs_in(part, one, other)])


def differs_in(part: str, one: Named, other: Named) -> bool:
    """Whether a part of a name is not the same, in each script that both have; across scripts where they share none."""
    ours, theirs = written(part, one), written(part, other)
    shared = [(ours[script], theirs[script]) for script in ours if script in theirs]
    pairs = shared or [(a, b) for a in ours.values() for b in theirs.values()]
    return bool(pairs) and max(score(a, b) for a, b in pairs) < SAME_FROM


def written(part: str, person: Named) -> dict[str, str]:
    """A part of a person's name, by the script of the field."""
    return {script: name for script in ("ar", "la") if (name := getattr(person, f"{part}_{script}"))}


def name_of_both(one: Named, other: Named) -> str:
    """The name that two people have to the letter, in one script at least; empty where they have none."""
    given, family = one.given_name_ar, one.family_name_ar
    if not (given and given == other.given_name_ar and family and family == other.family_name_ar):
        given, family = one.given_name_la, one.family_name_la
        if not (given and given == other.given_name_la and family and family == other.family_name_la):
            return ""
    return f"{given} {family}" if any(map(str.isalpha, given + family)) else ""


def names_of(person: Named) -> Iterator[str]:
    """A person's names, given name first: in Arabic, in Latin script."""
    for parts in ((person.given_name_ar, person.family_name_ar), (person.given_name_la, person.family_name_la)):
        if all(parts):
            yield " ".join(part for part in parts if part)


def script_of(name: str) -> str:
    """The script of a name's first word, whatever field it was typed into."""
    return next((word.script for word in name_of(name).words), "other")


def unread(person: Named) -> list[str]:
    """The fields of a name that hold a letter of a script which we do not read, or no letter at all."""
    return [part for part in PARTS if (name := getattr(person, part)) and not is_read(name)]
