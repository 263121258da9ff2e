"""Which parts of the country somebody may look at: by the territories in which they have a role that an act allows."""

from collections.abc import Iterable, Sequence

from workflows.staff.guard import Acting, permit
from workflows.staff.rights import RIGHTS
from workflows.staff.roles import COUNTRY, Territory


def areas_of(who: Acting, act: str, roles: Iterable[str] | None = None) -> tuple[Territory, ...]:
    """The territories in which somebody may do this (in one of these roles alone, if given), none within another.

    All of the country for the owner, and where there are no accounts. Raises Refused for who may do it nowhere.
    """
    permit(who, act)
    if who.account is None:
        return (COUNTRY,)
    having = RIGHTS[act].keys() & set(roles) if roles is not None else RIGHTS[act].keys()
    found = sorted({each.territory for each in who.grants if each.role in having}, key=str)
    return tuple(each for each in found if not any(other != each and other.covers(each) for other in found))


def narrowed(areas: Sequence[Territory], wanted: Territory) -> tuple[Territory, ...]:
    """The parts of these territories that lie in another one."""
    return tuple(
        wanted if each.covers(wanted) else each for each in areas if each.covers(wanted) or wanted.covers(each)
    )


def condition(area: Territory, name: str) -> tuple[str, dict[str, object]]:
    """A territory as a condition on `region` and `province`, with its parameters, which this name tells apart.

    A province has one region, so that its index alone is read.
    """
    if area.province is not None:
        return f"province = %({name})s", {name: area.province}
    if area.region is not None:
        return f"region = %({name})s", {name: area.region}
    return "true", {}
