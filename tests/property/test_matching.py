"""Whatever people type, two names are compared: a score from 0 to 1, the same in both directions, in bounded time."""

from string import ascii_lowercase

from hypothesis import example, given, settings
from hypothesis import strategies as st

from workflows.matching.keys import MOST_KEYS, name_keys, word_keys
from workflows.matching.reasons import reasons
from workflows.matching.score import match, score
from workflows.matching.script import is_read
from workflows.matching.words import name_of, split

ANYTHING = st.text(max_size=60)
ARABIC = st.text("ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءأإآؤئڭ", min_size=2, max_size=10)
LATIN = st.text(ascii_lowercase, min_size=2, max_size=10)
PARTICLES = st.sampled_from(
    ["ben", "el", "abd el", "ait", "bou", "moulay", "ال", "بن", "عبد", "آيت", "أبو", "سيدي", "M."]
)
NAMES = st.lists(st.one_of(ARABIC, LATIN, PARTICLES), min_size=1, max_size=6).map(" ".join)
ANY_NAME = st.one_of(ANYTHING, NAMES)


@given(ANY_NAME, ANY_NAME)
@example("محمد", "ali karima حميد")
@example("سعيد amin", "ali علي said")
def test_a_score_is_from_0_to_1_and_the_same_in_both_directions(one: str, other: str) -> None:
    found = score(one, other)
    assert 0.0 <= found <= 1.0
    assert found == score(other, one) == match(one, other).score


@given(ANY_NAME)
@example("ben")
@example("abd el")
@example("ال")
@example("M'")
def test_a_name_is_its_own_name(name: str) -> None:
    assert score(name, name) == (1.0 if name_of(name).words else 0.0)


@given(ANY_NAME)
def test_the_normal_form_stays_as_it_is(name: str) -> None:
    once = " ".join(run for run, _ in split(name))
    assert " ".join(run for run, _ in split(once)) == once


@given(ANY_NAME, ANY_NAME)
def test_any_two_names_have_reasons_that_name_every_word_once(one: str, other: str) -> None:
    found = match(one, other)
    why = reasons(found)
    if all(reason.how != "one_word" for reason in why):
        assert sorted(reason.left for reason in why if reason.left) == sorted(word.text for word in found.left.words)
        assert sorted(reason.right for reason in why if reason.right) == sorted(word.text for word in found.right.words)


@given(NAMES, NAMES)
def test_marks_that_nobody_sees_change_no_score(one: str, other: str) -> None:
    marked = "\u200f" + "\u200d".join(one) + "\u2069"
    assert score(marked, other) == score(one, other)


@given(NAMES, NAMES)
def test_capitals_and_accents_change_no_score(one: str, other: str) -> None:
    assert score(one.upper().replace("E", "É"), other) == score(one, other)


@given(ANY_NAME)
def test_any_name_has_few_keys(name: str) -> None:
    assert len(name_keys(name)) <= MOST_KEYS
    assert all(isinstance(key, str) for key in word_keys(name))


@given(st.lists(LATIN, min_size=2, max_size=4, unique=True), st.randoms(use_true_random=False))
def test_a_name_with_its_words_in_another_order_shares_its_keys(words: list[str], chance: object) -> None:
    turned = [*words[1:], words[0]]
    assert word_keys(" ".join(turned)) == word_keys(" ".join(words))


@settings(max_examples=20, deadline=500)  # milliseconds, of which the slowest takes a tenth
@given(
    st.integers(1, 3000), st.sampled_from(["Mohamed ", "محمد ", "a", "ا", "ab ", "ben ", "\u0301", "'", "-", "a\u0301"])
)
def test_a_hostile_name_costs_a_bounded_time(times: int, part: str) -> None:
    long = part * times
    assert 0.0 <= score(long, "Karim " + long) <= 1.0
    assert 0.0 <= score(long, "كريم " * times) <= 1.0
    assert len(name_keys(long)) <= MOST_KEYS


@given(ANY_NAME)
def test_a_name_that_is_read_is_its_own_name(name: str) -> None:
    """Whatever may be enrolled or declared can be compared."""
    if is_read(name):
        assert score(name, name) == 1.0
