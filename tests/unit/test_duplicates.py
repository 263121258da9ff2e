"""Keys, comparisons and bits of the search for likely duplicates: what finds whom, and what may never be said."""

import json
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.persons import pools, train
from benchmarks.persons.noise import RATES
from benchmarks.persons.population import SHARES
from workflows.matching.births import DAY, MONTH, YEAR, Birth, BirthVerdict
from workflows.matching.duplicates import wording
from workflows.matching.duplicates.comparisons import (
    FIRST_OF_BOTH,
    NEAR_DATE,
    YEAR_DIGIT,
    YEARS_DIFFER,
    YEARS_DIGIT,
    YEARS_OTHER,
    YEARS_SAME,
    CardLevel,
    NameLevel,
    PhoneLevel,
    Scripts,
    SexLevel,
    Shared,
    compare_cards,
    compare_dates,
    compare_homes,
    compare_name,
    compare_names,
    compare_phones,
    compare_sexes,
    in_one_script,
    scripts_of,
)
from workflows.matching.duplicates.keys import (
    MOST_WORDS,
    family_key,
    given_key,
    keys_of,
    kinds_by_key,
    place_key,
    plain_place,
    words_in,
    year_key,
)
from workflows.matching.duplicates.record import Record, record_of
from workflows.matching.duplicates.scoring import Matcher, Reason, Zone, context_of, share_numbers
from workflows.matching.duplicates.weights import weights
from workflows.matching.duplicates.wording import Side, said_of, side_of
from workflows.matching.keys import LONGEST_KEY
from workflows.stages.enrol_person import TOGETHER

MILLION = 1_000_000
NEITHER = 2.9  # bits that say little, one way or the other
OF_YEARS_ALONE = (FIRST_OF_BOTH, YEARS_SAME, YEAR_DIGIT, YEARS_DIGIT, YEARS_DIFFER, YEARS_OTHER)
HOME = {"birth_place": "Fès", "phone": "+212661234567", "commune": "Sefrou", "address": "12 rue des Oliviers, hay Nour"}
PERSON = Record("نادية", "بنعلي", "Nadia", "Benali", Birth(date(1984, 7, 12)), "female", "BE123456", **HOME)
FREQUENT = {given_key(word): 0.02 for word in words_in("Nadia")} | {
    family_key(each): 0.01 for each in words_in("Benali")
}
ARABIC = PERSON._replace(given_name_la=None, family_name_la=None)
LATIN = PERSON._replace(given_name_ar=None, family_name_ar=None)


def shared_keys(one: Record, other: Record) -> set[int]:
    return set(keys_of(one)) & set(keys_of(other))


def bits(one: Record, other: Record, shares: dict[int, float] | None = None) -> float:
    found = Matcher(one, context_of(MILLION, shares or {})).compare(other)
    return found.bits if found else -100.0


def bits_for(one: Record, other: Record, field: str) -> float:
    found = Matcher(one, context_of(MILLION, {})).compare(other)
    assert found
    return next(each.bits for each in found.reasons if each.field == field)


def birth_bits(one: Record, other: Record) -> float:
    return bits_for(one, other, "birth")


def given_bits(one: Record, other: Record) -> float:
    return bits_for(one, other, "given")


def zone(one: Record, other: Record) -> Zone | None:
    found = Matcher(one, context_of(MILLION, {})).compare(other)
    return found.zone if found else None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"family_name_ar": "بن علي", "family_name_la": "Ben Ali"}, "a blank"),
        ({"given_name_ar": None, "family_name_ar": None}, "one script"),
        ({"given_name_la": "Nadya", "family_name_la": "Benalli"}, "spellings"),
        (
            {"given_name_ar": "بنعلي", "family_name_ar": "نادية", "given_name_la": "Benali", "family_name_la": "Nadia"}
            | {"phone": None, "cin": None, "birth": None},
            "swapped",
        ),
        (
            {"birth": Birth(date(1984, 12, 7)), "phone": None, "cin": None, "commune": None, "birth_place": None},
            "day and month",
        ),
        (
            {"birth": Birth(date(1994, 7, 12)), "phone": None, "cin": None, "commune": None, "birth_place": None},
            "a digit of the year",
        ),
        (
            {"birth": Birth(date(1984, 1, 1), YEAR), "phone": None, "cin": None, "commune": None, "birth_place": None},
            "the year alone",
        ),
        ({"birth": None, "phone": None, "cin": None}, "no birth date, the same commune"),
        (
            {
                "given_name_ar": "سعاد",
                "given_name_la": "Souad",
                "birth": None,
                "phone": None,
                "commune": None,
                "birth_place": None,
            },
            "the card",
        ),
    ],
)
def test_two_records_of_one_person_share_a_key(change: dict[str, Any], why: str) -> None:
    assert shared_keys(PERSON, PERSON._replace(**change)), why


NOWHERE: dict[str, Any] = dict.fromkeys(("cin", "phone", "commune", "birth_place", "address"))
STRANGER = Record("كريم", "الفاسي", "Karim", "El Fassi", Birth(date(1991, 3, 25)), "male", "C98765")


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("card", STRANGER._replace(cin="be 123-456")),
        ("phone", STRANGER._replace(phone=PERSON.phone, family_name_ar="بن علي", family_name_la="Ben Ali")),
        ("day", STRANGER._replace(birth=PERSON.birth, given_name_ar=None, given_name_la="Nadya")),
        ("year", LATIN._replace(birth=Birth(date(1984, 12, 3)), **NOWHERE)),
        ("month_day", ARABIC._replace(birth=Birth(date(1948, 7, 12)), **NOWHERE)),
        ("place", LATIN._replace(birth=Birth(date(1991, 3, 25)), cin=None, phone=None, birth_place=None)),
        ("phone_year", STRANGER._replace(phone=PERSON.phone, birth=Birth(date(1984, 1, 1), YEAR))),
        ("day_place", STRANGER._replace(birth=PERSON.birth, commune=" SEFROU ")),
        ("day_place", STRANGER._replace(birth=PERSON.birth, birth_place="Fès")),
        (
            "home_year",
            STRANGER._replace(birth=Birth(date(1984, 3, 25)), commune="Sefrou", address="hay Nour, r. des Oliviers 12"),
        ),
        ("place", LATIN._replace(birth=None, cin=None, phone=None, commune="fès", birth_place=None)),
    ],
)  # fmt: skip
def test_each_kind_of_key_finds_somebody_whom_no_other_one_does(kind: str, other: Record) -> None:
    ours = kinds_by_key(PERSON)
    assert {ours[key] for key in keys_of(other) if key in ours} == {kind}


@pytest.mark.parametrize(
    ("one", "other"),
    [("Bagdad", "بغداد"), ("Rachida", "Rasida"), ("Djamila", "Ddjamila"), ("Fakhri", "Faqhri"), ("Lotfi", "لطفي"),
     ("Sarah", "سارة"), ("Lina", "لينة")],
)  # fmt: skip
def test_spellings_of_a_word_have_one_key(one: str, other: str) -> None:
    assert words_in(one) == words_in(other)


def test_a_short_word_keeps_the_l_at_its_beginning() -> None:
    assert words_in("Lina") != words_in("Nina")


def test_a_name_of_many_words_has_a_bounded_number_of_keys() -> None:
    long = Record(given_name_la=" ".join(f"Nad{letter}a" for letter in "bcdfgjklmnpqrst"), family_name_la="Benali")
    assert len(keys_of(long._replace(phone="+212661234567"))) <= MOST_WORDS + 2
    assert max(map(len, words_in(f"{'nadim' * 8} {'karim' * 8}"))) == LONGEST_KEY


def test_an_arabic_and_a_latin_record_share_keys_of_every_kind_but_none_with_a_stranger() -> None:
    assert set(keys_of(ARABIC)) == set(keys_of(LATIN))
    assert not shared_keys(PERSON, Record("كريم", "الفاسي", "Karim", "Fassi", Birth(date(1984, 7, 12)), "male"))


@given(st.text(max_size=12), st.text(max_size=12), st.dates(date(1900, 1, 1), date(2026, 1, 1)) | st.none())
@settings(max_examples=60)
def test_nobody_is_without_a_key_and_keys_fit_the_database(name: str, family: str, born: date | None) -> None:
    keys = keys_of(Record(given_name_la=name, family_name_ar=family, birth=Birth(born) if born else None))
    assert keys
    assert len(keys) == len(set(keys))
    assert all(-(2**63) <= key < 2**63 for key in keys)


def test_the_first_of_january_is_no_day_to_search_by() -> None:
    first = Record(given_name_la="Nadia", family_name_la="Benali", birth=Birth(date(1950, 1, 1)))
    assert set(keys_of(first)) == set(keys_of(first._replace(birth=Birth(date(1950, 1, 1), YEAR))))


@pytest.mark.parametrize(
    ("other", "levels"),
    [
        (PERSON, (NameLevel.EQUAL, NameLevel.EQUAL)),
        (LATIN._replace(given_name_la="Nadya"), (NameLevel.SPELLING, NameLevel.EQUAL)),
        (ARABIC._replace(given_name_ar="سعاد"), (NameLevel.OTHER, NameLevel.EQUAL)),
        (
            LATIN._replace(given_name_la="Benali", family_name_la="Nadia"),
            (NameLevel.SWAPPED, NameLevel.SWAPPED),
        ),
        (
            LATIN._replace(given_name_la="Benali", family_name_la="Nadira"),
            (NameLevel.SWAPPED, NameLevel.SWAPPED),
        ),
        (
            LATIN._replace(given_name_la="Benali", family_name_la="Souad"),
            (NameLevel.OTHER, NameLevel.OTHER),
        ),
        (PERSON._replace(given_name_la="Souad"), (NameLevel.EQUAL, NameLevel.EQUAL)),
        (Record(birth=PERSON.birth), (NameLevel.UNKNOWN, NameLevel.UNKNOWN)),
        (Record(given_name_la="Nadia"), (NameLevel.EQUAL, NameLevel.UNKNOWN)),
    ],
)
def test_names_agree_in_levels_whichever_comes_first(other: Record, levels: tuple[NameLevel, NameLevel]) -> None:
    assert compare_names(PERSON, other) == compare_names(other, PERSON) == levels


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Nadia", "nadia", NameLevel.EQUAL),
        ("Nadia", "Nadya", NameLevel.SPELLING),
        ("نادية", "Nadia", NameLevel.SPELLING),
        ("Zerhouni", "Zerhoumi", NameLevel.NEAR),
        ("Bennani", "Benmani", NameLevel.SLIP),
        ("Zerhouni", "Zehrouni", NameLevel.SLIP),
        ("Zerhouni", "Zerkouti", NameLevel.SLIPS),
        ("Zerhouni", "Berrouni", NameLevel.SLIPS),
        ("Karim", "Salim", NameLevel.SLIPS),
        ("Zerhouni", "Zarouki", NameLevel.FAR),
        ("Zerhouni", "Alaoui", NameLevel.OTHER),
        ("Omar", "Asma", NameLevel.OTHER),
        ("Ali", "Adi", NameLevel.SLIP),
        ("Ba", "Bi", NameLevel.OTHER),
        ("Adil", "Amin", NameLevel.OTHER),
        ("كريم", "Karina", NameLevel.FAR),
    ],
)
def test_a_slip_is_told_from_another_spelling_and_from_another_name(one: str, other: str, level: NameLevel) -> None:
    assert in_one_script(one, other) == in_one_script(other, one) == level


@pytest.mark.parametrize(
    ("other", "scripts"),
    [
        (PERSON, Scripts.BOTH),
        (ARABIC, Scripts.ARABIC),
        (LATIN, Scripts.LATIN),
    ],
)
def test_names_are_weighed_by_the_script_in_which_they_are_compared(other: Record, scripts: Scripts) -> None:
    assert scripts_of(PERSON.given, other.given) == scripts_of(other.given, PERSON.given) == scripts
    assert scripts_of(ARABIC.given, LATIN.given) == Scripts.ACROSS


def test_across_the_scripts_a_name_that_agrees_says_so() -> None:
    assert compare_names(ARABIC, LATIN) == (NameLevel.ACROSS, NameLevel.ACROSS)
    # A ى at the end is often written as a ي.
    assert compare_name(("ليلي", None), (None, "Leila")) == compare_name((None, "Leila"), ("ليلي", None)) == "across"
    assert compare_name(("ليلي", None), (None, "Karim")) == "other"


@pytest.mark.parametrize(
    ("change", "shared"),
    [
        ({}, Shared.BOTH),
        ({"phone": None}, Shared.HOUSE),
        ({"phone": "+212600000000"}, Shared.HOUSE),
        ({"address": "12 r. des Oliviers, hay Nour"}, Shared.BOTH),
        ({"address": "des Oliviers, 12"}, Shared.BOTH),
        ({"phone": None, "address": "rue des Oliviers, Nour"}, Shared.STREET),
        ({"phone": None, "address": "14 rue des Oliviers, hay Zitoun"}, Shared.COMMUNE),
        ({"phone": None, "address": "rue des Oliviers"}, Shared.COMMUNE),
        ({"phone": None, "address": "rue, hay"}, Shared.COMMUNE),
        ({"address": None}, Shared.PHONE),
        ({"phone": "+212600000000", "address": "3 avenue Annakhil"}, Shared.COMMUNE),
        ({"phone": None, "commune": " sefrou", "address": None}, Shared.AREA),
        ({"phone": None, "commune": "Fès"}, Shared.APART),
        ({"phone": "+212600000000", "commune": None, "birth_place": None}, Shared.UNKNOWN),
        ({"phone": None, "commune": None, "address": None, "birth_place": None}, Shared.UNKNOWN),
        ({"phone": None, "commune": None, "birth_place": "Fès"}, Shared.AREA),
        ({"phone": None, "commune": None, "birth_place": "Taza"}, Shared.APART),
        ({"phone": None, "commune": "Sefrou", "address": None, "birth_place": "Taza"}, Shared.AREA),
    ],
)
def test_a_home_is_one_comparison(change: dict[str, Any], shared: Shared) -> None:
    other = PERSON._replace(**change)
    assert compare_homes(PERSON, other) == compare_homes(other, PERSON) == shared


def test_a_telephone_that_differs_says_something_and_the_same_one_nothing_beside_the_home() -> None:
    assert compare_phones(PERSON.phone, PERSON.phone) is PhoneLevel.EQUAL
    assert compare_phones(None, PERSON.phone) is compare_phones(PERSON.phone, None) is PhoneLevel.UNKNOWN
    moved = PERSON._replace(phone="+212600000000", address="3 avenue Annakhil", cin=None)
    assert bits(PERSON, moved) < bits(PERSON, moved._replace(phone=None)) - 1
    found = Matcher(PERSON, context_of(MILLION, {})).compare(PERSON)
    assert found
    assert "phone" not in {each.field for each in found.reasons}


def test_the_same_given_name_says_more_within_one_home() -> None:
    strangers = PERSON._replace(phone=None, commune=None, birth_place=None)
    another_family = PERSON._replace(family_name_ar=None, family_name_la="Fassi")
    assert given_bits(PERSON, PERSON) == pytest.approx(given_bits(PERSON, strangers) + 2)
    assert given_bits(PERSON, PERSON) == pytest.approx(given_bits(PERSON, another_family) + 2)


def test_an_address_without_a_number_is_a_street_or_a_douar() -> None:
    douar = PERSON._replace(phone=None, address="Douar Nour")
    assert compare_homes(douar, douar._replace(address="douar  nour")) is Shared.STREET
    assert compare_homes(douar, douar._replace(phone="+212600000000", address="D. Nour")) is Shared.STREET
    assert compare_homes(douar, douar._replace(address="Douar Zitoun")) is Shared.COMMUNE


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("BE123456", "be 123456", CardLevel.EQUAL),
        ("BE123456", "BE123457", CardLevel.ONE_SIGN),
        ("BE123456", "BE12346", CardLevel.ONE_SIGN),
        ("BE123456", "BE132456", CardLevel.ONE_SIGN),
        ("BE123456", "BE213465", CardLevel.OTHER),
        ("BE123456", None, CardLevel.UNKNOWN),
        ("--", "BE123456", CardLevel.UNKNOWN),
    ],
)
def test_cards_agree_differ_or_slip(one: str, other: str | None, level: CardLevel) -> None:
    assert compare_cards(one, other) == compare_cards(other, one) == level


def test_two_first_of_januaries_say_less_than_another_day() -> None:
    first, day = Birth(date(1950, 1, 1)), Birth(date(1950, 3, 1))
    assert (compare_dates(first, first), compare_dates(day, day)) == (FIRST_OF_BOTH, BirthVerdict.SAME)
    known = weights().birth
    assert known[FIRST_OF_BOTH].bits(0.01, 1) < known["same"].bits(0.01, 1)


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ("1984-07-12", "1984-12-07", BirthVerdict.SWAPPED),
        ("1984-07-12", "1984-07-22", BirthVerdict.ONE_DIGIT),
        ("1984-07-12", "1986-11-03", NEAR_DATE),
        ("1984-07-12", "1987-11-03", BirthVerdict.DIFFERENT),
        ("1984-07-12", "1984", BirthVerdict.SAME_YEAR),
        ("1984-07-12", "1984-01-01", BirthVerdict.FIRST_OF_JANUARY),
        ("1984-07-12", "1994", YEAR_DIGIT),
        ("1984-07-12", "1995-01-01", YEARS_DIFFER),
        ("1984", "1984", YEARS_SAME),
        ("1984-01-01", "1984", YEARS_SAME),
        ("1984", "1994-01-01", YEARS_DIGIT),
        ("1984-01-01", "1995-01-01", YEARS_OTHER),
        ("1984-07", "1984-07-12", BirthVerdict.SAME_MONTH),
        ("1984-07", "1984-07", BirthVerdict.SAME_MONTH),
        ("1984-07", "1984-08-12", YEARS_DIFFER),
        ("1984-07", "1984", YEARS_SAME),
    ],
)
def test_of_two_births_of_which_one_has_no_day_the_years_are_compared(one: str, other: str, verdict: str) -> None:
    births = [
        Birth(date.fromisoformat(f"{each}-01-01"[:10]), {4: YEAR, 7: MONTH, 10: DAY}[len(each)])
        for each in (one, other)
    ]
    assert compare_dates(*births) == compare_dates(*reversed(births)) == verdict


def test_a_twin_is_never_more_than_possible_and_the_same_person_again_is_probable() -> None:
    twin = PERSON._replace(given_name_ar="سعاد", given_name_la="Souad", cin=None)
    again = PERSON._replace(given_name_la="Nadya", cin=None)
    assert zone(PERSON, twin) is None
    assert birth_bits(PERSON, twin) < birth_bits(PERSON, twin._replace(phone=None, commune="Fès")) - 4
    assert zone(PERSON, again) is Zone.PROBABLE
    # Twins get their cards together: the numbers are neighbours.
    found = Matcher(PERSON, context_of(MILLION, {})).compare(twin._replace(cin="BE123457"))
    assert found
    assert found.zone is Zone.POSSIBLE
    assert [each.field for each in found.reasons][-1] == "guard"
    assert sum(each.bits for each in found.reasons[:-1]) > weights().probable


def test_the_same_card_and_an_agreeing_birth_go_first_whatever_the_names_are() -> None:
    other = Record("كريم", "الفاسي", None, None, Birth(date(1984, 1, 1), YEAR), "male", "be123456")
    assert zone(PERSON, other) is Zone.SAME_CARD
    assert zone(PERSON, other._replace(birth=Birth(date(1990, 3, 3)))) is None
    for precision in (YEAR, DAY):
        born = Birth(date(1984, 1, 1), precision)
        assert zone(PERSON._replace(birth=born), other._replace(birth=born)) is Zone.SAME_CARD


def test_a_stranger_of_the_same_name_and_year_is_nobody_to_look_at() -> None:
    other = Record("نادية", "بنعلي", None, None, Birth(date(1984, 3, 2)), "female", None, None, "Agadir")
    assert bits(PERSON, other, FREQUENT) < weights().possible


def test_a_seldom_name_says_more_than_a_frequent_one() -> None:
    alone = LATIN._replace(phone=None, address=None, commune=None, cin=None)
    assert bits(alone, alone, FREQUENT) + 8 < bits(alone, alone)


def test_the_bits_are_the_sum_of_the_reasons_and_every_reason_has_words() -> None:
    found = Matcher(PERSON, context_of(MILLION, {})).compare(PERSON._replace(given_name_la="Nadya", cin="BE123457"))
    assert found
    assert found.bits == pytest.approx(sum(each.bits for each in found.reasons))
    assert {each.field for each in found.reasons} == {"registered", "given", "home", "birth", "card", "sex"}
    for each in found.reasons:
        said = wording.sentence(each)
        assert said
        assert not {"Nadia", "Benali", "1984", "BE123456"} & set(said.split())


def test_every_level_has_words_of_its_own_and_every_zone() -> None:
    known: dict[str, list[str]] = {
        "given": list(NameLevel),
        "phone": [PhoneLevel.OTHER, PhoneLevel.UNKNOWN],
        "birth": [*BirthVerdict, NEAR_DATE, *OF_YEARS_ALONE],
        "card": list(CardLevel),
        "sex": list(SexLevel),
    }
    said = {(field, level): list(said_of(f"{field}.{level}")) for field, levels in known.items() for level in levels}
    said |= {
        ("home", f"{name}.{shared}"): list(said_of(f"home.{name}.{shared}")) for name in NameLevel for shared in Shared
    }
    assert {len(each) for (field, _), each in said.items() if field == "home"} == {2}
    assert {len(each) for (field, _), each in said.items() if field != "home"} == {1}
    assert len(set(map(tuple, said.values()))) == len(said)
    assert [each.sentence for each in said_of("guard.other")] == [wording.GUARD]
    assert list(said_of("registered")) == list(said_of("given.nobody_knows_it")) == []
    assert set(wording.ZONES) == {*Zone, TOGETHER}


def test_what_speaks_against_one_person_has_less_than_no_bits_and_what_speaks_for_it_has_not() -> None:
    known = weights()
    levels = [("birth", known.birth), ("card", known.card), ("shared", known.place), ("sex", known.sex["other"])]
    levels += [("phone", {"other": known.phone["other"]})]
    levels += [(field, each) for field in ("given", "family") for each in getattr(known, field).values()]
    said = [
        (side_of(field, level), weight.bits(1 / 200, MILLION), field, level)
        for field, found in levels
        for level, weight in found.items()
    ]
    assert {side for side, *_ in said} == {Side.FOR, Side.AGAINST}
    assert [each for each in said if abs(each[1]) > NEITHER and (each[1] < 0) != (each[0] is Side.AGAINST)] == []


@given(
    st.sampled_from([PERSON, ARABIC, LATIN, STRANGER]),
    st.sampled_from([None, "+212661234567", "+212600000000"]),
    st.sampled_from([None, "BE123456", "BE123457", "C1"]),
    st.sampled_from([date(1984, 7, 12), date(1984, 12, 7), date(1984, 7, 13), date(1984, 1, 1), date(1951, 2, 2)]),
    st.sampled_from([None, "Sefrou", "Fès", "Taza"]),
    st.sampled_from(["Nadia", "Nadira", "Souad", "Benali"]),
)
@settings(max_examples=300)
def test_whoever_is_left_out_before_the_names_are_read_would_be_nobody_to_look_at(
    other: Record, phone: str | None, cin: str | None, born: date, commune: str | None, name: str
) -> None:
    other = other._replace(phone=phone, cin=cin, birth=Birth(born), commune=commune)
    other = other._replace(given_name_la=name) if other is not ARABIC else other
    found = Matcher(PERSON, context_of(MILLION, FREQUENT)).compare(other)
    everybody = context_of(MILLION, FREQUENT)
    low = msgspec.structs.replace(everybody.weights, possible=-1000.0)
    like = Matcher(PERSON, everybody._replace(weights=low)).compare(other)
    assert like
    assert found == like._replace(zone=found.zone) if found else like.bits < weights().possible


@given(
    st.sampled_from([PERSON, ARABIC, LATIN, STRANGER]),
    st.sampled_from([None, "+212661234567", "+212600000000"]),
    st.sampled_from([date(1984, 7, 12), date(1984, 12, 7), date(1984, 7, 13), date(1984, 1, 1), date(1951, 2, 2)]),
    st.sampled_from([None, "Sefrou", "Taza"]),
    st.sampled_from(["female", "male", None]),
)
@settings(max_examples=200)
def test_no_names_say_more_than_is_thought_before_they_are_read(
    other: Record, phone: str | None, born: date, commune: str | None, sex: str | None
) -> None:
    other = other._replace(phone=phone, birth=Birth(born), commune=commune, sex=sex, cin=None)
    matcher = Matcher(PERSON, context_of(MILLION, {}))
    matcher.weights = msgspec.structs.replace(matcher.weights, possible=-1000.0)
    found = matcher.compare(other)
    assert found
    said = {each.field: each.bits for each in found.reasons if each.field not in ("guard", "phone", "card")}
    shared = compare_homes(PERSON, other)
    most = matcher.most(shared, compare_dates(PERSON.birth, other.birth), compare_sexes(PERSON.sex, other.sex),
                        matcher.place_bits(shared, other))  # fmt: skip
    assert sum(said.values()) <= most + 1e-9


@pytest.mark.parametrize("level", NameLevel)
def test_whoever_has_another_given_name_is_no_more_than_possible_unless_the_card_is_the_same(level: NameLevel) -> None:
    matcher, much = Matcher(PERSON, context_of(MILLION, {})), [Reason("birth", "same", 30.0)]
    another = level in ("slip", "slips", "far", "other")
    assert matcher.judged([*much], level, agrees=False).zone is (Zone.POSSIBLE if another else Zone.PROBABLE)
    assert matcher.judged([*much], level, agrees=True).zone is Zone.SAME_CARD


def test_the_same_card_is_looked_at_however_many_people_there_are() -> None:
    other = STRANGER._replace(cin=PERSON.cin, birth=PERSON.birth)
    found = Matcher(PERSON, context_of(1e40, {})).compare(other)
    assert found
    assert found.zone is Zone.SAME_CARD


def test_a_birth_date_says_what_it_says_within_a_family_or_among_strangers() -> None:
    strangers, family = weights().birth["same"].bits(weights().uncounted.year, 1), weights().birth_at_home
    twin = PERSON._replace(given_name_ar="سعاد", given_name_la="Souad")
    moved: dict[str, Any] = {"phone": None, "address": "3 avenue Annakhil"}
    assert birth_bits(PERSON, PERSON) == family["both"]["same"].bits(1, 1)
    assert birth_bits(PERSON, twin._replace(**moved)) == family["both"]["same"].bits(1, 1)
    assert birth_bits(PERSON, PERSON._replace(**moved)) == strangers
    assert birth_bits(PERSON, twin._replace(**moved, commune="Fès")) == strangers


@pytest.mark.parametrize(
    ("bits", "agrees", "zone"),
    [
        (weights().possible - 0.01, False, None),
        (weights().possible, False, Zone.POSSIBLE),
        (weights().probable - 0.01, False, Zone.POSSIBLE),
        (weights().probable, False, Zone.PROBABLE),
        (-20.0, True, Zone.SAME_CARD),
    ],
)
def test_the_zones_begin_where_the_weights_say(bits: float, agrees: bool, zone: Zone | None) -> None:
    assert Matcher(PERSON, context_of(MILLION, {})).zone_of(bits, agrees=agrees) is zone


def test_a_register_of_few_people_is_searched_as_one_of_a_thousand() -> None:
    assert context_of(3, {}).persons == 1000


def test_a_letter_that_differs_says_no_more_than_the_same_name() -> None:
    near = PERSON._replace(given_name_ar=None, given_name_la="Nadira", cin=None)
    same = near._replace(given_name_la="Nadia")
    everybody_has_it = dict.fromkeys(FREQUENT, 0.9)
    assert bits(LATIN, near, everybody_has_it) <= bits(LATIN, same, everybody_has_it)


def test_a_place_and_a_year_say_more_the_fewer_people_have_them() -> None:
    alone = LATIN._replace(phone=None, address=None, birth_place=None, cin=None)
    many = {place_key("sefrou"): 0.1}
    few = {place_key("sefrou"): 0.0004}
    assert bits(alone, alone, many) < bits(alone, alone) < bits(alone, alone, few)
    of_birth = alone._replace(commune=None, birth_place="Sefrou")
    assert bits(of_birth, of_birth, many) == pytest.approx(bits(alone, alone, many))
    assert bits(alone, alone, {year_key(1984): 0.03}) < bits(alone, alone, {year_key(1984): 0.002}) - 3


def test_of_everybody_names_places_and_the_birth_year_are_counted() -> None:
    counted = set(share_numbers(PERSON))
    assert {year_key(1984), place_key(plain_place("Sefrou")), place_key(plain_place("Fès"))} < counted
    assert {given_key(words_in("Nadia")[-1]), family_key(words_in("Benali")[-1])} < counted
    assert share_numbers(Record()) == []


def test_the_sex_says_something_where_the_given_name_does_not() -> None:
    other = PERSON._replace(given_name_ar="سعاد", given_name_la="Souad")
    assert bits(PERSON, other) - bits(PERSON, other._replace(sex="male")) > 5
    assert abs(bits(PERSON, PERSON) - bits(PERSON, PERSON._replace(sex="male"))) < 2.5


def test_the_weights_were_trained_on_the_noise_that_is_measured() -> None:
    made = weights().made
    assert json.loads(made["noise"]) == RATES._asdict()
    assert json.loads(made["shares"]) == SHARES._asdict()
    assert (weights().possible, weights().probable) == (train.POSSIBLE, train.PROBABLE)


def test_the_weights_fall_from_what_agrees_to_what_does_not() -> None:
    known = weights()
    share = 1 / 200
    for names in (known.given, known.family):
        assert set(names) == set(Scripts)
        for scripts, levels in names.items():
            falling = [levels[level].bits(share, 1) for level in ("equal", "slip", "slips", "far", "other")]
            assert falling == sorted(falling, reverse=True), scripts
            assert levels["equal"] == levels["spelling"] == levels["across"]
            assert falling[0] > 5
            assert falling[-1] < -3
    for family, least in (("one", 12.0), ("any", 7.0), ("other", 2.0)):
        home = [known.home[family][each].bits(1, MILLION) for each in ("both", "phone", "house", "street")]
        assert home == sorted(home, reverse=True)
        assert home[-1] > least
    places = [known.place[each].bits(1 / 60, 1) for each in ("area", "commune", "apart")]
    assert places == sorted(places, reverse=True)
    assert places[1] > 2 > -3 > places[2]
    assert known.phone["unknown"].bits(1, 1) > 0 > known.phone["other"].bits(1, 1)
    assert known.card["other"].bits(1, 1) < -5
    births = [known.birth[level].bits(0.01, 1) for level in ("same", "swapped", "one_digit", "near", "different")]
    assert births == sorted(births, reverse=True)
    years = [known.birth[level].bits(0.01, 1) for level in ("same_years", "same_year", "year_digit", "years_differ")]
    assert years == sorted(years, reverse=True)
    twins = known.birth_at_home["both"]["same"].bits(1, 1)
    assert twins + 4 < known.birth["same"].bits(0.01, 1)


@given(st.sampled_from([None, "+212661234567"]), st.booleans(), st.booleans(), st.booleans())
def test_what_is_said_of_two_records_does_not_depend_on_which_comes_first(
    phone: str | None, arabic: bool, respelt: bool, year: bool
) -> None:
    other = (ARABIC if arabic else LATIN)._replace(phone=phone)
    other = other._replace(family_name_la="Ben Ali") if respelt and not arabic else other
    other = other._replace(birth=Birth(date(1984, 1, 1), YEAR if year else DAY))
    assert bits(PERSON, other) == pytest.approx(bits(other, PERSON))


def test_no_name_of_the_training_is_among_those_that_are_measured() -> None:
    trained = pools.training_names()
    measured = pools.measuring()
    assert not trained & {name.arabic for drawn in measured for name in drawn.names}
    assert min(len(drawn.names) for drawn in measured) > 50


def test_a_row_of_the_register_is_read_as_a_record() -> None:
    row = {"given_name_ar": "نادية", "birth_date": "1984-07-12", "sex": "female"}
    assert record_of(row) == Record(given_name_ar="نادية", birth=Birth(date(1984, 7, 12)), sex="female")
