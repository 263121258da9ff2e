"""What a policy file holds, field by field (CONTRIBUTING).

The engine and the seal read it here alike, and take nothing that is not right.
"""

import tomllib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from models.errors import Broken
from workflows.bodies.problems import sentence

REGIONS = range(1, 13)  # as numbered by decree 2-15-40


def written_out(value: object) -> object:
    """Only a text is a number of the law: what TOML calls a float is a binary fraction."""
    if not isinstance(value, str):
        raise ValueError('Must be a text, such as "9.743001"')
    return value


def without_quotes(value: object) -> object:
    """Only what TOML calls a date is a day of the law."""
    if not isinstance(value, date):
        raise ValueError("Must be a date without quotes, such as 2027-01-01")
    return value


Number = Annotated[Decimal, BeforeValidator(written_out)]
Day = Annotated[date, BeforeValidator(without_quotes)]
Sureness = Literal["H", "M-H", "M", "L"]


class Part(BaseModel):
    """Common ground: nothing unknown is taken, so a slip of the pen in a field's name is found."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ThresholdPart(Part):
    """A version of a programme's threshold."""

    version: str
    in_force_from: Day
    threshold: Number
    sureness: Sureness
    source: str
    doubt: str = ""


class ProgrammeFile(Part):
    """A file in `programmes/`."""

    programme: str
    name: dict[str, str]
    thresholds: Annotated[list[ThresholdPart], Field(min_length=1)]


class FormulaPart(Part):
    """One milieu's formula."""

    constant: Number
    coefficients: dict[str, Number]


class RegionPart(Part):
    """A region's name, and its constant in each milieu."""

    name: str
    urban: Number
    rural: Number


class DoubtPart(Part):
    """What is less than sure: the value taken, the other one seen, how sure it is, and why."""

    value: str
    sureness: Sureness
    why: str
    other: str = ""


class IndexFile(Part):
    """A file in `index/`."""

    version: str
    in_force_from: Day
    source: str
    seen: str = ""
    urban: FormulaPart
    rural: FormulaPart
    regions: dict[int, RegionPart]
    doubts: list[DoubtPart] = []

    @field_validator("regions")
    @classmethod
    def all_of_them(cls, regions: dict[int, RegionPart]) -> dict[int, RegionPart]:
        """A household may live in any of them."""
        if set(regions) != set(REGIONS):
            raise ValueError(f"Must be those from {REGIONS[0]} to {REGIONS[-1]}")
        return regions


class Period(Part):
    """How long a table's personal data stays after its case has ended."""

    days: Annotated[int, Field(gt=0, strict=True)]
    what: str


class RetentionFile(Part):
    """`retention.toml`: a period for each table that holds something personal or passing."""

    case_body: Period
    message: Period
    event: Period
    case_failure: Period
    worker: Period


File = TypeVar("File", bound=BaseModel)


def load(path: Path, kind: type[File]) -> File:
    """A file as it must be. Raises Broken, with the file and each key that is wrong."""
    try:
        return kind.model_validate(read(path))
    except ValidationError as error:
        raise wrong(
            path, "; ".join(f"{key(each['loc'])}: {sentence(each).removesuffix('.')}" for each in error.errors())
        ) from None


def key(location: Sequence[int | str]) -> str:
    """A key as TOML would write it: `thresholds.0.threshold`, the first being 0."""
    return ".".join(map(str, location))


def read(path: Path) -> dict[str, Any]:
    """A data file. Raises Broken where it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise wrong(path, f"it cannot be read: {error}") from error


def wrong(path: Path, what: str) -> Broken:
    """What is wrong with a file, to raise."""
    return Broken(f"The policy file {path.parent.name}/{path.name} is not right: {what}.")
