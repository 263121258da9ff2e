"""The five ways in which something does not work, each with what happens next."""


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
    """The case moved on meanwhile, and nothing was changed. Web: 409, show what is so now. Command line: exit code 2."""


class NotFound(SijilError):
    """No such thing. Web: 404. Command line: exit code 2. Worker: a failure as any other, parked after the last try."""


class Unavailable(SijilError):
    """A register, a gateway, the broker or the database is away. Web: 503. Command line: exit code 2. Worker: try later; never counts as a try."""


class Broken(SijilError):
    """Our fault. Web: 500 with a reference. Command line: exit code 70. Worker: parked after the last try, which `sijil_parked` tells."""
