"""JSON that somebody else made: whatever comes, it is read or it is a ValueError."""

import msgspec
import pytest

from models.foreign import read_json


class Kind(msgspec.Struct):
    name: str
    below: "list[Kind] | None" = None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"name": 1}',
        b"[" * 100_000,
        b'{"name": "x", "more": ' + b"[" * 100_000,
        b'{"name": "x", "below": [' * 50_000,
        b'{"name": "x", "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_cannot_be_read_is_a_value_error_and_nothing_else(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json(content, Kind)


def test_what_can_be_read_is_read() -> None:
    assert read_json('{"name": "x", "more": [1]}', Kind) == Kind("x")
