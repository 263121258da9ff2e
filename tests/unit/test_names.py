"""Names as people of Morocco write them, and the letters that are read."""

from itertools import combinations, product

import pytest

from trials.generator.names import FEMALE, MALE, Name
from workflows.matching.score import score
from workflows.matching.script import KEYBOARDS, LATIN_ALONE, SAME_LETTER, is_read
from workflows.matching.verdict import NameVerdict, verdict_of
from workflows.matching.words import name_of


def latin_spellings(names: tuple[Name, ...]) -> list[tuple[str, str]]:
    """Every two usual spellings of one name."""
    return [pair for name in names for pair in combinations(name.la, 2)]


def test_no_usual_spelling_of_a_given_name_is_another_and_few_need_a_person() -> None:
    spelt = latin_spellings(MALE + FEMALE)
    found = {pair: verdict_of(score(f"{pair[0]} Alaoui", f"{pair[1]} Alaoui")) for pair in spelt}
    assert NameVerdict.OTHER not in found.values()
    unlike = [pair for pair, verdict in found.items() if verdict != NameVerdict.SAME]
    assert len(unlike) <= len(spelt) * 0.1, unlike


def test_different_given_names_of_one_family_are_seldom_taken_for_each_other() -> None:
    """Within a script: what a brother is called must not pass for his brother."""
    for names, script in product((MALE, FEMALE), ("ar", "la")):
        spelt = [name.ar if script == "ar" else name.la[0] for name in names]
        family = "العلوي" if script == "ar" else "Alaoui"
        both = list(combinations(spelt, 2))
        taken = [(a, b) for a, b in both if verdict_of(score(f"{a} {family}", f"{b} {family}")) == NameVerdict.SAME]
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
    ordinary = {chr(code) for code in range(0x621, 0x64B) if is_read(chr(code))}
    arabic = {*map(chr, SAME_LETTER), *map(chr, KEYBOARDS), *ordinary}
    latin = {*map(chr, LATIN_ALONE), *(chr(code) for code in range(0x41, 0x17F) if is_read(chr(code)))}
    assert len(latin) > 200
    assert len(ordinary) > 30
    assert [letter for letter in arabic | latin if not is_read(letter) or not name_of(letter + letter).plain] == []
