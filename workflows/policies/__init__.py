"""What the law sets, as dated data: the index, the programmes' thresholds. And the periods of retention, which we set.

A new version of an index or a threshold is a new dated file; released ones are sealed by their hash (RELEASED.json) and
stay loadable for replay. A period of retention is changed where it stands: no decision rests on it.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from models.errors import Broken, Refused
from workflows.policies.files import IndexFile, Period, ProgrammeFile, RetentionFile, load, wrong

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


@cache
def indexes() -> tuple[Index, ...]:
    """Every version there ever was, oldest first."""
    return indexes_in(HERE)


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
    """Every threshold there ever was, oldest first."""
    return thresholds_in(HERE)


@cache
def thresholds_in_force(day: date) -> tuple[Threshold, ...]:
    """Each programme's threshold that counts on a day, by name."""
    latest: dict[str, Threshold] = {}
    for each in thresholds():
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
    raise Broken(
        f"No policy file holds the version {version}, which a decision rests on. Put the released file back into "
        f"workflows/policies/."
    )


@cache
def periods() -> dict[str, Period]:
    """How long each table is kept, all of it assumed."""
    return dict(load(HERE / "retention.toml", RetentionFile))


def indexes_in(folder: Path) -> tuple[Index, ...]:
    """The versions of the index in a folder of policies, oldest first. Raises Broken where a file is not right."""
    return in_order((path, index_of(load(path, IndexFile))) for path in sorted((folder / "index").glob("*.toml")))


def thresholds_in(folder: Path) -> tuple[Threshold, ...]:
    """The thresholds in a folder of policies, oldest first. Raises Broken where a file is not right."""
    files = [(path, load(path, ProgrammeFile)) for path in sorted((folder / "programmes").glob("*.toml"))]
    return in_order(
        (path, Threshold(file.programme, each.version, each.in_force_from, each.threshold))
        for path, file in files
        for each in file.thresholds
    )


def in_order(found: Iterable[tuple[Path, Policy]]) -> tuple[Policy, ...]:
    """Policies, oldest first. Raises Broken where two have the same version, by which evidence names them."""
    versions: dict[str, Policy] = {}
    for path, each in sorted(found, key=lambda pair: pair[1].in_force_from):
        if each.version in versions:
            raise wrong(path, f"version: there is another '{each.version}'")
        versions[each.version] = each
    return tuple(versions.values())


def index_of(file: IndexFile) -> Index:
    """A version of the index from its file."""
    formulas = {
        milieu: Formula(
            part.constant,
            part.coefficients,
            {number: getattr(region, milieu) for number, region in file.regions.items()},
        )
        for milieu, part in (("urban", file.urban), ("rural", file.rural))
    }
    return Index(
        file.version, file.in_force_from, formulas, {number: region.name for number, region in file.regions.items()}
    )
