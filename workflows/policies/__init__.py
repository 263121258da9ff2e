"""What the law sets, as dated data: the index, the programmes' thresholds, the periods of retention.

A new version is a new file; released ones are frozen by hash (RELEASED.json) and stay loadable for replay.
"""

import tomllib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from models.errors import Broken, Refused

HERE = Path(__file__).parent


class Formula(msgspec.Struct, frozen=True):
    """One milieu's sum: its constant, its coefficients in the order of the annex, and the constant of each region."""

    constant: Decimal
    coefficients: dict[str, Decimal]
    regions: dict[int, Decimal]


class Index(msgspec.Struct, frozen=True):
    """A version of the socio-economic index."""

    version: str
    in_force_from: date
    formulas: dict[str, Formula]  # by milieu
    region_names: dict[int, str]


class Threshold(msgspec.Struct, frozen=True):
    """A programme's threshold, and from when on it counts: met where score <= threshold."""

    programme: str
    version: str
    in_force_from: date
    threshold: Decimal


Policy = TypeVar("Policy", Index, Threshold)


class Period(msgspec.Struct, frozen=True):
    """How long a table's personal data stays after its case has ended."""

    days: int
    what: str


@cache
def indexes() -> tuple[Index, ...]:
    """Every version there ever was, oldest first."""
    return tuple(sorted((index_of(read(path)) for path in sorted((HERE / "index").glob("*.toml"))), key=lambda each: each.in_force_from))


@cache
def index_in_force(day: date) -> Index:
    """The version that counts on a day. Raises Refused for a day before the first."""
    in_force = [each for each in indexes() if each.in_force_from <= day]
    if not in_force:
        raise Refused("no_index", f"No index was in force on {day}; the first is of {indexes()[0].in_force_from}.")
    return in_force[-1]


def index_of_version(version: str) -> Index:
    """The version of that name. Raises Broken where there is none: a released file is never taken away."""
    return named(version, indexes())


@cache
def thresholds() -> tuple[Threshold, ...]:
    """Every threshold there ever was."""
    return tuple(each for path in sorted((HERE / "programmes").glob("*.toml")) for each in thresholds_of(read(path)))


@cache
def thresholds_in_force(day: date) -> tuple[Threshold, ...]:
    """Each programme's threshold that counts on a day, by name."""
    latest: dict[str, Threshold] = {}
    for each in sorted(thresholds(), key=lambda each: each.in_force_from):
        if each.in_force_from <= day:
            latest[each.programme] = each
    return tuple(latest[name] for name in sorted(latest))


def threshold_of_version(version: str) -> Threshold:
    """The threshold of that name. Raises Broken where there is none."""
    return named(version, thresholds())


def named(version: str, policies: Iterable[Policy]) -> Policy:
    """The one of that version."""
    for each in policies:
        if each.version == version:
            return each
    raise Broken(f"No policy file holds the version {version}, which a decision rests on. Put the released file back into workflows/policies/.")


@cache
def periods() -> dict[str, Period]:
    """How long each table is kept, all of it assumed."""
    return periods_of(read(HERE / "retention.toml"))


def check(path: Path) -> None:
    """Reads a file as what its folder says it is. Raises Broken, with the file and the key, where it is not."""
    data = read(path)
    try:
        if path.parent.name == "index":
            index_of(data)
        elif path.parent.name == "programmes":
            thresholds_of(data)
        else:
            periods_of(data)
    except KeyError as error:
        raise Broken(f"The policy file {path.name} lacks the key {error}.") from None
    except (ArithmeticError, TypeError, ValueError, AttributeError) as error:
        raise Broken(f"The policy file {path.name} holds a value that cannot be read ({type(error).__name__}).") from None


def read(path: Path) -> dict[str, Any]:
    """A data file. Raises Broken where it cannot be read."""
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Broken(f"The policy file {path.name} cannot be read: {error}") from error


def thresholds_of(data: dict[str, Any]) -> list[Threshold]:
    """A programme's thresholds from its file."""
    return [Threshold(data["programme"], each["version"], each["in_force_from"], Decimal(each["threshold"])) for each in data["thresholds"]]


def periods_of(data: dict[str, Any]) -> dict[str, Period]:
    """The periods from their file."""
    return {table: Period(**entry) for table, entry in data.items() if isinstance(entry, dict)}


def index_of(data: dict[str, Any]) -> Index:
    """A version of the index from its file."""
    formulas = {milieu: formula_of(milieu, data) for milieu in ("urban", "rural")}
    return Index(data["version"], data["in_force_from"], formulas, {int(number): region["name"] for number, region in data["regions"].items()})


def formula_of(milieu: str, data: dict[str, Any]) -> Formula:
    """One milieu's formula from the file."""
    coefficients = {name: Decimal(value) for name, value in data[milieu]["coefficients"].items()}
    regions = {int(number): Decimal(region[milieu]) for number, region in data["regions"].items()}
    return Formula(Decimal(data[milieu]["constant"]), coefficients, regions)
