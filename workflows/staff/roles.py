"""The roles of the staff, and the territory in which somebody has one."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from models.errors import Refused
from models.staff import DECIDING, ROLES
from workflows.bodies.territory import region_of

CASEWORKER, SUPERVISOR, COMMISSION, POPULATION_OFFICER, OPERATOR, AUDITOR, ADMINISTRATOR = ROLES
REGIONS = range(1, 13)  # decree 2-15-40


class Territory(NamedTuple):
    """A part of the country: with neither all of it, a region (1 to 12), or a province (ISO 3166-2:MA) of a region."""

    region: int | None = None
    province: str | None = None

    def covers(self, other: "Territory") -> bool:
        """Whether the other lies in it. What has no territory belongs to the country."""
        return (self.region is None or self.region == other.region) and (
            self.province is None or self.province == other.province
        )


COUNTRY = Territory()


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in a territory."""

    role: str
    territory: Territory = COUNTRY


def territory(region: int | None, province: str | None) -> Territory:
    """The territory of a region, or of a province whose region may be left out. Raises Refused where there is none."""
    if region is not None and region not in REGIONS:
        raise Refused("unknown_territory", f"There is no region {region}: they are numbered 1 to {REGIONS[-1]}.")
    if province is None:
        return Territory(region)
    code = province.strip().upper()
    if (found := region_of(code)) is None:
        raise Refused("unknown_territory", f"There is no province '{province}'. Codes are those of ISO 3166-2:MA.")
    if region not in (None, found):
        raise Refused("unknown_territory", f"The province {code} is in region {found}, not in region {region}.")
    return Territory(found, code)


def require_known(role: str) -> None:
    """Raises Refused for a role that there is not."""
    if role not in ROLES:
        raise Refused("unknown_role", f"There is no role '{role}'. There are {', '.join(ROLES)}.")


def require_compatible(roles: Iterable[str]) -> None:
    """Raises Refused where one person may not have all of these roles."""
    had = set(roles)
    if AUDITOR in had and len(had) > 1:
        raise Refused("roles_exclude", f"An {AUDITOR} checks all others, so has no other role.")
    if ADMINISTRATOR in had and (decides := had & set(DECIDING)):
        text = f"An {ADMINISTRATOR} makes accounts, so decides no case: is no {' and no '.join(sorted(decides))}."
        raise Refused("roles_exclude", text)


def shown(grants: Collection[Grant]) -> str:
    """Roles and their territories in one line: `caseworker (MA-CAS), supervisor (region 6)`."""
    return ", ".join(f"{each.role} ({where(each.territory)})" for each in grants) or "no role"


def where(within: Territory) -> str:
    """A territory in words."""
    return within.province or (f"region {within.region}" if within.region else "country")
