"""The numbers of the law as dated data: the index, the programmes' thresholds and the terms; and our retention.

A new version of an index, a threshold or the terms is a new dated file. Released files are sealed by their hash
(RELEASED.json) and stay loadable for replay. A period of retention changes in its file: no decision rests on it.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from models.errors import Broken, Refused
from workflows.policies.files import (
    IndexFile,
    Period,
    ProgrammeFile,
    RetentionFile,
    ServiceFile,
    TermPart,
    TermsFile,
    invalid_file,
    load,
)

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
    """A programme's threshold from a day on: a household meets it where its score <= threshold."""

    programme: str
    version: str
    in_force_from: date
    threshold: Decimal


class Term(msgspec.Struct, frozen=True):
    """How long somebody has, and after which spans they are reminded."""

    within: timedelta
    reminders: tuple[timedelta, ...]


class Terms(msgspec.Struct, frozen=True):
    """A version of the terms, each by its name."""

    version: str
    in_force_from: date
    by_name: dict[str, Term]

    def __getitem__(self, name: str) -> Term:
        return self.by_name[name]


class Targets(msgspec.Struct, frozen=True):
    """How soon the agency means to act at the stages of people that have no term, from a day on."""

    in_force_from: date
    by_stage: dict[str, timedelta]

    def __getitem__(self, stage: str) -> timedelta:
        return self.by_stage.get(stage) or self.by_stage["other"]


Policy = TypeVar("Policy", Index, Threshold, Terms)


@cache
def indexes() -> tuple[Index, ...]:
    """Every version of the index, oldest first."""
    return indexes_in(HERE)


@cache
def index_in_force(day: date) -> Index:
    """The version of the index in force on a day. Raises Refused for a day before the first version."""
    started = [each for each in indexes() if each.in_force_from <= day]
    if not started:
        raise Refused("no_index", f"No index was in force on {day}; the first is of {indexes()[0].in_force_from}.")
    return started[-1]


def index_of_version(version: str) -> Index:
    """The index of that version. Raises Broken where no file holds it: nobody may remove a released file."""
    return policy_of_version(version, indexes())


@cache
def thresholds() -> tuple[Threshold, ...]:
    """Every version of every threshold, oldest first."""
    return thresholds_in(HERE)


@cache
def programme_names() -> dict[str, dict[str, str]]:
    """Each programme's names, by language."""
    files = [load(path, ProgrammeFile) for path in sorted((HERE / "programmes").glob("*.toml"))]
    return {file.programme: file.name for file in files}


@cache
def thresholds_in_force(day: date) -> tuple[Threshold, ...]:
    """Each programme's threshold in force on a day, in the order of the programmes' names."""
    latest: dict[str, Threshold] = {}
    for each in thresholds():
        if each.in_force_from <= day:
            latest[each.programme] = each
    return tuple(latest[name] for name in sorted(latest))


def threshold_of_version(version: str) -> Threshold:
    """The threshold of that version. Raises Broken where no file holds it."""
    return policy_of_version(version, thresholds())


def policy_of_version(version: str, policies: Iterable[Policy]) -> Policy:
    """The one policy of that version. Raises Broken where no file holds it."""
    for each in policies:
        if each.version == version:
            return each
    raise Broken(
        f"A decision rests on version {version}, which no policy file holds. "
        "Put the released file back into workflows/policies/."
    )


@cache
def terms() -> tuple[Terms, ...]:
    """Every version of the terms, oldest first."""
    return terms_in(HERE)


def newest_terms() -> Terms:
    """The terms by which the flows are built: the newest version, from the start of the process on."""
    return terms()[-1]


def terms_of_version(version: str) -> Terms:
    """The terms of that version. Raises Broken where no file holds it."""
    return policy_of_version(version, terms())


@cache
def periods() -> dict[str, Period]:
    """The period of retention of each table; all of them are assumed."""
    return dict(load(HERE / "retention.toml", RetentionFile))


@cache
def targets() -> tuple[Targets, ...]:
    """Every version of the targets of service, oldest first; all of them are assumed."""
    found = [
        Targets(part.in_force_from, {name: timedelta(hours=each.hours) for name, each in part.stages.items()})
        for part in load(HERE / "service.toml", ServiceFile).targets
    ]
    return tuple(sorted(found, key=lambda each: each.in_force_from))


def targets_in_force(day: date) -> Targets:
    """The targets of service on a day; before the first version, those of the first."""
    started = [each for each in targets() if each.in_force_from <= day]
    return started[-1] if started else targets()[0]


def indexes_in(folder: Path) -> tuple[Index, ...]:
    """The versions of the index in a folder of policies, oldest first. Raises Broken where a file is invalid."""
    return oldest_first((path, index_of(load(path, IndexFile))) for path in sorted((folder / "index").glob("*.toml")))


def thresholds_in(folder: Path) -> tuple[Threshold, ...]:
    """The thresholds in a folder of policies, oldest first. Raises Broken where a file is invalid."""
    files = [(path, load(path, ProgrammeFile)) for path in sorted((folder / "programmes").glob("*.toml"))]
    return oldest_first(
        (path, Threshold(file.programme, each.version, each.in_force_from, each.threshold))
        for path, file in files
        for each in file.thresholds
    )


def terms_in(folder: Path) -> tuple[Terms, ...]:
    """The versions of the terms in a folder of policies, oldest first. Raises Broken where a file is invalid."""
    return oldest_first((path, terms_of(load(path, TermsFile))) for path in sorted((folder / "terms").glob("*.toml")))


def oldest_first(found: Iterable[tuple[Path, Policy]]) -> tuple[Policy, ...]:
    """Policies by date. Raises Broken where two have the same version, because evidence names a policy by it."""
    versions: dict[str, Policy] = {}
    for path, each in sorted(found, key=lambda pair: pair[1].in_force_from):
        if each.version in versions:
            raise invalid_file(path, f"version: there is another '{each.version}'")
        versions[each.version] = each
    return tuple(versions.values())


def index_of(file: IndexFile) -> Index:
    """A version of the index, built from its file."""
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


def terms_of(file: TermsFile) -> Terms:
    """A version of the terms, built from its file."""
    parts = {name: part for name in TermsFile.model_fields if isinstance(part := getattr(file, name), TermPart)}
    return Terms(
        file.version,
        file.in_force_from,
        {
            name: Term(timedelta(days=part.days), tuple(timedelta(days=day) for day in part.reminders))
            for name, part in parts.items()
        },
    )
