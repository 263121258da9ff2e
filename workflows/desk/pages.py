"""The lists of the desk, a page at a time: each page is read in the order of an index, wherever it lies.

A list of several tabs or territories is read as one part for each, in their common order: no part reads more rows than
the page has.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from types import MappingProxyType
from typing import Any, NamedTuple

from psycopg.rows import class_row

from models.database import Connection
from models.desk import WITH_STAFF
from models.errors import Refused
from workflows.bodies.territory import region_of
from workflows.desk.areas import areas_of, condition, narrowed
from workflows.staff.guard import Acting
from workflows.staff.rights import RIGHTS
from workflows.staff.roles import Territory
from workflows.staff.signatures import OFFICER, names_of, pseudonym

ROWS = 25
MOST_COUNTED = 1000  # a list with more says "more than"
MINE, UNASSIGNED, CITIZEN, ESCALATED, DONE, TEAM, PARKED = (
    "mine",
    "unassigned",
    "citizen",
    "escalated",
    "done",
    "team",
    "parked",
)
# What each list shows, by the column `tab`; what is mine is found by its holder.
TABS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        MINE: (),
        UNASSIGNED: ("unassigned",),
        CITIZEN: ("citizen",),
        ESCALATED: ("escalated",),
        DONE: ("done",),
        TEAM: ("unassigned", "held", "escalated"),
        PARKED: ("parked",),
    }
)
ACTS = dict.fromkeys(TABS, "read_queue") | {PARKED: "read_operations"}
DUE = MappingProxyType({"overdue": timedelta(0), "day": timedelta(days=1), "week": timedelta(days=7)})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEY = re.compile(r"([ab])([0-9]{1,17})\.([0-9]{1,18})")
COLUMNS = """
    case_id, kind, queue, stage, waits_for, due_at, since, priority, why, holder, barred, region, province, language,
    flags, version, done_at, done_by, done_as, sorted_at
"""
WITH_REST = """
    select page.*, r.reference, l.holder as locked_by, l.until as locked_until
    from ({page}) as page
    left join receipt r on r.case_id = page.case_id
    left join desk_lock l on l.case_id = page.case_id and l.until > %(now)s
    order by sorted_at {order}, case_id {order}
"""


class Key(NamedTuple):
    """A place in a list: that of an item. `back`: the page before it is wanted, else the page after it."""

    at: datetime
    case_id: int
    back: bool = False

    def __str__(self) -> str:
        return f"{'b' if self.back else 'a'}{(self.at - EPOCH) // timedelta(microseconds=1)}.{self.case_id}"

    @classmethod
    def of(cls, text: str) -> "Key":
        """The place that an address names. Raises Refused where it names none."""
        found = KEY.fullmatch(text)
        if found is None:
            raise Refused("unknown_page", "There is no such page of this list. Begin with the first.")
        side, moment, case_id = found.groups()
        return cls(EPOCH + timedelta(microseconds=int(moment)), int(case_id), side == "b")


@dataclass(frozen=True, slots=True)
class Filters:
    """What of a list is wanted; nothing named: all of it.

    `due`: a key of DUE. `holder`: a pseudonym, of what is done that of who did it; '' for what nobody holds.
    """

    queue: str | None = None
    stage: str | None = None
    due: str | None = None
    region: int | None = None
    province: str | None = None
    holder: str | None = None
    priority: int | None = None
    language: str | None = None

    @property
    def territory(self) -> Territory:
        """The part of the country that is wanted."""
        if self.province is not None:
            return Territory(region_of(self.province), self.province)
        return Territory(self.region)


@dataclass(frozen=True, slots=True)
class Line:
    """An item as a list shows it.

    `holder` and `done_by` are pseudonyms, and `names` has the names behind those and behind `locked_by`, who has the
    case open until `locked_until`.
    """

    case_id: int
    kind: str
    queue: str
    stage: str
    waits_for: str | None
    due_at: datetime
    since: datetime
    priority: int
    why: str
    holder: str | None
    barred: Sequence[str]
    region: int
    province: str | None
    language: str | None
    flags: Sequence[str]
    version: int
    done_at: datetime | None
    done_by: str | None
    done_as: str | None
    sorted_at: datetime
    reference: str | None
    locked_by: str | None
    locked_until: datetime | None

    @property
    def people(self) -> set[str]:
        """The pseudonyms of all whom it names."""
        return {each for each in (self.holder, self.done_by, self.locked_by) if each}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: its lines, the names of the people in them, and the pages before and after it, if any."""

    lines: Sequence[Line]
    names: Mapping[str, str]
    next: Key | None
    previous: Key | None


class Part(NamedTuple):
    """The condition of a part of a list, and its parameters."""

    where: str
    given: dict[str, object]


def page(  # noqa: PLR0913 - who reads which part of what
    connection: Connection,
    who: Acting,
    tab: str,
    now: datetime,
    filters: Filters | None = None,
    at: Key | None = None,
) -> Page:
    """A page of a list: the first, or the one beside a place in it.

    What waits comes by its due date, what is done latest first. Raises Refused for who may not read the list, and for
    a list that there is not.
    """
    parts = parts_of(who, tab, now, filters or Filters())
    if not parts:
        return Page((), {}, None, None)
    downwards = (tab == DONE) != bool(at and at.back)
    statement, given = page_statement(parts, at, downwards)
    with connection.cursor(row_factory=class_row(Line)) as cursor:
        found = cursor.execute(statement, given | {"now": now}).fetchall()
    lines, more = found[:ROWS], len(found) > ROWS
    if at and at.back:
        lines.reverse()
    return Page(lines, names_in(connection, lines), *neighbours(lines, at, more))


def neighbours(lines: Sequence[Line], at: Key | None, more: bool) -> tuple[Key | None, Key | None]:
    """The places of the next and the previous page."""
    if not lines:
        return None, None
    first, last = lines[0], lines[-1]
    after, before = Key(last.sorted_at, last.case_id), Key(first.sorted_at, first.case_id, back=True)
    if at and at.back:
        return after, before if more else None
    return after if more else None, before if at else None


def names_in(connection: Connection, lines: Sequence[Line]) -> dict[str, str]:
    """The names of the people in these lines."""
    people = set[str]().union(*(each.people for each in lines))
    return names_of(connection, people) if people else {}


def page_statement(parts: Sequence[Part], at: Key | None, downwards: bool) -> tuple[str, dict[str, object]]:
    """The statement that reads a page, and one row more, with its parameters."""
    order = "desc" if downwards else "asc"
    beyond = f" and (sorted_at, case_id) {'<' if downwards else '>'} (%(at)s, %(beside)s)" if at else ""
    limit = f"order by sorted_at {order}, case_id {order} limit {ROWS + 1}"
    of_parts = " union all ".join(
        f"(select {COLUMNS} from desk_item where {part.where}{beyond} {limit})" for part in parts
    )
    given = {name: value for part in parts for name, value in part.given.items()}
    read = f"select * from ({of_parts}) as parts {limit}" if len(parts) > 1 else of_parts
    beside = {"at": at.at, "beside": at.case_id} if at else {}
    return WITH_REST.format(page=read, order=order), given | beside


def counts(connection: Connection, who: Acting, now: datetime) -> dict[str, int]:
    """How many items each list has that somebody may read, 1001 where there are more than 1000."""
    readable = [tab for tab in TABS if may_read(who, tab)]
    columns: list[str] = []
    given: dict[str, object] = {}
    for tab in readable:
        parts = [prefixed(each, tab) for each in parts_of(who, tab, now, Filters())]
        given |= {name: value for part in parts for name, value in part.given.items()}
        rows = " union all ".join(f"(select from desk_item where {part.where})" for part in parts)
        columns.append(f"(select count(*) from ({rows} limit {MOST_COUNTED + 1}) as counted)")
    row = connection.execute(f"select {', '.join(columns)}", given).fetchone() if columns else ()
    return dict(zip(readable, row or (), strict=True))


def prefixed(part: Part, tab: str) -> Part:
    """The same part, with parameters of its own beside those of other lists."""
    given = {f"{tab}_{name}": value for name, value in part.given.items()}
    where = part.where
    for name in part.given:
        where = where.replace(f"%({name})s", f"%({tab}_{name})s")
    return Part(where, given)


def may_read(who: Acting, tab: str) -> bool:
    """Whether somebody may read a list."""
    return who.account is None or bool(RIGHTS[ACTS[tab]].keys() & set(who.roles))


def parts_of(who: Acting, tab: str, now: datetime, filters: Filters) -> list[Part]:
    """The parts of a list that are read one beside the other: of each of its tabs in each territory.

    Raises Refused for who may not read the list, and for a list that there is not.
    """
    if tab not in TABS:
        raise Refused("unknown_list", f"There is no list '{tab}'. There are {', '.join(TABS)}.")
    areas = narrowed(areas_of(who, ACTS[tab]), filters.territory)
    wanted, given = wanted_by(filters, tab, now)
    parts = []
    for number, (area, kept) in enumerate(product(areas, list_conditions(who, tab))):
        where, of_area = condition(area, f"area{number}")
        parts.append(Part(" and ".join([kept.where, where, *wanted]), kept.given | of_area | given))
    return parts


def list_conditions(who: Acting, tab: str) -> list[Part]:
    """The conditions of a list, one for each tab."""
    if tab == MINE:
        return [Part(f"holder = %(me)s and {WITH_STAFF}", {"me": pseudonym(OFFICER, who.name)})]
    return [Part(f"tab = '{each}'", {}) for each in TABS[tab]]


def wanted_by(filters: Filters, tab: str, now: datetime) -> tuple[list[str], dict[str, Any]]:
    """The filters as conditions, with their parameters; that of the territory aside."""
    held_by = "done_by" if tab == DONE else "holder"
    given: dict[str, Any] = {
        name: value
        for name in ("queue", "stage", "priority", "language")
        if (value := getattr(filters, name)) is not None
    }
    found = [f"{name} = %({name})s" for name in given]
    if filters.holder is not None:
        found.append(f"{held_by} = %(holder)s" if filters.holder else f"{held_by} is null")
        given["holder"] = filters.holder
    if filters.due is not None and filters.due in DUE:
        found.append("due_at < %(due)s" if tab == DONE else "sorted_at < %(due)s")
        given["due"] = now + DUE[filters.due]
    return found, given
