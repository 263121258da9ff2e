"""The provinces and prefectures of Morocco by their codes (ISO 3166-2:MA), each with its region."""

from functools import cache

from models.errors import Broken

COUNTRY = "MA"


@cache
def provinces() -> dict[str, int]:
    """Every province or prefecture, and the number of its region (1 to 12, decree 2-15-40: MA-01 to MA-12)."""
    import pycountry  # takes a moment to load, which whoever reads no province need not wait for

    found = [each for each in pycountry.subdivisions.get(country_code=COUNTRY) if each.parent_code]  # type: ignore[no-untyped-call]  # it has none
    if not found:
        raise Broken("pycountry lists no province of Morocco any more.")
    return {each.code: int(each.parent_code.removeprefix(f"{COUNTRY}-")) for each in found}


def region_of(province: str) -> int | None:
    """The region of a province; None where there is no such province."""
    return provinces().get(province)


@cache
def name_of(province: str) -> str:
    """The name of a province in Latin letters, without what the list adds in brackets; its code where it has none."""
    import pycountry

    found = pycountry.subdivisions.get(code=province)  # type: ignore[no-untyped-call]  # it has none
    return str(found.name).partition(" (")[0] if found else province
