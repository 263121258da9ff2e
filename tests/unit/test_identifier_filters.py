"""MOSIP's filters with the examples of its documentation, and the drawing of identifiers by chance."""

import secrets
from collections import Counter
from itertools import islice

import pytest

from models.errors import Broken
from workflows.identifiers import drawing
from workflows.identifiers.drawing import below, drawn
from workflows.identifiers.filters import MOSIP, NONE, Filters, passing
from workflows.identifiers.typed import identifier

GOOD = "5208479316"  # passes each of MOSIP's filters

# From the pages "UIN Generation" of MOSIP's documentation and the comments of its class UinFilterUtil.
LEFT_OUT = [
    (Filters(sequence=3), "4567890123"),  # "should not be a cyclic figure (example - 4567890123, 6543210987)"
    (Filters(sequence=3), "6543210987"),
    (Filters(sequence=3), "5207123940"),  # "12 is allowed but 123 is not allowed (in both ascending and descending"
    (Filters(sequence=3), "5207321940"),
    (Filters(sequence=3), "5208901746"),  # from 9 on to 0
    (Filters(sequence=3), "5201098746"),
    (Filters(repeating=2), "5208114796"),  # "11 and 1x1 is not allowed"
    (Filters(repeating=2), "5208141796"),
    (Filters(repeating_block=2), "5480174862"),  # "4xxx4 is allowed but 48xxx48 is not allowed"
    (Filters(repeating_block=2), "3434343434"),  # "different from the repetition of the first two digits 5 times"
    (Filters(even_digits=3), "3948613752"),  # "three even adjacent digits (example - 3948613752)"
    (Filters(same_ends=5), "4345643456"),  # "First 5 digits should be different from the last 5 digits"
    (Filters(mirrored_ends=5), "4345665434"),  # "... different to the last 5 digits reversed"
    (Filters(restricted=("786", "666")), "5207861394"),  # "admin defined restricted number"
    (Filters(restricted=("786", "666")), "5206661394"),
    (Filters(cyclic=True), "3142857960"),
]
LET_PASS = [
    (Filters(sequence=3), "5207129843"),
    (Filters(repeating=2), "5201231796"),
    (Filters(repeating_block=2), "5480174962"),
    (Filters(even_digits=3), "3940861752"),  # 0 does not count
    (Filters(same_ends=5), "4345643465"),
    (Filters(mirrored_ends=5), "4345665443"),
    (Filters(restricted=("786", "666")), "5207681394"),
    (Filters(cyclic=True), "3142875960"),
]


@pytest.mark.parametrize(("filters", "digits"), LEFT_OUT)
def test_a_filter_leaves_out_what_mosip_documents(filters: Filters, digits: str) -> None:
    assert not passing(filters)(digits)
    assert not passing(MOSIP)(digits)
    assert passing(NONE)(digits)


@pytest.mark.parametrize(("filters", "digits"), LET_PASS)
def test_a_filter_lets_pass_what_it_is_not_about(filters: Filters, digits: str) -> None:
    assert passing(filters)(digits)


def test_a_number_that_no_filter_is_about_passes_all() -> None:
    assert passing(MOSIP)(GOOD)


@pytest.mark.parametrize("filters", [NONE, MOSIP, Filters(even_digits=3), Filters(same_ends=1)])
def test_what_is_drawn_is_valid_passes_the_filters_and_has_no_order(filters: Filters) -> None:
    found = list(islice(drawn(filters), 3_000))
    assert [identifier(each) for each in found] == found
    assert all(map(passing(filters), found))
    assert len(set(found)) > 2_990
    assert found != sorted(found)


def test_the_table_of_parts_leaves_out_nothing_that_passes() -> None:
    """As many of each first digit as if every drawn number had been looked at as a whole."""
    ours = Counter(each[0] for each in islice(drawn(MOSIP), 20_000))
    passes = passing(MOSIP)
    plain = Counter(each[0] for each in islice(filter(passes, drawn()), 20_000))
    assert set(ours) == set("23456789")
    assert all(abs(ours[digit] - plain[digit]) < 6 * 2**0.5 * 2_500**0.5 for digit in ours), (ours, plain)


@pytest.mark.parametrize(
    "filters",
    [MOSIP, Filters(sequence=3, repeating=5), Filters(sequence=6, even_digits=5), Filters(restricted=("12", "123456"))],
)
def test_looking_up_parts_and_then_the_whole_comes_to_the_same_as_looking_at_the_whole(filters: Filters) -> None:
    openings, good = drawing.parts_that_pass(filters)
    besides, passes, begins = passing(filters, drawing.PART), passing(filters), set(openings)
    for digits in islice(drawn(), 5_000):
        by_parts = int(digits[:5]) in begins and drawing.all_good(good, int(digits)) and besides(digits)
        assert by_parts == passes(digits), digits


def test_every_number_below_a_bound_is_equally_likely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that would make the lowest numbers likelier are drawn anew."""
    words = [7, drawing.WORD - 1, drawing.WORD - drawing.WORD % 800_000_000, 800_000_009]
    monkeypatch.setattr(drawing, "WORDS", 4)
    monkeypatch.setattr(secrets, "token_bytes", lambda count: b"".join(each.to_bytes(4, "little") for each in words))
    assert list(islice(below(800_000_000), 4)) == [7, 9, 7, 9]


@pytest.mark.parametrize(
    "filters", [Filters(restricted=tuple("23456789")), Filters(even_digits=1, restricted=tuple("13579"))]
)
def test_filters_that_nothing_passes_are_told(filters: Filters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "MOST_MISSED", 1_000)
    with pytest.raises(Broken, match="SIJIL_IDCS"):
        next(drawn(filters))
