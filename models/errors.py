"""The five kinds of error, each with what happens next; and `describe`, which logs one without personal data."""

import traceback
from datetime import timedelta
from typing import NamedTuple


class SijilError(Exception):
    """An error that Sijil raises on purpose. Its text says what is wrong, where and what to do, and names no person."""


class Refused(SijilError):
    """A rule forbids it. Web: 422, for some codes 409, 413 or 415. Command line: exit code 2."""

    def __init__(self, code: str, message: str = "", *, problems: "list[Problem] | None" = None) -> None:
        super().__init__(message or code)
        self.code = code
        self.problems = problems or []


class Problem(dict[str, str]):
    """A field of the input that is wrong: `field`, its path (such as `members[2].birth_date`), and `message`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field=field, message=message)


class Stale(SijilError):
    """The case moved on meanwhile, and nothing was changed.

    Web: 409, with the case's stage and version now. Command line: exit code 2.
    """


class NotFound(SijilError):
    """No such thing. Web: 404. Command line: exit code 2. Worker: a failure like others; parks after the last try."""


class Unavailable(SijilError):
    """A register, a gateway, the broker or the database is away.

    Web: 503. Command line: exit code 2. Worker: tries later, and counts no try.
    """


class DatabaseAway(Unavailable):
    """The database is away, or makes all wait. Worker: no case is to blame, so it looks for none."""


class RegisterAway(Unavailable):
    """A register elsewhere is left alone, or was not reached at all. Worker: no case is to blame; all keep their place.

    `wait`: until it may be asked again. `asked`: whether it was asked this time, and gave no answer.
    """

    def __init__(self, text: str, wait: timedelta, *, asked: bool = False) -> None:
        super().__init__(text)
        self.wait, self.asked = wait, asked


class BrokerAway(Unavailable):
    """The broker is away. Worker: goes on, since the queue is in the database; wakes come when the broker is back."""


class Broken(SijilError):
    """Our fault.

    Web: 500 with a reference. Command line: exit code 70. Worker: parks the case after the last try; the metric
    `sijil_parked` counts it.
    """


LONGEST_ERROR = 500  # characters; operators see it as a heading over all cases that failed so


class Failure(NamedTuple):
    """An exception without personal data: its class and place, never a value."""

    error: str
    traceback: str


def describe(error: BaseException) -> Failure:
    """The exception's class and place, and its text if it is ours: the text of a library's may quote a name."""
    frames = traceback.extract_tb(error.__traceback__)
    where = "\n".join(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    last = f" in {frames[-1].name}" if frames else ""
    text = f": {error}" if isinstance(error, SijilError) else ""
    return Failure(storable(f"{type(error).__name__}{last}{text}")[:LONGEST_ERROR], storable(where))


def storable(text: str) -> str:
    """The text as PostgreSQL can store it: a register's text may hold a NUL, a file's name half of a character."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
