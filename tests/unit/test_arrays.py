"""Array literals as PostgreSQL reads them (its manual, section 8.15.2); tests/property/test_arrays.py reads any text
back by these rules.
"""

from datetime import UTC, datetime

import pytest

from models.arrays import array, columns, quote_element


@pytest.mark.parametrize(
    ("values", "literal"),
    [
        ([], "{}"),
        ([1, -2, 3_000_000_000], "{1,-2,3000000000}"),
        ([True, False], "{t,f}"),
        ([None, 1], "{NULL,1}"),
        (["abc", "RSU1"], "{abc,RSU1}"),
        ([b"\x00\xff", b""], '{"\\\\x00ff","\\\\x"}'),
        ([datetime(2026, 11, 24, 9, 0, tzinfo=UTC)], '{"2026-11-24T09:00:00+00:00"}'),
    ],
)
def test_values_become_the_literal_that_postgresql_reads(values: list[object], literal: str) -> None:
    assert array(values) == literal


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("", '""'),
        ("NULL", '"NULL"'),
        ("null", '"null"'),
        ("Null", '"Null"'),
        ("two words", '"two words"'),
        ("a,b", '"a,b"'),
        ("{a}", '"{a}"'),
        ('say "so"', '"say \\"so\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("محمد", "محمد"),
        ("line\nend", '"line\nend"'),
    ],
)
def test_a_text_is_quoted_where_postgresql_would_read_something_else(text: str, element: str) -> None:
    assert quote_element(text) == element


def test_rows_become_one_literal_a_column() -> None:
    assert columns([(1, "a", None), (2, "b c", True)]) == ["{1,2}", '{a,"b c"}', "{NULL,t}"]


def test_rows_of_unlike_lengths_are_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        columns([(1, 2), (3,)])


def test_a_type_that_nobody_thought_of_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(KeyError):
        array([1.5])
