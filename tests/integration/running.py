"""A command as it ended."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple


class Ran(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object of its last line; no other line is one."""
        *before, last = self.out.rstrip("\n").split("\n")
        assert not any(line.startswith("{") for line in before)
        found = json.loads(last)
        assert isinstance(found, dict)
        return found


Run = Callable[..., Ran]
