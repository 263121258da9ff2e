"""A person as two of them are compared: what is known, and nothing that is not."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from workflows.matching.births import DAY, Birth

FIELDS = (
    "given_name_ar",
    "family_name_ar",
    "given_name_la",
    "family_name_la",
    "birth_date",
    "birth_precision",
    "sex",
    "cin",
    "phone",
    "commune",
    "address",
    "birth_place",
)  # as the table `person` names them


class Record(NamedTuple):
    """One person; None for what is not known. A name may be known in one script only, or in part."""

    given_name_ar: str | None = None
    family_name_ar: str | None = None
    given_name_la: str | None = None
    family_name_la: str | None = None
    birth: Birth | None = None
    sex: str | None = None
    cin: str | None = None
    phone: str | None = None
    commune: str | None = None
    address: str | None = None
    birth_place: str | None = None

    @property
    def given(self) -> tuple[str | None, str | None]:
        """The given name, in Arabic and in Latin script."""
        return self.given_name_ar, self.given_name_la

    @property
    def family(self) -> tuple[str | None, str | None]:
        """The family name, likewise."""
        return self.family_name_ar, self.family_name_la


def record_of(row: Mapping[str, Any]) -> Record:
    """The record of a person whose values have the names of FIELDS; a birth date may be a text."""
    born = row.get("birth_date")
    day = date.fromisoformat(born) if isinstance(born, str) else born
    birth = Birth(day, row.get("birth_precision") or DAY) if day else None
    names = [row.get(field) for field in FIELDS[:4]]
    return Record._make([*names, birth, *(row.get(field) for field in FIELDS[6:])])


def record_about(person: object) -> Record:
    """The record of whoever has fields of these names; what they lack is not known."""
    return record_of({field: getattr(person, field, None) for field in FIELDS})


def record_from(values: tuple[Any, ...]) -> Record:
    """The record of a row that has the columns of FIELDS in their order."""
    return Record._make((*values[:4], Birth(values[4], values[5]), *values[6:12]))
