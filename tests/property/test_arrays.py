"""Any text as an element of an array literal is read by PostgreSQL's rules (its manual, 8.15.6) as that text."""

from hypothesis import example, given
from hypothesis import strategies as st

from models.arrays import array

SPACES = " \t\n\r\v\f"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


def as_postgresql_reads(literal: str) -> list[str | None]:
    """The elements of an array literal of one dimension."""
    assert literal[0] == "{"
    assert literal[-1] == "}"
    inside, found, place = literal[1:-1], list[str | None](), 0
    while place < len(inside):
        element, place = quoted_element(inside, place + 1) if inside[place] == '"' else plain_element(inside, place)
        found.append(element)
        assert place == len(inside) or inside[place] == ",", "an element ends with a comma or the array"
        place += 1
    return found


def quoted_element(inside: str, place: int) -> tuple[str, int]:
    """Up to the next quote; a backslash takes the next letter as it is."""
    text = ""
    while inside[place] != '"':
        place += inside[place] == "\\"
        text, place = text + inside[place], place + 1
    return text, place + 1


def plain_element(inside: str, place: int) -> tuple[str | None, int]:
    """Up to the next comma: without blanks around, null in any case is null, and nothing in it may have a meaning."""
    end = inside.find(",", place)
    text = inside[place : end if end >= 0 else len(inside)]
    assert not set(text) & set('{}"\\')
    plain = text.strip(SPACES)
    assert plain, "an empty element must be quoted"
    return (None if plain.lower() == "null" else plain), place + len(text)


@given(st.lists(TEXTS | st.none(), max_size=5))
@example(["null", "NULL", "Null", None])
@example(["", " ", '"', "\\", "{}", ",", 'a\\"b', "nul\u017f"])
def test_any_texts_are_read_back(texts: list[str | None]) -> None:
    assert as_postgresql_reads(array(texts)) == texts
