"""The fields of every policy file (CONTRIBUTING); the engine and the seal load files through these models alone."""

import tomllib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from models.errors import Broken
from workflows.bodies.problems import sentence
from workflows.bodies.territory import region_of

REGIONS = range(1, 13)  # as numbered by decree 2-15-40
HOUR = r"^([01]\d|2[0-3]):[0-5]\d$"


def require_text(value: object) -> object:
    """A number of the law is written as a text: a float of TOML is a binary fraction, which rounds."""
    if not isinstance(value, str):
        raise ValueError('Must be a text, such as "9.743001"')
    return value


def require_toml_date(value: object) -> object:
    """A day of the law is written as a date of TOML, without quotes."""
    if not isinstance(value, date):
        raise ValueError("Must be a date without quotes, such as 2027-01-01")
    return value


Number = Annotated[Decimal, BeforeValidator(require_text)]
Day = Annotated[date, BeforeValidator(require_toml_date)]
Sureness = Literal["H", "M-H", "M", "L"]


class Part(BaseModel):
    """A part of a policy file; it refuses unknown fields, so that a misspelt one is found."""

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
    """A value that is less than sure: the one taken, the other one seen, how sure it is, and why."""

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
    def every_region(cls, regions: dict[int, RegionPart]) -> dict[int, RegionPart]:
        """Requires all regions: a household may live in any of them."""
        if set(regions) != set(REGIONS):
            raise ValueError(f"Must be those from {REGIONS[0]} to {REGIONS[-1]}")
        return regions


class Period(Part):
    """How long a table's personal data stays after its case has ended."""

    days: Annotated[int, Field(gt=0, strict=True)]
    what: str


class RetentionFile(Part):
    """`retention.toml`: a period for each table that holds personal or passing data."""

    case_body: Period
    message: Period
    document: Period
    event: Period
    case_failure: Period
    worker: Period
    staff_session: Period
    sign_in_wait: Period
    sign_in_flow: Period
    kept_form: Period
    desk_item: Period
    desk_lock: Period
    application_draft: Period
    receipt_session: Period
    wrong_secret: Period
    phone_code: Period
    message_part: Period


class TargetPart(Part):
    """How soon the agency means to act at a stage."""

    hours: Annotated[int, Field(gt=0, strict=True)]
    source: str
    what: str


class TargetsPart(Part):
    """The targets from a day on, by stage; `other` is for whatever is not named."""

    in_force_from: Day
    stages: dict[str, TargetPart]

    @field_validator("stages")
    @classmethod
    def with_other(cls, stages: dict[str, TargetPart]) -> dict[str, TargetPart]:
        """Requires a target for whatever is not named."""
        if "other" not in stages:
            raise ValueError("Must have a target for 'other'")
        return stages


class ServiceFile(Part):
    """`service.toml`: the targets of service, version by version."""

    targets: Annotated[list[TargetsPart], Field(min_length=1)]


class OfficePart(Part):
    """A service centre: its address in each language that it is written in, its hours from Monday to Friday."""

    province: str
    address: dict[str, str]
    opens: Annotated[str, Field(pattern=HOUR)]
    closes: Annotated[str, Field(pattern=HOUR)]
    phone: str

    @field_validator("province")
    @classmethod
    def a_province(cls, province: str) -> str:
        """Requires a province, by which the office's region is known."""
        if region_of(province) is None:
            raise ValueError("Must be the code of a province, such as MA-RAB")
        return province

    @field_validator("address")
    @classmethod
    def in_both_scripts(cls, address: dict[str, str]) -> dict[str, str]:
        """Requires the Arabic and the French one."""
        if not {"ar", "fr"} <= address.keys():
            raise ValueError("Must have 'ar' and 'fr'")
        return address

    def address_in(self, language: str) -> str:
        """The language of the address that a reader of this language gets: French where it is not written in theirs."""
        return language if language in self.address else "fr"


class OfficesFile(Part):
    """`offices.toml`: the service centres, and whether they are examples."""

    example: bool
    offices: Annotated[list[OfficePart], Field(min_length=1)]


class TermPart(Part):
    """How long somebody has, when they are reminded, and where that is written."""

    days: Annotated[int, Field(gt=0, strict=True)]
    reminders: tuple[Annotated[int, Field(gt=0, strict=True)], ...] = ()
    sureness: Sureness
    source: str
    doubt: str = ""
    what: str

    @field_validator("reminders")
    @classmethod
    def in_order_and_in_time(cls, reminders: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        """Requires reminders in order, all of them before the term is over."""
        moments = [*reminders, info.data.get("days", 0)]
        if any(earlier >= later for earlier, later in pairwise(moments)):
            raise ValueError("Must be days in order, all before the end of the term")
        return reminders


class TermsFile(Part):
    """A file in `terms/`: a term for each stage of people that has one."""

    version: str
    in_force_from: Day
    correction: TermPart
    review: TermPart
    identity: TermPart
    hearing: TermPart
    lodging: TermPart
    answer: TermPart
    information: TermPart
    agreement: TermPart
    supervisor: TermPart
    commission: TermPart
    taking_effect: TermPart
    letting_go: TermPart
    conflict: TermPart
    removal: TermPart
    new_phone: TermPart
    confirmation: TermPart
    life_event: TermPart
    pre_enrolment: TermPart
    confirming: TermPart
    telling_apart: TermPart
    post: TermPart
    delivery: TermPart


File = TypeVar("File", bound=BaseModel)


def load(path: Path, kind: type[File]) -> File:
    """Loads and validates a policy file. Raises Broken, which names the file and each invalid key."""
    try:
        return kind.model_validate(parse_toml(path))
    except ValidationError as error:
        problems = [f"{dotted_key(each['loc'])}: {sentence(each).removesuffix('.')}" for each in error.errors()]
        raise invalid_file(path, "; ".join(problems)) from None


def dotted_key(location: Sequence[int | str]) -> str:
    """A key as TOML would write it, such as `thresholds.0.threshold`; the first place is 0."""
    return ".".join(map(str, location))


def parse_toml(path: Path) -> dict[str, Any]:
    """The tables of a policy file. Raises Broken where the file cannot be read or is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise invalid_file(path, f"it cannot be read: {error}") from error


def invalid_file(path: Path, problem: str) -> Broken:
    """The error that names a policy file and its problem; the caller raises it."""
    return Broken(f"The policy file {path.parent.name}/{path.name} is not right: {problem}.")
