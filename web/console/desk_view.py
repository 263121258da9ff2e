"""What of the queues an address names: a list, what is filtered out of it, and a place in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from models.database import Connection
from models.errors import Refused
from models.languages import LANGUAGES
from workflows.bodies.territory import region_of
from workflows.desk.colleagues import colleague
from workflows.desk.items import (
    APPEALS,
    EITHER,
    ENROLMENTS,
    EXCEPTIONS,
    FOR_CITIZEN,
    OF_OTHERS,
    POPULATION_OFFICER,
    PRIORITIES,
    REVIEWS,
    STAFF,
    of_people,
    waits_for,
)
from workflows.desk.pages import CITIZEN, DONE, DUE, ESCALATED, PARKED, TABS, UNASSIGNED, Filters, Key
from workflows.flows import FLOWS
from workflows.staff.guard import Acting
from workflows.staff.roles import REGIONS
from workflows.staff.signatures import OFFICER, pseudonym

PATH = "/console/queues"
ME, NOBODY = "me", "none"  # as holders
QUEUES = (APPEALS, REVIEWS, EXCEPTIONS, ENROLMENTS)
OTHERS = tuple(OF_OTHERS.values())
OF_STAFF = (STAFF, POPULATION_OFFICER, EITHER)
EVERYWHERE = ("region", "province", "language", "priority")  # filters that make sense in every list
FILTERS = ("queue", "stage", "due", "region", "province", "holder", "priority", "language")


def stages_of(tab: str) -> tuple[str, ...]:
    """The stages at which a case of a list may stand, in the order of their flows."""
    found = [(kind, name) for kind, flow in FLOWS.items() for name in flow.stages]
    if tab == DONE:
        return tuple(dict.fromkeys(name for kind, name in found if not of_people(kind, name)))
    wanted = {CITIZEN: (FOR_CITIZEN,), ESCALATED: OTHERS, PARKED: (), UNASSIGNED: OF_STAFF}.get(
        tab, (*OF_STAFF, *OTHERS)
    )
    waiting = [name for kind, name in found if of_people(kind, name) and waits_for(kind, name) in wanted]
    return tuple(dict.fromkeys(waiting))


@dataclass(frozen=True, slots=True)
class View:
    """A list and what is wanted of it, as the address says it; `given`: the filters, by their names."""

    tab: str
    given: Mapping[str, str]
    at: str = ""
    chosen: bool = False  # all lines of the page are chosen

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "View":
        """What the query of an address names."""
        given = {name: query[name].strip() for name in FILTERS if query.get(name, "").strip()}
        return cls(query.get("tab", ""), given, query.get("at", ""), query.get("chosen") == "all")

    @classmethod
    def at_address(cls, address: str) -> "View":
        """What an address of the queues names."""
        return cls.of(dict(parse_qsl(address.partition("#")[0].partition("?")[2])))

    def address(self, **changes: str) -> str:
        """The address of this view, with these changes; another list or filter begins at its first page."""
        said = {"tab": self.tab, **self.given} | ({} if changes else {"at": self.at}) | changes
        return f"{PATH}?{urlencode({name: value for name, value in said.items() if value})}"

    @property
    def clear(self) -> "View":
        """The same list without filters."""
        return replace(self, given={}, at="")

    @property
    def clear_place(self) -> "View":
        """The same list from its first page."""
        return replace(self, at="")

    def of_tab(self, tab: str) -> str:
        """The address of another list, with those filters that every list has."""
        kept = {name: value for name, value in self.given.items() if name in EVERYWHERE}
        return View(tab, kept).address()

    def value(self, name: str) -> str:
        """What a filter is set to; '' where it is not."""
        return self.given.get(name, "")

    @property
    def key(self) -> Key | None:
        """The place in the list. Raises Refused where the address names none."""
        return Key.of(self.at) if self.at else None


def filters_of(connection: Connection, who: Acting, view: View) -> Filters:
    """The filters of a view. Raises Refused for one that there is not."""
    if view.tab not in TABS:
        raise Refused("unknown_list", f"There is no list '{view.tab}'.")
    province, region = view.value("province"), view.value("region")
    return Filters(
        queue=one_of(view, "queue", QUEUES),
        stage=one_of(view, "stage", stages_of(view.tab)),
        due=one_of(view, "due", tuple(DUE)),
        region=int(region) if one_of(view, "region", tuple(map(str, REGIONS))) else None,
        province=known(province) if province else None,
        holder=holder_of(connection, who, view.value("holder")),
        priority=int(view.value("priority")) if one_of(view, "priority", tuple(map(str, PRIORITIES))) else None,
        language=one_of(view, "language", tuple(LANGUAGES)),
    )


def one_of(view: View, name: str, known: tuple[str, ...]) -> str | None:
    """What a filter is set to; None where it is not. Raises Refused for what it cannot be set to."""
    value = view.value(name)
    if value and value not in known:
        raise unknown_filter()
    return value or None


def known(province: str) -> str:
    """A province. Raises Refused where there is none of this code."""
    if region_of(province) is None:
        raise unknown_filter()
    return province


def holder_of(connection: Connection, who: Acting, value: str) -> str | None:
    """The pseudonym of a holder: oneself, nobody (''), or the person of an account; None: whoever it is."""
    if value in ("", NOBODY):
        return None if not value else ""
    if value == ME:
        return pseudonym(OFFICER, who.name)
    numbered = value.isascii() and value.isdecimal() and len(value) < 10
    found = colleague(connection, int(value)) if numbered else None
    if found is None:
        raise unknown_filter()
    return pseudonym(OFFICER, found.name)


def unknown_filter() -> Refused:
    """The error for an address that filters by what there is not."""
    return Refused("unknown_filter", "This address filters by something that there is not. Clear the filters.")
