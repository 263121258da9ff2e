"""How each field of two records agrees. Pure; each comparison has few levels, and weights.json says what each is worth.

What a household shares (family name, telephone, address, commune) is one comparison: those who live together share all
of it, so that as four it would count four times.
"""

from enum import StrEnum
from functools import lru_cache

from rapidfuzz.distance import OSA

from workflows.matching.births import DAY, Birth, BirthVerdict, compare_births
from workflows.matching.duplicates.keys import knows_day, plain_card, plain_place, words_of_address
from workflows.matching.duplicates.record import Record
from workflows.matching.score import SCORER, bones_of
from workflows.matching.verdict import OTHER_BELOW, SAME_FROM
from workflows.matching.words import name_of

Name = tuple[str | None, str | None]  # a given or a family name, in Arabic and in Latin script
NEAR_FROM = 0.4
SHORTEST = 3  # sounds of a name in which a slip is told from another name
SHORTEST_OF_TWO = 5  # in which two slips are
NEAR_YEARS = 2
ALIKE = 0.55  # of the letters of two names in one script, where they are more alike than two people's are
KEPT_NAMES = 200_000
ADDRESS_SHARED = 0.6  # of the words of two addresses


class NameLevel(StrEnum):
    """How two given names agree, or two family names."""

    EQUAL = "equal"
    SPELLING = "spelling"
    """Two spellings of one name."""
    ACROSS = "across"
    """One name, known in one script on one side and in the other on the other, where short vowels are not written."""
    NEAR = "near"
    SLIP = "slip"
    """One letter differs, is missing, or stands in its neighbour's place: a slip of the hand, or another name."""
    SLIPS = "slips"
    """Two letters differ, of a name that is not short."""
    FAR = "far"
    """More alike than two people's names are: more than one slip, perhaps."""
    OTHER = "other"
    SWAPPED = "swapped"
    """The given name of one is the family name of the other, and the other way about."""
    UNKNOWN = "unknown"


SAME_NAME = (NameLevel.EQUAL, NameLevel.SPELLING, NameLevel.ACROSS, NameLevel.SWAPPED)
RANKED = [
    NameLevel.EQUAL, NameLevel.SPELLING, NameLevel.ACROSS, NameLevel.NEAR, NameLevel.SLIP, NameLevel.SLIPS,
    NameLevel.FAR, NameLevel.OTHER, NameLevel.UNKNOWN,
]  # fmt: skip


class Scripts(StrEnum):
    """In which script two names are compared: the fewer there are, the more often one name looks like another."""

    BOTH = "both"
    ARABIC = "arabic"
    LATIN = "latin"
    ACROSS = "across"
    """They share none."""


class Shared(StrEnum):
    """What two people share of where they live."""

    BOTH = "both"
    """Telephone and address."""
    PHONE = "phone"
    """The telephone alone."""
    HOUSE = "house"
    """An address with a number alone."""
    STREET = "street"
    """An address without a number alone, as a douar has it."""
    AREA = "area"
    """The commune, of which one side knows no address; where no commune is known on both sides, the place of birth."""
    COMMUNE = "commune"
    """The commune, but not the address."""
    APART = "apart"
    """The commune is another one; where none is known on both sides, the place of birth."""
    UNKNOWN = "unknown"


class CardLevel(StrEnum):
    """How the numbers of two identity cards agree."""

    EQUAL = "equal"
    ONE_SIGN = "one_sign"
    """One letter or digit differs, or two neighbours are swapped."""
    OTHER = "other"
    UNKNOWN = "unknown"


class PhoneLevel(StrEnum):
    """How two telephones agree."""

    EQUAL = "equal"
    """Which the home says: no reason of its own."""
    OTHER = "other"
    UNKNOWN = "unknown"


class SexLevel(StrEnum):
    """How two sexes agree."""

    EQUAL = "equal"
    OTHER = "other"
    UNKNOWN = "unknown"


# Of births, beside the verdicts. Where one side knows no day (a year alone, or a first of January), the years alone are
# compared.
NEAR_DATE = "near"
"""Another date, in years that are near."""
YEAR_DIGIT = "year_digit"
"""One digit of the years differs, and one side knows no day."""
YEARS_DIFFER = "years_differ"
"""The years differ in more, and one side knows no day."""
YEARS_SAME = "same_years"
"""The same year, and neither side knows a day."""
FIRST_OF_BOTH = "same_first"
"""Both say the first of January of one year, as a day."""
YEARS_DIGIT = "years_digit"
"""One digit of the years differs, and neither side knows a day."""
YEARS_OTHER = "years_other"
"""The years differ in more, and neither side knows a day."""


def compare_names(one: Record, other: Record) -> tuple[NameLevel, NameLevel]:
    """How the given names agree, and the family names."""
    given, family = compare_name(one.given, other.given), compare_name(one.family, other.family)
    if given not in SAME_NAME and family not in SAME_NAME:
        turned = compare_name(one.given, other.family), compare_name(one.family, other.given)
        if any(each in SAME_NAME for each in turned) and all(each in RANKED[:5] for each in turned):
            return NameLevel.SWAPPED, NameLevel.SWAPPED
    return given, family


def compare_name(one: Name, other: Name) -> NameLevel:
    """How one part of two names agrees, in the script in which they agree best; across scripts if they share none."""
    shared = [in_one_script(a, b) for a, b in zip(one, other, strict=True) if a and b]
    if shared:
        return min(shared, key=RANKED.index)
    arabic, latin = one[0] or other[0], one[1] or other[1]
    if not arabic or not latin or not any(one) or not any(other):
        return NameLevel.UNKNOWN
    level = in_one_script(arabic, latin)
    if arabic.endswith("ي") and level not in SAME_NAME:  # which people write for a ى
        level = min(level, in_one_script(f"{arabic[:-1]}ى", latin), key=RANKED.index)
    return NameLevel.ACROSS if level in SAME_NAME else level


def scripts_of(one: Name, other: Name) -> Scripts:
    """In which script two names are compared."""
    arabic, latin = one[0] and other[0], one[1] and other[1]
    if arabic:
        return Scripts.BOTH if latin else Scripts.ARABIC
    return Scripts.LATIN if latin else Scripts.ACROSS


def in_one_script(a: str, b: str) -> NameLevel:
    """The level of two texts, by their score; whichever comes first."""
    return NameLevel.EQUAL if a == b else known_level(a, b) if a < b else known_level(b, a)


@lru_cache(maxsize=KEPT_NAMES)
def known_level(a: str, b: str) -> NameLevel:
    """The level of two texts, remembered: few names make many people."""
    score = SCORER.score(a, b)
    if score >= SAME_FROM:
        return NameLevel.EQUAL if score == 1 else NameLevel.SPELLING
    if score >= NEAR_FROM:
        return NameLevel.NEAR
    one, other = plain_letters(a), plain_letters(b)
    if min(len(one), len(other)) >= SHORTEST and OSA.distance(one, other, score_cutoff=1) <= 1:
        return NameLevel.SLIP
    if min(len(one), len(other)) >= SHORTEST_OF_TWO and OSA.distance(one, other, score_cutoff=2) <= 2:
        return NameLevel.SLIPS
    alike = score >= OTHER_BELOW or OSA.normalized_similarity(one, other) >= ALIKE or same_but_one_sound(a, b)
    return NameLevel.FAR if alike else NameLevel.OTHER


def plain_letters(text: str) -> str:
    """The sounds of a name without blanks and articles; those of two scripts have none in common."""
    return "".join([word.sounds[word.bare :] for word in name_of(text).words])


def same_but_one_sound(a: str, b: str) -> bool:
    """Whether the consonants, in classes that both scripts share, differ in one at most."""
    one, other = bones_of(name_of(a).words), bones_of(name_of(b).words)
    return min(len(one), len(other)) >= SHORTEST and OSA.distance(one, other, score_cutoff=1) <= 1


def compare_dates(one: Birth | None, other: Birth | None) -> str:
    """The verdict on two birth dates; where one side knows no day, on their years."""
    if one is None or other is None:
        return BirthVerdict.UNKNOWN
    days, verdict = knows_day(one) + knows_day(other), compare_births(one, other)
    if days == 2:
        near = verdict is BirthVerdict.DIFFERENT and abs(one.day.year - other.day.year) <= NEAR_YEARS
        return NEAR_DATE if near else verdict
    if verdict not in (BirthVerdict.ONE_DIGIT, BirthVerdict.DIFFERENT):
        if days or verdict is BirthVerdict.SAME_MONTH:
            return verdict
        return FIRST_OF_BOTH if one.precision == other.precision == DAY else YEARS_SAME
    off = sum(a != b for a, b in zip(f"{one.day:%Y}", f"{other.day:%Y}", strict=True))
    if days:
        return YEAR_DIGIT if off == 1 else YEARS_DIFFER
    return YEARS_DIGIT if off == 1 else YEARS_OTHER


def compare_homes(one: Record, other: Record) -> Shared:
    """What two people share of where they live."""
    places, phone = same_place(one.commune, other.commune), compare_phones(one.phone, other.phone) is PhoneLevel.EQUAL
    address = bool(places and one.address and other.address) and same_address(one.address or "", other.address or "")
    if phone:
        return Shared.BOTH if address else Shared.PHONE
    if address:
        numbered = has_number(one.address or "") and has_number(other.address or "")
        return Shared.HOUSE if numbered else Shared.STREET
    if places:
        return Shared.COMMUNE if one.address and other.address else Shared.AREA
    if places is None:
        places = same_place(one.birth_place, other.birth_place)
    return Shared.UNKNOWN if places is None else Shared.AREA if places else Shared.APART


def compare_phones(one: str | None, other: str | None) -> PhoneLevel:
    """How two telephones agree; the same one is of the home."""
    if not one or not other:
        return PhoneLevel.UNKNOWN
    return PhoneLevel.EQUAL if one == other else PhoneLevel.OTHER


def same_place(one: str | None, other: str | None) -> bool | None:
    """Whether two names of places are the same; None where one is not known."""
    return plain_place(one) == plain_place(other) if one and other else None


def same_address(one: str, other: str) -> bool:
    """Whether two addresses of one commune share most of the words that tell them from others, in whatever order."""
    ours, theirs = words_of_address(one), words_of_address(other)
    return bool(ours & theirs) and len(ours & theirs) >= ADDRESS_SHARED * len(ours | theirs)


def has_number(address: str) -> bool:
    """Whether an address says a number, as that of a house does."""
    return any(map(str.isdigit, address))


def compare_cards(one: str | None, other: str | None) -> CardLevel:
    """How the numbers of two cards agree."""
    ours, theirs = plain_card(one), plain_card(other)
    if not ours or not theirs:
        return CardLevel.UNKNOWN
    if ours == theirs:
        return CardLevel.EQUAL
    return CardLevel.ONE_SIGN if one_slip(ours, theirs) else CardLevel.OTHER


def one_slip(one: str, other: str) -> bool:
    """Whether one sign of two texts differs, is missing, or stands in its neighbour's place."""
    if abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        off = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        if len(off) == 2 and off[1] == off[0] + 1:
            return one[off[0]] == other[off[1]] and one[off[1]] == other[off[0]]
        return len(off) == 1
    short, long = sorted((one, other), key=len)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


def compare_sexes(one: str | None, other: str | None) -> SexLevel:
    """How two sexes agree."""
    if not one or not other:
        return SexLevel.UNKNOWN
    return SexLevel.EQUAL if one == other else SexLevel.OTHER
