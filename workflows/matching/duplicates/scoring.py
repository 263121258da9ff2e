"""How likely two records are one person: the sum of what each comparison says, in bits, and what that means.

    bits = how many people are registered already + given name + home + telephone + birth + card + sex

0 bits means as likely as not. Three zones, each for a person to look at: the same valid card and a birth date that
agrees goes first, then `probable`, then `possible`. Nothing is refused or merged.
"""

from collections.abc import Mapping
from enum import StrEnum
from math import log2
from typing import NamedTuple

from workflows.matching.births import BirthVerdict
from workflows.matching.duplicates.comparisons import (
    FIRST_OF_BOTH,
    SAME_NAME,
    YEARS_SAME,
    CardLevel,
    NameLevel,
    Scripts,
    SexLevel,
    Shared,
    compare_cards,
    compare_dates,
    compare_homes,
    compare_names,
    compare_phones,
    compare_sexes,
    scripts_of,
)
from workflows.matching.duplicates.keys import family_key, given_key, place_key, plain_place, words_in, year_key
from workflows.matching.duplicates.record import Record
from workflows.matching.duplicates.weights import NOTHING, Levels, Weights, weights

AGREEING_BIRTHS = (BirthVerdict.SAME, BirthVerdict.SAME_MONTH, BirthVerdict.SAME_YEAR, BirthVerdict.FIRST_OF_JANUARY,
                   YEARS_SAME, FIRST_OF_BOTH)  # fmt: skip
AT_HOME = (Shared.BOTH, Shared.PHONE, Shared.HOUSE, Shared.STREET)
ANOTHER_NAME = (NameLevel.OTHER, NameLevel.FAR, NameLevel.SLIPS, NameLevel.SLIP)
NEARLY = (NameLevel.NEAR, NameLevel.SLIP, NameLevel.SLIPS, NameLevel.FAR)
FAMILIES = {
    **dict.fromkeys((*SAME_NAME[:3], *NEARLY), "one"),
    NameLevel.OTHER: "other",
    NameLevel.SWAPPED: "any",
    NameLevel.UNKNOWN: "any",
}  # of the home of whom a telephone or an address is shared; brothers have papers, too
FAR_NAME = (NameLevel.OTHER, NameLevel.FAR, NameLevel.SLIPS)
BEST = (NameLevel.EQUAL, NameLevel.SWAPPED, NameLevel.UNKNOWN)  # no other level says more than one of these
ONE_HOME = (Shared.BOTH, Shared.PHONE, Shared.HOUSE)
FEWEST = 1000  # people of a register, before there are so many
A_BIT = 0.01


class Zone(StrEnum):
    """What is to be done with a likely duplicate; the first goes first. Each waits for a person."""

    SAME_CARD = "same_card"
    PROBABLE = "probable"
    POSSIBLE = "possible"


ORDER = list(Zone)


class Reason(NamedTuple):
    """What one comparison says: its field, its level, and its bits."""

    field: str  # "registered" | "given" | "home" | "phone" | "birth" | "card" | "sex" | "guard"
    level: str
    bits: float

    @property
    def code(self) -> str:
        """By which a stored event knows it: home.equal.both; wording.py has its words."""
        return f"{self.field}.{self.level}" if self.level else self.field


class Likeness(NamedTuple):
    """How likely two records are one person; no zone where a person need not look."""

    bits: float
    zone: Zone | None
    reasons: tuple[Reason, ...]


class Context(NamedTuple):
    """What a score depends on beside the two records: how many are registered, and which share has what."""

    persons: float
    shares: Mapping[int, float]  # by share_numbers
    weights: Weights


def context_of(persons: float, shares: Mapping[int, float]) -> Context:
    """The context of a register with so many people, by the weights in force."""
    return Context(max(persons, FEWEST), shares, weights())


def share_numbers(record: Record) -> list[int]:
    """The keys under which the shares of a record's names, places and birth year are known."""
    return [
        *(given_key(word) for word in whole_words(record.given)),
        *(family_key(word) for word in whole_words(record.family)),
        *(place_key(place) for place in dict.fromkeys(map(plain_place, (record.commune, record.birth_place))) if place),
        *([year_key(record.birth.day.year)] if record.birth else []),
    ]


def whole_words(name: tuple[str | None, str | None]) -> list[str]:
    """A given or a family name as a whole, as each script has it."""
    return list(dict.fromkeys(words_in(text)[-1] for text in name if text and words_in(text)))


class Matcher:
    """Compares one record with others."""

    def __init__(self, record: Record, context: Context) -> None:
        self.record, self.context, self.weights = record, context, context.weights
        self.registered = log2(self.weights.expected / context.persons)
        uncounted, birth = self.weights.uncounted, record.birth
        self.given_share = self.share([given_key(word) for word in whole_words(record.given)], uncounted.name)
        self.family_share = self.share([family_key(word) for word in whole_words(record.family)], uncounted.name)
        self.year_share = self.share([year_key(birth.day.year)] if birth else [], uncounted.year)
        given = max(self.given_bits(scripts, level) for scripts in Scripts for level in BEST)
        self.most_by_names = given + log2(1 / self.weights.repeated)
        self.most_by_family = max(self.family_bits(scripts, level) for scripts in Scripts for level in BEST)

    def share(self, keys: list[int], uncounted: float) -> float:
        """Of all people, how many have this name, or were born then or there."""
        return max([self.context.shares.get(key, uncounted) for key in keys], default=uncounted)

    def compare(self, other: Record) -> Likeness | None:
        """How likely another record is the same person's; None where no name could make it so."""
        ours = self.record
        shared, birth = compare_homes(ours, other), compare_dates(ours.birth, other.birth)
        card, sex = compare_cards(ours.cin, other.cin), compare_sexes(ours.sex, other.sex)
        phone, place_bits = compare_phones(ours.phone, other.phone), self.place_bits(shared, other)
        card_bits, phone_bits = bits_of(self.weights.card, card), bits_of(self.weights.phone, phone)
        agrees = card is CardLevel.EQUAL and birth in AGREEING_BIRTHS
        most = self.most(shared, birth, sex, place_bits) + card_bits + phone_bits
        if not agrees and most < self.weights.possible:
            return None
        given, family = compare_names(ours, other)
        sexes = self.weights.sex["same" if given in SAME_NAME else "other"]
        reasons = [
            Reason("registered", "", self.registered),
            Reason("given", given, self.given_at(other, given, family, shared)),
            Reason("home", f"{family}.{shared}", self.home_at(other, family, shared, place_bits)),
            *([Reason("phone", phone, phone_bits)] if phone_bits else []),
            Reason("birth", birth, self.birth_bits(self.births(given, family, shared), birth)),
            Reason("card", card, card_bits),
            Reason("sex", sex, bits_of(sexes, sex)),
        ]
        return self.judged(reasons, given, agrees=agrees)

    def most(self, shared: Shared, birth: str, sex: SexLevel, place_bits: float) -> float:
        """The most that all but card and telephone can say, whatever the names are."""
        home = self.most_at_home(shared) if shared in AT_HOME else self.most_by_family + place_bits
        sexes = max(bits_of(levels, sex) for levels in self.weights.sex.values())
        return self.registered + self.most_by_names + home + self.most_of_birth(birth, shared) + sexes

    def given_at(self, other: Record, given: NameLevel, family: NameLevel, shared: Shared) -> float:
        """What the given names say; the same one says more within one home, where parents seldom give one twice."""
        bits = self.given_bits(scripts_of(self.record.given, other.given), given)
        again = given in SAME_NAME and FAMILIES[family] == "one" and shared in ONE_HOME
        return bits + log2(1 / self.weights.repeated) if again else bits

    def home_at(self, other: Record, family: NameLevel, shared: Shared, place_bits: float) -> float:
        """What a home says, or else the family names and the place."""
        if shared in AT_HOME:
            return self.home_bits(family, shared)
        return self.family_bits(scripts_of(self.record.family, other.family), family) + place_bits

    def judged(self, reasons: list[Reason], given: NameLevel, *, agrees: bool) -> Likeness:
        """The sum of the reasons, and what it means; `agrees`: the card is the same, and the birth date agrees.

        Twins, brothers and sisters share all but the given name: whoever has another one is never a probable
        duplicate, unless the card is the same.
        """
        bits = sum([each.bits for each in reasons])
        if given in ANOTHER_NAME and not agrees and bits >= self.weights.probable:
            most = self.weights.probable - A_BIT
            reasons.append(Reason("guard", given, most - bits))
            bits = most
        return Likeness(bits, self.zone_of(bits, agrees=agrees), tuple(reasons))

    def births(self, given: NameLevel, family: NameLevel, shared: Shared) -> Levels:
        """What a birth date says, in one family or among strangers.

        Whoever has another given name and the family name is a twin rather than a stranger, wherever they live.
        """
        if family in SAME_NAME and shared in AT_HOME:
            return self.weights.birth_at_home[shared]
        if family in SAME_NAME and given in FAR_NAME and shared is not Shared.APART:
            return self.weights.birth_at_home[Shared.BOTH]
        return self.weights.birth

    def most_of_birth(self, birth: str, shared: Shared) -> float:
        """The most that a birth date can say, whatever the names are."""
        plain = self.birth_bits(self.weights.birth, birth)
        return max(plain, self.birth_bits(self.weights.birth_at_home[shared], birth)) if shared in AT_HOME else plain

    def most_at_home(self, shared: Shared) -> float:
        """The most that a home can say, whatever the names are."""
        return max(levels[shared].bits(1.0, self.context.persons) for levels in self.weights.home.values())

    def birth_bits(self, levels: Levels, level: str) -> float:
        """What birth dates say."""
        return levels.get(level, NOTHING).bits(self.year_share, 1.0)

    def given_bits(self, scripts: Scripts, level: NameLevel) -> float:
        """What the given names say."""
        return name_bits(self.weights.given[scripts], level, self.given_share)

    def family_bits(self, scripts: Scripts, level: NameLevel) -> float:
        """What the family names say, of whom neither telephone nor address is shared."""
        return name_bits(self.weights.family[scripts], level, self.family_share)

    def home_bits(self, family: NameLevel, shared: Shared) -> float:
        """What a telephone or an address says that is shared."""
        return self.weights.home[FAMILIES[family]][shared].bits(1.0, self.context.persons)

    def place_bits(self, shared: Shared, other: Record) -> float:
        """What a commune or a place of birth says that is shared, or is not."""
        weight = self.weights.place.get(shared, NOTHING)
        if weight.of != "share":
            return weight.bits(1.0, 1.0)
        ours = self.record
        place = plain_place(ours.commune if ours.commune and other.commune else ours.birth_place)
        return weight.bits(self.share([place_key(place)], self.weights.uncounted.place), 1.0)

    def zone_of(self, bits: float, *, agrees: bool) -> Zone | None:
        """What so many bits mean."""
        if agrees:
            return Zone.SAME_CARD
        if bits >= self.weights.probable:
            return Zone.PROBABLE
        return Zone.POSSIBLE if bits >= self.weights.possible else None


def bits_of(levels: Levels, level: str) -> float:
    """What a level says that depends on nothing else."""
    return levels.get(level, NOTHING).bits(1.0, 1.0)


def name_bits(levels: Levels, level: NameLevel, share: float) -> float:
    """What two names say, one of which so many people have; names that are alike no more than the same one."""
    bits = levels.get(level, NOTHING).bits(share, 1.0)
    return min(bits, levels[NameLevel.EQUAL].bits(share, 1.0)) if level in NEARLY else bits
