"""Do two spellings mean the same name? A mere variant does; a sibling's name does not."""

from typing import Protocol

from rapidfuzz.distance import Levenshtein

from workflows.matching.spelling import folded, is_arabic, is_read, skeletons, spellings

LONG = 7  # letters from which one may be wrong: shorter names differ from a sibling's by one
VOWELS = "aei"
SAME_SOUNDS = ({"a", "e"}, {"e", "i"}, {"x", "k"})
ENDINGS = ("a", "ه", "i", "ي")  # Karim, Karima, Karimi: three people
SAME_SKELETON = 0.7  # of two whole names in two scripts; see the measured pairs in tests/unit/test_names.py


class Named(Protocol):
    """Whoever has a name in one script or both."""

    @property
    def given_name_ar(self) -> str | None: ...
    @property
    def family_name_ar(self) -> str | None: ...
    @property
    def given_name_la(self) -> str | None: ...
    @property
    def family_name_la(self) -> str | None: ...


PARTS = ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la")
Whole = tuple[str, str]  # given, family


def same_name(declared: Named, registered: Named) -> bool:
    """Whether what is declared is a spelling of what is registered: in a script that both have, else across scripts.

    Given and family name in each other's place count as the same.
    """
    if declared.given_name_ar and (declared.given_name_ar, declared.family_name_ar) == (
        registered.given_name_ar,
        registered.family_name_ar,
    ):
        return True
    ours, theirs = forms(declared), forms(registered)
    shared = [(ours[script], theirs[script]) for script in ours if script in theirs]
    if shared:
        return any(same_whole(a, b) for a, b in shared)
    return any(same_across(a, b) for a in ours.values() for b in theirs.values())


def unread(person: Named) -> list[str]:
    """The parts of a name, by their fields, that hold a letter of a script that we do not read, or none at all."""
    return [part for part in PARTS if (name := getattr(person, part)) and not is_read(name)]


def forms(person: Named) -> dict[str, Whole]:
    """The name in each script in which it is whole.

    A name typed into the other script's field counts for what it is.
    """
    found: dict[str, Whole] = {}
    for given, family in ((person.given_name_ar, person.family_name_ar), (person.given_name_la, person.family_name_la)):
        if given and family:
            found.setdefault("ar" if is_arabic(folded(given)) else "la", (given, family))
    return found


def same_whole(a: Whole, b: Whole) -> bool:
    """Two names in one script."""
    return (
        a == b or (same_part(a[0], b[0]) and same_part(a[1], b[1])) or (same_part(a[0], b[1]) and same_part(a[1], b[0]))
    )


def same_part(a: str, b: str) -> bool:
    """A given or a family name, in one script."""
    return a == b or any(alike(x, y) for x in spellings(a) for y in spellings(b))


def alike(a: str, b: str) -> bool:
    """Two spellings, reduced."""
    return a == b or sounds_same(a, b) or slip(*sorted((a, b), key=len))


def sounds_same(a: str, b: str) -> bool:
    """An e is written for an a and for an i (Ahmed, Ahmad), a k for a kh (Mokhtar, Moktar)."""
    return len(a) == len(b) and all(x == y or {x, y} in SAME_SOUNDS for x, y in zip(a, b, strict=True))


def slip(shorter: str, longer: str) -> bool:
    """One letter more, less or other in a long name, or a short vowel left out within; never an ending, which is
    another person's.
    """
    shorter, longer = without_servant(shorter, longer)
    if longer[:-1] == shorter and longer.endswith(ENDINGS):
        return False
    if len(longer) >= LONG and Levenshtein.distance(shorter, longer, score_cutoff=1) <= 1:
        return True
    return is_syncope(shorter, longer)


def without_servant(a: str, b: str) -> tuple[str, str]:
    """What follows Abd in both: there the names differ, if they do."""
    for prefix in ("abd ", "عبد "):
        if a.startswith(prefix) and b.startswith(prefix):
            return a.removeprefix(prefix), b.removeprefix(prefix)
    return a, b


def is_syncope(shorter: str, longer: str) -> bool:
    """Whether the shorter one only lacks a vowel between two consonants (Fatma, Fatima)."""
    if len(longer) != len(shorter) + 1:
        return False
    return any(
        letter in VOWELS
        and longer[i - 1] not in VOWELS
        and longer[i + 1] not in VOWELS
        and longer[:i] + longer[i + 1 :] == shorter
        for i, letter in enumerate(longer[1:-1], 1)
    )


def same_across(a: Whole, b: Whole) -> bool:
    """Two names in two scripts: their consonants agree, both parts, in either order."""
    return similar(a, b) or similar(a, (b[1], b[0]))


def similar(a: Whole, b: Whole) -> bool:
    """Whether the skeletons of both parts are near enough."""
    return all(
        any(near(x, y) for x in skeletons(one) for y in skeletons(other)) for one, other in zip(a, b, strict=True)
    )


def near(a: str, b: str) -> bool:
    """Equal, or long and mostly equal."""
    return a == b or (min(len(a), len(b)) >= 3 and Levenshtein.normalized_similarity(a, b) >= SAME_SKELETON)
