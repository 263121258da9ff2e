"""Keys to search by: two records of one person share one nearly always, those of two people seldom.

Each is made of two things that rarely go wrong together, and is a number of 64 bits that stands for the text:

    card       the number of the identity card
    phone      telephone and a word of the name
    day        birth date and a word of the name
    year       given name, family name, year of birth
    month_day  given name, family name, month and day
    place      given name, family name, and the commune of the address, or the place of birth
    phone_year, day_place, home_year
               telephone and year of birth, birth date and place, address and year of birth: for a name that went wrong

A word stands for all its spellings, in either script: its consonants without the article, in few classes. The pair of
a given and a family name has no order, because people change them about.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import product

from workflows.matching.births import DAY, Birth
from workflows.matching.duplicates.record import Record
from workflows.matching.keys import LONGEST_KEY
from workflows.matching.script import folded
from workflows.matching.words import LIGHT, Word, name_of

MOST_WORDS = 4  # of a field, in one script
NOT_IN_CARDS = re.compile(r"[^A-Z0-9]")
BLANKS = re.compile(r"\s+")
WORDS = re.compile(r"\w+")
# Words that most addresses have, which tell none from another.
OF_MOST_ADDRESSES = frozenset(
    {
        *("rue", "avenue", "av", "ave", "bd", "bld", "boulevard", "route", "rte", "place", "hay", "quartier", "qt"),
        *("derb", "lotissement", "lot", "cité", "cite", "bloc", "immeuble", "imm", "étage", "etage", "appartement"),
        *("appt", "apt", "résidence", "residence", "villa", "numéro", "numero", "no", "douar", "commune"),
        *("زنقة", "شارع", "طريق", "حي", "درب", "تجزئة", "إقامة", "عمارة", "شقة", "رقم", "دوار", "جماعة"),
    }
)
# Consonants that are written for each other, one class for each: kh, gh and g as k, ch and z as s.
ONE_CLASS = str.maketrans("xgqcz", "kkkss")
DOUBLED = re.compile(r"(.)\1+")
Name = tuple[str | None, str | None]


def keys_of(record: Record) -> list[int]:
    """The keys of a record, each once; at least one."""
    return list(kinds_by_key(record))


def kinds_by_key(record: Record) -> dict[int, str]:
    """The keys of a record, each with its kind."""
    texts = dict.fromkeys(key_texts(record)) or {"nobody": None}
    return {number(text): text.partition(" ")[0] for text in texts}


def key_texts(record: Record) -> Iterator[str]:
    """The texts that the keys stand for."""
    given, family = words_of(record.given), words_of(record.family)
    words, pairs = dict.fromkeys((*given, *family)), pairs_of(given, family)
    if card := plain_card(record.cin):
        yield f"card {card}"
    if record.phone:
        yield from (f"phone {record.phone} {word}" for word in words)
    if record.birth:
        yield from birth_texts(record.birth, list(words), pairs)
    for place in places_of(record):
        yield from (f"place {place} {pair}" for pair in pairs)
    if record.birth:
        yield from texts_without_name(record, record.birth)


def places_of(record: Record) -> list[str]:
    """The commune of the address and the place of birth, as far as they are known."""
    return [each for each in dict.fromkeys(map(plain_place, (record.commune, record.birth_place))) if each]


def texts_without_name(record: Record, birth: Birth) -> Iterator[str]:
    """Those in which no name is."""
    if record.phone:
        yield f"phone_year {record.phone} {birth.day.year}"
    if record.commune and record.address:
        home = " ".join([plain_place(record.commune), *sorted(words_of_address(record.address))])
        yield f"home_year {home} {birth.day.year}"
    if knows_day(birth):
        yield from (f"day_place {birth.day} {place}" for place in places_of(record))


def birth_texts(birth: Birth, words: Sequence[str], pairs: Sequence[str]) -> Iterator[str]:
    """Those of a birth date. The first of January is half a year's, as registers write it: it says no more."""
    day = birth.day
    if knows_day(birth):
        yield from (f"day {day} {word}" for word in words)
        yield from (f"month_day {day:%m-%d} {pair}" for pair in pairs)
    yield from (f"year {day.year} {pair}" for pair in pairs)


def pairs_of(given: Sequence[str], family: Sequence[str]) -> list[str]:
    """A word of the given name beside one of the family name, in an order of their own; one name's words alone."""
    if not given or not family:
        return list(given or family)
    return list(dict.fromkeys(".".join(sorted(pair)) for pair in product(given, family)))


def words_of(name: Name) -> list[str]:
    """The words of a given or a family name, as both its scripts have them."""
    arabic, latin = name
    return list(dict.fromkeys((*words_in(arabic or ""), *words_in(latin or ""))))


@lru_cache(maxsize=100_000)
def words_in(text: str) -> tuple[str, ...]:
    """The words of a text, each as what its spellings share; where there are several, also read without blanks."""
    words = name_of(text).words
    heavy = [word for word in words if word.weight > LIGHT] or list(words)
    found = [coarse(word) for word in heavy[:MOST_WORDS]]
    if len(found) > 1:
        found.append("".join(found)[:LONGEST_KEY])
    return tuple(dict.fromkeys(found))


def coarse(word: Word) -> str:
    """The consonants of a word in few classes, without its article, without an l that may be one (Lotfi), and without
    an h at the end, which many leave out or add (Sarah, سارة, ساره); its sounds where it has none.
    """
    bones = next((bones for bones in reversed(word.bones) if len(bones) > 1), word.bones[0] if word.bones else "")
    found = DOUBLED.sub(r"\1", bones.replace("dj", "j").translate(ONE_CLASS).replace("kh", "k")).rstrip("h")
    return ((found[1:] if found[:1] == "l" and len(found) > 2 else found) or bones or word.sounds)[:LONGEST_KEY]


def knows_day(birth: Birth) -> bool:
    """Whether a birth date says a day that is one: registers write the first of January for one that nobody knows."""
    return birth.precision == DAY and (birth.day.month, birth.day.day) != (1, 1)


@lru_cache(maxsize=20_000)
def words_of_address(text: str) -> frozenset[str]:
    """The words and numbers of an address in small letters, without those of most addresses and without letters that
    stand alone, as abbreviations do.
    """
    words = frozenset(WORDS.findall(BLANKS.sub(" ", folded(text).lower())))
    return frozenset(each for each in words - OF_MOST_ADDRESSES if len(each) > 1 or each.isdigit()) or words


@lru_cache(maxsize=10_000)
def plain_place(text: str | None) -> str:
    """The name of a place in small letters without blanks at its ends; "" for none."""
    return BLANKS.sub(" ", folded(text).lower()).strip() if text else ""


def plain_card(text: str | None) -> str:
    """The number of a card in capitals and digits alone; "" for none."""
    return NOT_IN_CARDS.sub("", text.upper()) if text else ""


def number(text: str) -> int:
    """A number of 64 bits with its sign, as PostgreSQL has them, that stands for a text."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def given_key(word: str) -> int:
    """By which a given name's share of all people is known."""
    return number(f"given {word}")


def family_key(word: str) -> int:
    """By which a family name's is."""
    return number(f"family {word}")


def place_key(place: str) -> int:
    """By which is known how many live or were born there."""
    return number(f"at {place}")


def year_key(year: int) -> int:
    """By which is known how many were born in a year."""
    return number(f"born {year}")
