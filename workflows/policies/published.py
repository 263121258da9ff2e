"""The policy files as people may read them: beside each number its source, its day, and how sure it is."""

from collections.abc import Mapping
from datetime import date
from functools import cache

from workflows import policies
from workflows.bodies.territory import region_of
from workflows.policies.files import IndexFile, OfficePart, OfficesFile, ProgrammeFile, ThresholdPart, load


@cache
def index_files() -> tuple[IndexFile, ...]:
    """Every released file of the index, oldest first."""
    found = (load(path, IndexFile) for path in (policies.HERE / "index").glob("*.toml"))
    return tuple(sorted(found, key=lambda each: each.in_force_from))


def index_file_in_force(day: date) -> IndexFile:
    """The file from which `index_in_force` of that day has its numbers."""
    version = policies.index_in_force(day).version
    return next(each for each in index_files() if each.version == version)


@cache
def thresholds_published() -> Mapping[str, tuple[ThresholdPart, ...]]:
    """Each programme's thresholds, the newest first, in the order of the programmes' names."""
    found: dict[str, list[ThresholdPart]] = {}
    for path in sorted((policies.HERE / "programmes").glob("*.toml")):
        file = load(path, ProgrammeFile)
        found.setdefault(file.programme, []).extend(file.thresholds)
    return {
        name: tuple(sorted(found[name], key=lambda each: each.in_force_from, reverse=True)) for name in sorted(found)
    }


@cache
def offices_file() -> OfficesFile:
    """The service centres, and whether they are examples."""
    return load(policies.HERE / "offices.toml", OfficesFile)


def offices_by_region() -> Mapping[int, list[OfficePart]]:
    """The service centres of each region that has one, in the order of the regions' numbers."""
    found: dict[int, list[OfficePart]] = {}
    for each in offices_file().offices:
        found.setdefault(region_of(each.province) or 0, []).append(each)
    return dict(sorted(found.items()))
