"""The provinces and prefectures of Morocco by their codes (ISO 3166-2:MA), each with its region."""

from functools import cache
from typing import Protocol, TypeVar

from models.errors import Broken

COUNTRY = "MA"

# Where pycountry's list names another region than decree 2-15-40: Chtouka-Ait Baha is of Souss-Massa, Nouaceur of
# Casablanca-Settat.
REGION_BY_DECREE = {"MA-CHT": 9, "MA-NOU": 6}


@cache
def provinces() -> dict[str, int]:
    """Every province or prefecture, and the number of its region (1 to 12, decree 2-15-40: MA-01 to MA-12)."""
    import pycountry  # takes a moment to load, which whoever reads no province need not wait for

    found = [each for each in pycountry.subdivisions.get(country_code=COUNTRY) if each.parent_code]  # type: ignore[no-untyped-call]  # it has none
    if not found:
        raise Broken("pycountry lists no province of Morocco any more.")
    return {each.code: int(each.parent_code.removeprefix(f"{COUNTRY}-")) for each in found} | REGION_BY_DECREE


def region_of(province: str) -> int | None:
    """The region of a province; None where there is no such province."""
    return provinces().get(province)


class Placed(Protocol):
    """What belongs to a region and perhaps to a province of it."""

    @property
    def region(self) -> int:
        """1 to 12."""

    @property
    def province(self) -> str | None:
        """By its code; None: left out."""


ANOTHER_REGION = "The province is not one of this region."
Place = TypeVar("Place", bound=Placed)


def require_region(place: Place) -> Place:
    """Requires a province to be one of the region. Raises ValueError."""
    if place.province and region_of(place.province) != place.region:
        raise ValueError(ANOTHER_REGION)
    return place


@cache
def name_of(province: str) -> str:
    """The name of a province in Latin letters, without what the list adds in brackets; its code where it has none."""
    import pycountry

    found = pycountry.subdivisions.get(code=province)  # type: ignore[no-untyped-call]  # it has none
    return str(found.name).partition(" (")[0] if found else province
