"""Whether two spellings mean the same person: within a script, across scripts, and where it must say no."""

from itertools import combinations, product
from unicodedata import normalize

import pytest

from tests.factories import a_declaration, a_head, examples
from trials.generator.names import FEMALE, MALE, Name
from workflows.bodies.declaration import Member
from workflows.matching.names import same_name
from workflows.matching.spelling import (
    ARABIC_CLASS,
    KEYBOARDS,
    LATIN_ALONE,
    SAME_LETTER,
    folded,
    is_arabic,
    is_read,
    skeletons,
    spellings,
)

NAMES = examples("names.yaml")
SCRIPTS = ("latin", "arabic", "across")
NAMELESS = dict.fromkeys(("given_name_ar", "family_name_ar", "given_name_la", "family_name_la"))


def pairs(answer: str) -> list[tuple[list[str], list[str]]]:
    """Every pair of the examples with this answer."""
    return [(ours, theirs) for script in SCRIPTS for ours, theirs in NAMES[script][answer]]


def named(given: str, family: str) -> Member:
    """Somebody of this name, in the script in which it is written."""
    script = "ar" if is_arabic(folded(given)) else "la"
    return member(**{f"given_name_{script}": given, f"family_name_{script}": family})


def member(**names: str) -> Member:
    return a_declaration(members=[a_head(**NAMELESS | names)]).head


@pytest.mark.parametrize(("ours", "theirs"), pairs("same"), ids=str)
def test_a_variant_is_the_same_name_whichever_of_the_two_is_declared(ours: list[str], theirs: list[str]) -> None:
    assert same_name(named(*ours), named(*theirs))
    assert same_name(named(*theirs), named(*ours))


@pytest.mark.parametrize(("ours", "theirs"), pairs("other"), ids=str)
def test_another_person_is_not_the_same_name(ours: list[str], theirs: list[str]) -> None:
    assert not same_name(named(*ours), named(*theirs))
    assert not same_name(named(*theirs), named(*ours))


def test_where_both_scripts_can_be_compared_one_that_agrees_is_enough() -> None:
    ours = member(given_name_ar="خالد", family_name_ar="بنعلي", given_name_la="Halid", family_name_la="Bnli")
    theirs = member(given_name_ar="خالد", family_name_ar="بنعلي", given_name_la="Khalid", family_name_la="Benali")
    assert same_name(ours, theirs)


def test_a_name_in_the_other_scripts_field_counts_for_what_it_is() -> None:
    misplaced = member(given_name_la="خالد", family_name_la="بنعلي")
    assert same_name(misplaced, named("خالد", "بنعلي"))
    assert not same_name(misplaced, named("وليد", "بنعلي"))


def test_scripts_are_only_compared_with_each_other_where_none_is_shared() -> None:
    """Consonants alone would take these for each other; the shared script knows better."""
    ours = member(given_name_ar="كريم", family_name_ar="العلوي")
    theirs = member(given_name_ar="كريمة", family_name_ar="العلوي", given_name_la="Karim", family_name_la="Alaoui")
    assert not same_name(ours, theirs)


def latin_spellings(names: tuple[Name, ...]) -> list[tuple[str, str]]:
    """Every two usual spellings of one name."""
    return [pair for name in names for pair in combinations(name.la, 2)]


def test_every_usual_spelling_of_a_given_name_is_the_same_name() -> None:
    spelt = latin_spellings(MALE + FEMALE)
    unlike = [pair for pair in spelt if not same_name(named(pair[0], "Alaoui"), named(pair[1], "Alaoui"))]
    assert len(unlike) <= len(spelt) * 0.05, unlike


def test_different_given_names_of_one_family_are_seldom_taken_for_each_other() -> None:
    """Within a script: what a brother is called must not pass for his brother."""
    for names, script in product((MALE, FEMALE), ("ar", "la")):
        spelt = [name.ar if script == "ar" else name.la[0] for name in names]
        family = "العلوي" if script == "ar" else "Alaoui"
        both = list(combinations(spelt, 2))
        taken = [pair for pair in both if same_name(named(pair[0], family), named(pair[1], family))]
        assert len(taken) <= len(both) * 0.002, taken


@pytest.mark.parametrize("name", ["ⵎⵓⵃⴰ", "Иван", "Мοha", "李", "कमल", "ٹھ", "123", "-", "Karim كريم", "محمد ⵎ"])
def test_a_name_with_letters_that_no_comparison_would_see_is_not_read(name: str) -> None:
    assert not is_read(name)


@pytest.mark.parametrize(
    "name",
    ["Khalid", "أحمد", "ﻕﺍﺱﻡ", "ھشام", "ݣنون", "O’Brien", "ʿAbd", "Ben-Ali", "Ɣarbi", "ŁUKASZ", "بن علي", "م. العلوي"],
)
def test_names_in_arabic_and_latin_letters_are_read(name: str) -> None:
    assert is_read(name)


def test_every_letter_that_is_read_counts_in_a_comparison() -> None:
    """A letter that fell out of both sides would make two people one."""
    arabic = {*map(chr, SAME_LETTER), *map(chr, KEYBOARDS), *ARABIC_CLASS} - set("ء")
    latin = {*map(chr, LATIN_ALONE), *(chr(code) for code in range(0x41, 0x17F) if is_read(chr(code)))}
    assert len(latin) > 200
    assert [letter for letter in arabic | latin if not is_read(letter) or "" in spellings(letter + letter)] == []


@pytest.mark.parametrize("script", ["ar", "la"])
def test_other_forms_of_the_same_letters_make_no_difference(script: str) -> None:
    for name in MALE + FEMALE:
        plain = name.ar if script == "ar" else name.la[0]
        marked = "\u200f" + "\u200d".join(normalize("NFD", plain)) + "\u2069"
        assert spellings(marked) == spellings(plain)
        assert skeletons(marked) == skeletons(plain)
