"""Amounts of dirhams, as people write them."""

import pytest

from web.money import Unclear, read_dirhams
from workflows.bodies.text import canonical

ONE_WAY = {
    "120": [
        "120",
        "120 درهم",
        "120درهماً",
        "١٢٠ درهم مغربي",
        "120 dhs",
        "DH 120",
        "120 Dh.",
        "120 د.م.",
        "120 MAD",
        "120.",
    ],
    "1200": ["1 200 DH", "1\u00a0200", "1\u202f200 dirhams", "1٬200", "١٬٢٠٠ دراهم", "1'200", "1200"],
    "1200.50": [
        "1.200,50",
        "1,200.50 MAD",
        "1 200,50",
        "1 200.50",
        "1200,50",
        "١٬٢٠٠٫٥٠",
        "1.200٫50 درهم",
        "1200 , 50",
    ],
    "120.5": ["١٢٠٫٥", "120.5", "120,5 DH", "120،5", "\u200f120,5 درهم"],
    "1200000": ["1.200.000", "1,200,000"],
    "0": ["0", "0 درهم", "٠"],
    "-5": ["-5", "-5 DH"],
}
TWO_WAYS = {
    "1.200": ("1200", "1,20"),
    "1,234 درهم": ("1234", "1,23"),
    "١٢٠.٥٠٠": ("120500", "120,50"),
    "120 50": ("12050", "120,50"),
    "120 5": ("1205", "120,50"),
}
NONE = [
    "",
    "مئة",
    "DH",
    "1e9",
    "12 O",
    "1.20.50",
    "1,20,50",
    "0.500",
    "1200.500",
    "1 2000",
    "12€",
    "120 DH 50",
    "--5",
    "50%",
    ".",
]


@pytest.mark.parametrize(("typed", "read"), [(typed, read) for read, all_ in ONE_WAY.items() for typed in all_])
def test_an_amount_is_read_as_people_write_it(typed: str, read: str) -> None:
    assert read_dirhams(typed) == read
    assert read_dirhams(canonical(typed)) == read


@pytest.mark.parametrize("typed", TWO_WAYS)
def test_an_amount_that_can_be_read_in_two_ways_is_asked_again(typed: str) -> None:
    with pytest.raises(Unclear) as unclear:
        read_dirhams(typed)
    assert (unclear.value.whole, unclear.value.with_cents) == TWO_WAYS[typed]
    assert {read_dirhams(each) for each in TWO_WAYS[typed]}.isdisjoint({typed})


@pytest.mark.parametrize("typed", NONE)
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        read_dirhams(typed)
