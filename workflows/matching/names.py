"""Do two spellings mean the same name? A mere variant does; a sibling's name does not."""

from typing import Protocol

from rapidfuzz.distance import Levenshtein

from workflows.matching.spelling import folded, is_arabic, is_read, skeletons, spellings

LONG = 7  # from so many letters on, one may be wrong; shorter names differ from a sibling's by one letter
VOWELS = "aei"
SAME_SOUNDS = ({"a", "e"}, {"e", "i"}, {"x", "k"})
ENDINGS = ("a", "ه", "i", "ي")  # Karim, Karima, Karimi: three people
SAME_SKELETON = 0.7  # similarity of two names in two scripts; tests/unit/test_names.py has the measured pairs


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


PARTS = ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la")
Whole = tuple[str, str]  # given, family


def same_name(declared: Named, registered: Named) -> bool:
    """Whether the declared name is a spelling of the registered one: in a script that both have, else across scripts.

    A given and a family name that changed places count as the same.
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
    """The fields of a name that hold a letter of a script which we do not read, or no letter at all."""
    return [part for part in PARTS if (name := getattr(person, part)) and not is_read(name)]


def forms(person: Named) -> dict[str, Whole]:
    """The name in each script in which both parts are given.

    A name that was typed into the other script's field counts by its letters.
    """
    found: dict[str, Whole] = {}
    for given, family in ((person.given_name_ar, person.family_name_ar), (person.given_name_la, person.family_name_la)):
        if given and family:
            found.setdefault("ar" if is_arabic(folded(given)) else "la", (given, family))
    return found


def same_whole(a: Whole, b: Whole) -> bool:
    """Whether two names in one script are the same, part by part, in either order."""
    return (
        a == b or (same_part(a[0], b[0]) and same_part(a[1], b[1])) or (same_part(a[0], b[1]) and same_part(a[1], b[0]))
    )


def same_part(a: str, b: str) -> bool:
    """Whether two given names, or two family names, in one script are spellings of one name."""
    return a == b or any(alike(x, y) for x in spellings(a) for y in spellings(b))


def alike(a: str, b: str) -> bool:
    """Whether two reduced spellings are equal, sound the same, or differ by a slip."""
    return a == b or sounds_same(a, b) or slip(*sorted((a, b), key=len))


def sounds_same(a: str, b: str) -> bool:
    """Whether only vowels differ that people write for each other (Ahmed, Ahmad), or k and kh (Mokhtar, Moktar)."""
    return len(a) == len(b) and all(x == y or {x, y} in SAME_SOUNDS for x, y in zip(a, b, strict=True))


def slip(shorter: str, longer: str) -> bool:
    """Whether one letter differs in a long name, or a short vowel is missing within it.

    A different ending is never a slip: it makes another person's name.
    """
    shorter, longer = without_servant(shorter, longer)
    if longer[:-1] == shorter and longer.endswith(ENDINGS):
        return False
    if len(longer) >= LONG and Levenshtein.distance(shorter, longer, score_cutoff=1) <= 1:
        return True
    return is_syncope(shorter, longer)


def without_servant(a: str, b: str) -> tuple[str, str]:
    """The parts after Abd, where both names begin with it: only there two such names differ."""
    for prefix in ("abd ", "عبد "):
        if a.startswith(prefix) and b.startswith(prefix):
            return a.removeprefix(prefix), b.removeprefix(prefix)
    return a, b


def is_syncope(shorter: str, longer: str) -> bool:
    """Whether the shorter name only lacks a vowel between two consonants (Fatma, Fatima)."""
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
    """Whether the consonants of two names in two scripts agree, in both parts, in either order."""
    return similar(a, b) or similar(a, (b[1], b[0]))


def similar(a: Whole, b: Whole) -> bool:
    """Whether the consonants of each part are near those of the other name's part."""
    return all(
        any(near(x, y) for x in skeletons(one) for y in skeletons(other)) for one, other in zip(a, b, strict=True)
    )


def near(a: str, b: str) -> bool:
    """Whether two skeletons are equal, or have three consonants at least and are mostly equal."""
    return a == b or (min(len(a), len(b)) >= 3 and Levenshtein.normalized_similarity(a, b) >= SAME_SKELETON)
