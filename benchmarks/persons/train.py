"""Makes the weights of the search for duplicates: `python -m benchmarks.persons.train` writes weights.json.

It counts how often each level of each comparison is found among pairs of records of one person, and among other pairs,
of an invented population. Others who share a telephone or an address are too few for a sample of all pairs: they are
looked up. What no population of this size shows is set by hand.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import log2
from typing import Any

from benchmarks.persons.noise import RATES
from benchmarks.persons.pools import training
from benchmarks.persons.population import SHARES, Made, records
from workflows.matching.births import BirthVerdict
from workflows.matching.duplicates.comparisons import (
    FIRST_OF_BOTH,
    NEAR_DATE,
    SAME_NAME,
    YEAR_DIGIT,
    YEARS_DIFFER,
    YEARS_DIGIT,
    YEARS_OTHER,
    YEARS_SAME,
    CardLevel,
    NameLevel,
    PhoneLevel,
    Scripts,
    Shared,
    compare_cards,
    compare_dates,
    compare_homes,
    compare_names,
    compare_phones,
    compare_sexes,
    same_address,
    scripts_of,
)
from workflows.matching.duplicates.keys import family_key, given_key, place_key, plain_place, year_key
from workflows.matching.duplicates.record import Record
from workflows.matching.duplicates.scoring import AT_HOME, FAMILIES, whole_words
from workflows.matching.duplicates.weights import FILE
from workflows.registers.name_shares import shares_of

VERSION, SEED, RECORDS, PAIRS = "2026-11", 701, 260_000, 700_000
LEAST = 0.003  # of pairs of one person, at any level: worse noise than ours is not impossible
FEW = 0.5  # added to each count, so that none is nothing
PLACES = (Shared.AREA, Shared.COMMUNE, Shared.APART)
LARGE_GROUP, SAMPLED = 30, 200
RARE = 1e-5  # of a name that fewer than three of 260,000 have
# The limit at which 34 of 40,000 people of a seed that is not the benchmark's raised a false alert.
POSSIBLE = -1.0
PROBABLE = 7.0
# By hand: within one home a name is given again, as a grandfather's is, a quarter as often as among strangers.
REPEATED = 0.25
# By hand: two people with the number of one card, with one that is a slip of the other's (60 such numbers of 24
# million), and with given and family name in each other's place.
CARD_EQUAL, CARD_ONE_SIGN, NAMES_SWAPPED = 1e-6, 3e-6, 1e-5
Levels = dict[str, dict[str, Any]]
MONTH = {"m": 0.9, "u": 0.001}  # by hand: our register knows days and years
# A name in another spelling says no more than the same one: how a register spells is another noise than ours.
AGREE = (NameLevel.EQUAL, NameLevel.SPELLING, NameLevel.ACROSS)
IN_FAMILY = (*AGREE, NameLevel.NEAR, NameLevel.SLIP, NameLevel.SLIPS, NameLevel.FAR, NameLevel.OTHER)
BY_PHONE = (Shared.BOTH, Shared.PHONE)  # whoever has the telephone has mostly moved where the address is another
# Ways in which births agree that say the same, each by the first of them; and those that a year's share tells of.
ONE_OF_YEARS = (BirthVerdict.SAME_YEAR, BirthVerdict.FIRST_OF_JANUARY)
NONE_OF_YEARS = (YEARS_SAME, FIRST_OF_BOTH)
OF_YEARS = ((ONE_OF_YEARS[1], YEAR_DIGIT, YEARS_DIFFER), (NONE_OF_YEARS[1], YEARS_DIGIT, YEARS_OTHER))
BY_YEAR = (BirthVerdict.SAME, BirthVerdict.SWAPPED, *ONE_OF_YEARS, *NONE_OF_YEARS)
BIRTHS = (BirthVerdict.SAME, BirthVerdict.SWAPPED, BirthVerdict.ONE_DIGIT, NEAR_DATE, BirthVerdict.DIFFERENT,
          *ONE_OF_YEARS, YEAR_DIGIT, YEARS_DIFFER, *NONE_OF_YEARS, YEARS_DIGIT, YEARS_OTHER)  # fmt: skip


def main() -> None:
    """Counts, and writes the file."""
    pool = training()
    made = list(records(SEED, pool, [each.arabic for each in pool.family.names], RECORDS))
    first = {each.person: each.record for each in made if not each.again}
    same = [(first[each.person], each.record) for each in made if each.again]
    single = [each for each in made if not each.again]
    weights = {
        "version": VERSION,
        "made": {
            "by": f"python -m benchmarks.persons.train: {len(made)} invented records, {len(same)} pairs of one person",
            "names": "benchmarks/persons/pools.py, training(): none is in what is measured",
            "shares": json.dumps(SHARES._asdict()),
            "noise": json.dumps(RATES._asdict()),
        },
        "expected": SHARES.duplicates,
        "possible": POSSIBLE,
        "probable": PROBABLE,
        **counted(same, single),
    }
    FILE.write_text(json.dumps(weights, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print_bits(weights)


def counted(same: Sequence[tuple[Record, Record]], single: Sequence[Made]) -> dict[str, Any]:
    """Every comparison with its weights."""
    shares = shares_of(each.record for each in single)
    matches, others, near = Counts(shares), Counts(shares), Counts(shares)
    for pair in same:
        matches.add(*pair)
    rng = random.Random(SEED)
    for _ in range(PAIRS):
        one, other = rng.choice(single), rng.choice(single)
        if one.household != other.household:
            others.add(one.record, other.record)
    for weight, ours, theirs in neighbours(single, rng):
        near.add(ours, theirs, weight)
    years = others.share_of_year / sum(others.birth.values())
    return {
        "uncounted": {
            "name": RARE,
            "place": rounded(others.share_of_place / max(others.places, 1)),
            "year": rounded(years),
        },
        "given": {scripts: name_levels(matches.given[scripts], others.given[scripts], others.share_of_given[scripts])
                  for scripts in Scripts},
        "family": {scripts: family_levels(matches, others, scripts) for scripts in Scripts},
        "home": home_levels(matches, near, len(single)),
        "place": place_levels(matches.shared, others),
        "phone": phone_levels(matches.phone, others.phone),
        "repeated": REPEATED,
        "birth": birth_levels(matches.birth, others.birth, years),
        "birth_at_home": {shared: birth_levels(matches.birth, near.birth_of_family[shared]) for shared in AT_HOME},
        "card": card_levels(matches.card),
        "sex": {which: levels_of(matches.sex[which], others.sex[which]) for which in ("same", "other")},
    }  # fmt: skip


class Counts:
    """How often each level was found, and how frequent names, places and years were."""

    def __init__(self, shares: Mapping[int, float]) -> None:
        self.shares = shares
        self.given: dict[str, Counter[str]] = defaultdict(Counter)  # by script
        self.family: dict[str, Counter[str]] = defaultdict(Counter)
        self.share_of_given: dict[str, float] = defaultdict(float)
        self.share_of_family: dict[str, float] = defaultdict(float)
        self.share_of_place = self.share_of_year = self.places = 0.0
        self.home: Counter[tuple[str, str]] = Counter()
        self.shared: Counter[str] = Counter()
        self.phone: Counter[str] = Counter()
        self.birth: Counter[str] = Counter()
        self.birth_of_family: dict[str, Counter[str]] = defaultdict(Counter)
        self.card: Counter[str] = Counter()
        self.sex: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, one: Record, other: Record, weight: Any = 1) -> None:
        """Counts one pair, as so many."""
        given, family = compare_names(one, other)
        shared, birth = compare_homes(one, other), compare_dates(one.birth, other.birth)
        self.given[scripts_of(one.given, other.given)][given] += weight
        self.family[scripts_of(one.family, other.family)][family] += weight
        self.home[FAMILIES[family], shared] += weight
        self.shared[shared] += weight
        self.phone[compare_phones(one.phone, other.phone)] += weight
        self.birth[birth] += weight
        if shared in AT_HOME and family in SAME_NAME:
            self.birth_of_family[shared][birth] += weight
        self.card[compare_cards(one.cin, other.cin)] += weight
        self.sex["same" if given in SAME_NAME else "other"][compare_sexes(one.sex, other.sex)] += weight
        self.add_shares(one, other)

    def add_shares(self, one: Record, other: Record) -> None:
        """Adds how frequent the names, the place and the birth year of one are."""
        scripts = scripts_of(one.given, other.given)
        self.share_of_given[scripts] += self.share([given_key(word) for word in whole_words(one.given)])
        self.share_of_family[scripts] += self.share([family_key(word) for word in whole_words(one.family)])
        self.share_of_year += self.share([year_key(one.birth.day.year)] if one.birth else [])
        if one.commune and other.commune:
            self.share_of_place += self.share([place_key(plain_place(one.commune))])
            self.places += 1

    def share(self, keys: Sequence[int]) -> float:
        """The share of a name, a place or a year."""
        return max([self.shares.get(key, RARE) for key in keys], default=RARE)


def neighbours(single: Sequence[Made], rng: random.Random) -> Iterator[tuple[float, Record, Record]]:
    """All pairs of people who share a telephone or an address, each with how many it stands for."""
    phones, homes = defaultdict(list), defaultdict(list)
    for each in single:
        record = each.record
        if record.phone:
            phones[record.phone].append(record)
        if record.address:
            homes[record.commune, record.address].append(record)
    for weight, one, other in pairs_in(homes.values(), rng):
        yield weight, one, other
    for weight, one, other in pairs_in(phones.values(), rng):
        at_one = one.commune == other.commune and one.address and other.address
        if not (at_one and same_address(one.address or "", other.address or "")):
            yield weight, one, other


def pairs_in(groups: Any, rng: random.Random) -> Iterator[tuple[float, Record, Record]]:
    """The pairs within each group; of a large one a sample."""
    for group in groups:
        if len(group) <= LARGE_GROUP:
            yield from ((1.0, one, other) for one, other in combinations(group, 2))
        else:
            weight = len(group) * (len(group) - 1) / 2 / SAMPLED
            yield from ((weight, *rng.sample(group, 2)) for _ in range(SAMPLED))


def levels_of(same: Mapping[str, float], others: Mapping[str, float], among: Sequence[str] = ()) -> Levels:
    """The weights of a comparison, of pairs of which both sides are known; `among`: of these levels alone."""
    names = sorted(name for name in (among or {*same, *others}) if name != "unknown")
    ours = sum(same.get(name, 0) + FEW for name in names)
    theirs = sum(others.get(name, 0) + FEW for name in names)
    return {
        name: {
            "m": rounded(max((same.get(name, 0) + FEW) / ours, LEAST)),
            "u": rounded((others.get(name, 0) + FEW) / theirs),
        }
        for name in names
    }


def name_levels(same: Mapping[str, float], others: Mapping[str, float], share: float) -> Levels:
    """Those of given or of family names; of names that agree, however they are spelt, by how many have the name."""
    found = levels_of(together(same, AGREE), together(others, AGREE), [*IN_FAMILY[2:], NameLevel.SWAPPED])
    agree = {
        "m": found[AGREE[-1]]["m"],
        "u": rounded((sum(others.get(level, 0) for level in AGREE) + FEW) / share),
        "of": "share",
    }
    return found | dict.fromkeys(AGREE, agree) | {NameLevel.SWAPPED: {**found[NameLevel.SWAPPED], "u": NAMES_SWAPPED}}


def family_levels(matches: "Counts", others: "Counts", scripts: Scripts) -> Levels:
    """Those of family names; where both names are in each other's place, the given names have said it."""
    found = name_levels(matches.family[scripts], others.family[scripts], others.share_of_family[scripts])
    return {level: weight for level, weight in found.items() if level != NameLevel.SWAPPED}


def together(counts: Mapping[str, float], levels: Sequence[str]) -> dict[str, float]:
    """The counts, those of these levels summed as the last one's."""
    return {**counts, levels[-1]: sum(counts.get(level, 0) for level in levels)}


def birth_levels(same: Mapping[str, float], others: Mapping[str, float], year: float = 0) -> Levels:
    """Those of birth dates; where the years are one, by how many are born in it; `year`: how many in an average one.

    That neither side knows a day agrees as well: whose day one paper does not know, another one seldom does.
    """
    for ways in (ONE_OF_YEARS, NONE_OF_YEARS):
        same, others = together(same, ways), together(others, ways)
    found = levels_of(same, others, [each for each in BIRTHS if each not in (ONE_OF_YEARS[0], NONE_OF_YEARS[0])])
    for known in OF_YEARS:  # however few pairs know no day: of these, at least so many differ
        m = max(found[each]["m"] for each in known)
        found |= {
            each: {**found[each], "m": rounded(max((same.get(each, 0) + FEW) / sum(same.values()), LEAST * m))}
            for each in known
        }
    found |= {ONE_OF_YEARS[0]: found[ONE_OF_YEARS[1]], NONE_OF_YEARS[0]: found[NONE_OF_YEARS[1]]}
    if year:
        for level in BY_YEAR:
            found[level] = {**found[level], "u": rounded(found[level]["u"] / year), "of": "share"}
    return found | {BirthVerdict.SAME_MONTH: MONTH}


def home_levels(matches: "Counts", near: "Counts", persons: int) -> dict[str, Levels]:
    """Those of a telephone or an address that is shared, by how many others share it.

    Those who share one are of one family however its name is spelt.
    """
    known = sum(count for shared, count in matches.shared.items() if shared != Shared.UNKNOWN)
    families = {"one": ["one"], "other": ["other"], "any": ["one", "other", "any"]}
    total = sum(matches.home.values())

    def level(among: Sequence[str], shared: Shared) -> dict[str, Any]:
        homes = BY_PHONE if shared in BY_PHONE else (shared,)
        family = (sum(matches.home[each, home] for each in among for home in Shared) + FEW) / total
        m = family * sum(matches.shared[home] for home in homes) / known
        pairs = sum(near.home[each, home] for each in among for home in homes) + FEW
        return {"m": rounded(m), "u": rounded(2 * pairs / persons), "of": "people"}

    return {name: {shared: level(among, shared) for shared in AT_HOME} for name, among in families.items()}


def place_levels(same: Mapping[str, float], others: "Counts") -> Levels:
    """Those of a place: of one that is shared by how many live there."""
    known = [shared for shared in Shared if shared != Shared.UNKNOWN]
    ours, theirs = (sum(counts[shared] for shared in known) for counts in (same, others.shared))
    place = others.share_of_place / others.places
    found: Levels = {
        shared: {"m": rounded(same[shared] / ours), "u": rounded(others.shared[shared] / theirs)} for shared in PLACES
    }
    for shared in PLACES[:2]:
        found[shared] = {**found[shared], "u": rounded(found[shared]["u"] / place), "of": "share"}
    return found


def phone_levels(same: Mapping[str, float], others: Mapping[str, float]) -> Levels:
    """Those of telephones that are not the same: a home says what the same one does."""
    among = (PhoneLevel.OTHER, PhoneLevel.UNKNOWN)
    ours, theirs = (sum(counts[level] for level in among) for counts in (same, others))
    return {level: {"m": rounded(same[level] / ours), "u": rounded(others[level] / theirs)} for level in among}


def card_levels(same: Mapping[str, float]) -> Levels:
    """Those of cards, whose numbers two people hardly ever share."""
    known = sum(count for level, count in same.items() if level != CardLevel.UNKNOWN)
    chances = {CardLevel.EQUAL: CARD_EQUAL, CardLevel.ONE_SIGN: CARD_ONE_SIGN, CardLevel.OTHER: 1.0}
    # A card keeps its number for life; the noise has no number with two signs wrong, or of somebody else's card.
    least = {CardLevel.OTHER: 0.005 * known}
    return {
        level: {"m": rounded((same.get(level, 0) + least.get(level, FEW)) / known), "u": u}
        for level, u in chances.items()
    }


def rounded(value: float) -> float:
    """Four digits that count."""
    return float(f"{value:.4g}")


def print_bits(weights: Mapping[str, Any]) -> None:
    """What each level is worth among a million, for a name, a place or a year that one in 200 has."""
    for field in ("place", "phone", "birth", "card"):
        print(field, {level: bits(each) for level, each in weights[field].items()})
    for field in ("given", "family", "home", "birth_at_home", "sex"):
        for outer, levels in weights[field].items():
            print(field, outer, {level: bits(each) for level, each in levels.items()})


def bits(weight: Mapping[str, Any]) -> float:
    """The bits of a weight there."""
    scale = {"share": 1 / 200, "people": 1e-6}.get(weight.get("of", ""), 1.0)
    return round(log2(weight["m"] / min(1.0, weight["u"] * scale)), 1)


if __name__ == "__main__":
    main()
