"""JSON as programs write it: a line each, or a document that goes over lines."""

import io
import json

import pytest

from models.errors import Refused
from workflows.intake.files import jsonform
from workflows.intake.files.jsonform import is_document, is_json, lines_of_json, objects_of_document

A, B = {"application": "A", "commune": 'Fès\u2028, {[\\"]}'}, {"application": "B", "members": [{"idcs": "1"}, {}]}


def pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


ONE, TWO = json.dumps(A), json.dumps(B)


def read(content: str | bytes, most: int = 1000) -> list[tuple[int, object]]:
    """What a file holds: where each object begins, and the object or what is wrong."""
    raw = content if isinstance(content, bytes) else content.encode()
    file: io.BufferedReader = io.BufferedReader(io.BytesIO(raw))
    texts = objects_of_document(file, most) if is_document(raw) else lines_of_json(file, most)
    return [(text.line, text.flaw or json.loads(text.text)) for text in texts]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (ONE + "\n" + TWO, [1, 2]),
        ("\n \r\n" + ONE + "\r\n\n" + TWO + "\n\n", [3, 5]),
        (ONE + "\r" + TWO + "\r", [1, 2]),
        (json.dumps([A, B]), [1, 1]),
        (pretty([A, B]), [2, 6]),
        ("\n" + pretty(A) + "\n" + pretty(B), [2, 6]),
        (pretty(A) + ",\r\n" + pretty(B) + "\n", [1, 5]),
        ("[" + ONE + ",\n" + TWO + ",\n]\n", [1, 2]),
        ("[\r\n" + ONE + ",\r\n" + TWO + "]", [2, 3]),
    ],
)
@pytest.mark.parametrize("chunk", [1, 7, 100_000])
def test_objects_are_read_with_the_lines_where_they_begin(
    content: str, lines: list[int], chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonform, "CHUNK", chunk)
    assert is_json(content.encode())
    assert read(content) == list(zip(lines, [A, B], strict=True))


@pytest.mark.parametrize("first", ["{", "[]", "[1, 2]", '{"a": ', "{}}"])
def test_a_first_line_that_is_broken_does_not_make_a_document_of_the_lines_below(first: str) -> None:
    assert not is_document(f"{first}\n{json.dumps(A)}\n".encode())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pretty([A, B])[:-1], "line 15 on"),
        (pretty([A, B])[:60], "line 4 on"),
        (pretty([A, B]) + "x", "line 15 on"),
        (pretty([A, B]).replace("},", "}"), "line 6 on"),
        (pretty(A) + "}", "line 4 on"),
        ("[" * 100_000, "line 1 on"),
        ("[\n" + "[" * 990, "line 2 on"),
    ],
)
def test_a_document_that_is_broken_anywhere_is_refused_as_a_whole(content: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        read(content)


def test_an_object_that_is_too_long_is_told_or_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    content = pretty([A, {"commune": "x" * 2000}, B])
    assert [each for _, each in read(content)] == [A, "The object is longer than 1,000 bytes.", B]
    monkeypatch.setattr(jsonform, "CHUNK", 500)
    with pytest.raises(Refused, match="line 7 on, or an object there is longer than 1,000 bytes"):
        read(content)


def test_a_document_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(Refused, match="not UTF-8, near line 1"):
        read(pretty([{"commune": "Fès"}]).encode("cp1252"))


def test_lines_that_cannot_be_read_are_told_and_the_others_read() -> None:
    found = read(b'{"a": "\xe9"}\n{"b": 1}\n' + b"x" * 1001 + b"\n{}")
    assert [line for line, _ in found] == [1, 2, 3, 4]
    assert [value for _, value in found] == [
        "Is not UTF-8 (byte 7 of the line).",
        {"b": 1},
        "The line is longer than 1,000 bytes.",
        {},
    ]
