"""What happens to a person who is registered a second time: another spelling, a slip in a date, no card, a new phone.

The figures that were asked for were measured on noise of which some rates are known: 45 % of the names respelt, 45 %
without a card, 5 % duplicates, 1.5 % twins. Others follow from the weights that were found there: a day that is lost in
some 12 of 100, one digit wrong in 5, another date in 0.6, another given name in 1.4. None here is lower, misspellings
that make another name of one included; what is known of none (telephones, addresses) is assumed.
"""

import random
from datetime import date, timedelta
from typing import NamedTuple

from benchmarks.names.pairs import typed
from benchmarks.persons.pools import Pool, Spelt
from trials.generator.identifiers import phone as another_phone
from workflows.matching.births import DAY, YEAR, Birth
from workflows.matching.duplicates.record import Record


class Rates(NamedTuple):
    """Of records of somebody who is registered already, which share has what."""

    respelt: float = 0.45  # a given name, a family name or both, in every script in which the record has it
    mistyped: float = 0.15  # of these, a letter wrong besides
    another_given_name: float = 0.01
    names_swapped: float = 0.02
    without_card: float = 0.45
    card_digit_wrong: float = 0.05  # of the others
    day_unknown: float = 0.15  # written 01-01: two in three as a year, the others as a day
    day_and_month_swapped: float = 0.03  # where that is a date
    date_digit_wrong: float = 0.06
    another_date: float = 0.008
    sex_wrong: float = 0.005
    without_phone: float = 0.25
    another_phone: float = 0.30
    moved: float = 0.25
    moved_far: float = 0.40  # of these, to another commune
    address_rewritten: float = 0.30
    without_address: float = 0.10


RATES = Rates()
LATIN_HABITS = (
    ("ou", "u"), ("oo", "ou"), ("u", "ou"), ("i", "y"), ("y", "i"), ("e", "a"), ("a", "e"), ("o", "ou"), ("ch", "sh"),
    ("sh", "ch"), ("q", "k"), ("k", "q"), ("dj", "j"), ("j", "dj"), ("kh", "k"), ("gh", "g"), ("ss", "s"), ("mm", "m"),
    ("s", "ss"), ("m", "mm"), ("n", "ne"), ("c", "k"), ("z", "s"),
)  # fmt: skip
LONG_VOWELS = "اوي"
ARABIC_HABITS = str.maketrans("أإآةى", "اااهي")
LATIN_LETTERS, ARABIC_LETTERS = "abcdefghijklmnoprstuyz", "ابتجحدرسشعفقكلمنهوي"


def registered_again(rng: random.Random, record: Record, pool: Pool, known: tuple[Spelt, Spelt]) -> Record:
    """Another record of the same person; `known`: the spellings of the given and the family name."""
    again = with_names(rng, record, pool, known)
    return again._replace(
        birth=again_born(rng, record.birth),
        cin=again_carded(rng, record.cin),
        sex=record.sex if rng.random() >= RATES.sex_wrong else {"female": "male", "male": "female"}[record.sex or ""],
        phone=again_reached(rng, record.phone),
    )


def with_names(rng: random.Random, record: Record, pool: Pool, known: tuple[Spelt, Spelt]) -> Record:
    """The names as they are written the second time."""
    if rng.random() < RATES.another_given_name:
        other = (pool.female if record.sex == "female" else pool.male).draw(rng)
        record = record._replace(
            given_name_ar=record.given_name_ar and other.arabic, given_name_la=record.given_name_la and other.latin[0]
        )
    elif rng.random() < RATES.respelt:
        record = respelt_record(rng, record, known)
    if rng.random() < RATES.names_swapped:
        given, family = record.given, record.family
        record = record._replace(
            given_name_ar=family[0], family_name_ar=given[0], given_name_la=family[1], family_name_la=given[1]
        )
    return record


def respelt_record(rng: random.Random, record: Record, known: tuple[Spelt, Spelt]) -> Record:
    """A record with the given name, the family name or both in another spelling."""
    which = rng.choice(("given", "family", "both"))
    if which != "family":
        arabic, latin = record.given
        record = record._replace(
            given_name_ar=respelt_arabic(rng, arabic), given_name_la=respelt_latin(rng, latin, known[0])
        )
    if which != "given":
        arabic, latin = record.family
        record = record._replace(
            family_name_ar=respelt_arabic(rng, arabic), family_name_la=respelt_latin(rng, latin, known[1])
        )
    return record


def respelt_latin(rng: random.Random, name: str | None, known: Spelt) -> str | None:
    """Another usual spelling, or one by a habit of writing; sometimes with a letter wrong besides."""
    if not name:
        return name
    others = [each for each in known.latin if each != name]
    name = rng.choice(others) if others and rng.random() < 0.5 else by_habit(rng, name)
    return mistyped(rng, name, LATIN_LETTERS) if rng.random() < RATES.mistyped else name


def by_habit(rng: random.Random, name: str) -> str:
    """A name with one group of letters written otherwise, or with its article or without."""
    low = name.lower()
    if rng.random() < 0.15:
        return low.removeprefix("el ").removeprefix("al ").title() if low[:3] in ("el ", "al ") else f"El {name}"
    habits = [each for each in LATIN_HABITS if each[0] in low]
    if not habits:
        return f"{name}e"
    old, new = rng.choice(habits)
    return low.replace(old, new, 1).title()


def respelt_arabic(rng: random.Random, name: str | None) -> str | None:
    """An Arabic name as people type it, sometimes with a letter wrong; never as it was."""
    if not name:
        return name
    written = typed(name, rng)
    if rng.random() < 0.5:
        written = written.translate(ARABIC_HABITS)
    if written == name:
        written = with_long_vowel(rng, name)
    return mistyped(rng, written, ARABIC_LETTERS) if rng.random() < RATES.mistyped else written


def with_long_vowel(rng: random.Random, name: str) -> str:
    """A name with a long vowel more or less within, or with the article."""
    if rng.random() < 0.4:
        return name.removeprefix("ال") if name.startswith("ال") and len(name) > 4 else f"ال{name}"
    places = [place for place in range(1, len(name) - 1) if name[place] in LONG_VOWELS]
    if places and rng.random() < 0.7:
        place = rng.choice(places)
        return name[:place] + name[place + 1 :]
    place = rng.randrange(1, len(name))
    return name[:place] + rng.choice(LONG_VOWELS) + name[place:]


def mistyped(rng: random.Random, name: str, letters: str) -> str:
    """A name with one letter wrong, missing, or before its neighbour."""
    if len(name) < 4:
        return name
    place = rng.randrange(1, len(name) - 1)
    match rng.randrange(3):
        case 0:
            return name[:place] + rng.choice(letters) + name[place + 1 :]
        case 1:
            return name[:place] + name[place + 1 :]
        case _:
            return name[:place] + name[place + 1] + name[place] + name[place + 2 :]


def again_born(rng: random.Random, birth: Birth | None) -> Birth | None:
    """The birth date as it is written the second time."""
    if birth is None:
        return None
    chance, day = rng.random(), birth.day
    if birth.precision == DAY and chance < RATES.day_unknown:
        return Birth(day.replace(month=1, day=1), YEAR if rng.random() < 2 / 3 else DAY)
    chance -= RATES.day_unknown
    if birth.precision == DAY and 0 <= chance < RATES.day_and_month_swapped and day.day <= 12:
        return Birth(day.replace(month=day.day, day=day.month))
    chance -= RATES.day_and_month_swapped
    if 0 <= chance < RATES.date_digit_wrong:
        return birth._replace(day=one_digit_wrong(rng, birth))
    chance -= RATES.date_digit_wrong
    if 0 <= chance < RATES.another_date:
        return Birth(day + timedelta(days=rng.choice((-1, 1)) * rng.randrange(40, 900)))
    return birth


def one_digit_wrong(rng: random.Random, birth: Birth) -> date:
    """Another date that could be, with one digit changed; of a year alone, one of its last two."""
    day = birth.day
    while True:
        text = list(f"{day:%Y%m%d}")
        place = rng.randrange(2, 8 if birth.precision == DAY else 4)
        text[place] = rng.choice("0123456789")
        try:
            changed = date.fromisoformat("".join(text))
        except ValueError:
            continue
        if changed != day and 1900 <= changed.year <= 2025:
            return changed


def again_carded(rng: random.Random, cin: str | None) -> str | None:
    """The card as it is written the second time."""
    if cin is None or rng.random() < RATES.without_card:
        return None
    if rng.random() >= RATES.card_digit_wrong:
        return cin
    place = rng.randrange(2, len(cin))
    return cin[:place] + rng.choice("0123456789") + cin[place + 1 :]


def again_reached(rng: random.Random, phone: str | None) -> str | None:
    """The telephone that is given the second time."""
    if rng.random() < RATES.without_phone:
        return None
    return another_phone(rng) if rng.random() < RATES.another_phone else phone
