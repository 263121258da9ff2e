"""Reads JSON that somebody else made: whatever comes, it is read or it is a ValueError."""

from typing import TypeVar

import msgspec

Read = TypeVar("Read")


def read_json(content: bytes | str | msgspec.Raw, kind: type[Read]) -> Read:
    """The value of this kind. Raises ValidationError for JSON of another kind, else ValueError.

    The library raises RecursionError for a text that is nested without end, and UnicodeDecodeError for half a letter:
    neither is an error of its own, and the first is none of a value either.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except RecursionError:
        raise ValueError("It is nested too deeply.") from None
