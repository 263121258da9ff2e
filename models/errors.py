"""The five ways in which something does not work, each with what happens next; and how an exception is told without
personal data.
"""

import traceback
from typing import NamedTuple


class SijilError(Exception):
    """What Sijil raises on purpose. The text says what is wrong, where, and what to do; never personal data."""


class Refused(SijilError):
    """A rule forbids it. Web: 422, for some codes 413 or 415. Command line: exit code 2."""

    def __init__(self, code: str, message: str = "", *, problems: "list[Problem] | None" = None) -> None:
        super().__init__(message or code)
        self.code = code
        self.problems = problems or []


class Problem(dict[str, str]):
    """One thing wrong with what was sent: `field` (a path such as `members[2].birth_date`) and `message`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field=field, message=message)


class Stale(SijilError):
    """The case moved on meanwhile, and nothing was changed.

    Web: 409, show what is so now. Command line: exit code 2.
    """


class NotFound(SijilError):
    """No such thing. Web: 404. Command line: exit code 2. Worker: a failure as any other, parked after the last try."""


class Unavailable(SijilError):
    """A register, a gateway, the broker or the database is away.

    Web: 503. Command line: exit code 2. Worker: try later; never counts as a try.
    """


class DatabaseAway(Unavailable):
    """The database is what is away, or holds everybody up. Worker: so it is about no case, and none is looked for."""


class BrokerAway(Unavailable):
    """The broker is what is away. Worker: the queue is in the database; wakes come when it does."""


class Broken(SijilError):
    """Our fault.

    Web: 500 with a reference. Command line: exit code 70. Worker: parked after the last try, which `sijil_parked`
    tells.
    """


LONGEST_ERROR = 500  # characters; it is a heading under which operators find many


class Failure(NamedTuple):
    """What went wrong, without any personal data: a class and a place, never a value."""

    error: str
    traceback: str


def describe(error: BaseException) -> Failure:
    """The exception's class and place. Its text only where we wrote it ourselves: others' may quote a name."""
    frames = traceback.extract_tb(error.__traceback__)
    where = "\n".join(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    last = f" in {frames[-1].name}" if frames else ""
    said = f": {error}" if isinstance(error, SijilError) else ""
    return Failure(storable(f"{type(error).__name__}{last}{said}")[:LONGEST_ERROR], storable(where))


def storable(text: str) -> str:
    """As PostgreSQL takes it: a register's text may hold a NUL, a file's name half of a character."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
