"""The queues of the console: what waits for people, a page at a time, with all of its state in the address."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from litestar import Request, get
from litestar.response import Template

from models import clock
from models.database import Connection, transaction
from models.errors import Refused
from models.languages import LANGUAGES
from web.console.desk_view import PATH, QUEUES, View, filters_of, stages_of
from web.console.forms import Form
from web.console.kept import take_typed
from web.console.outcomes import unseal
from web.console.pages import may, page, reader_of, session_of
from workflows.audit.acts import Act
from workflows.bodies.territory import provinces
from workflows.desk.about import Point, about
from workflows.desk.areas import areas_of, narrowed
from workflows.desk.colleagues import Colleague, colleagues
from workflows.desk.items import EITHER, POPULATION_OFFICER, PRIORITIES, STAFF, SUPERVISOR
from workflows.desk.pages import (
    CITIZEN,
    DONE,
    DUE,
    ESCALATED,
    MINE,
    MOST_COUNTED,
    PARKED,
    TEAM,
    UNASSIGNED,
    Filters,
    Line,
    Page,
    counts,
)
from workflows.desk.pages import page as read_page
from workflows.desk.sharing import may_hold
from workflows.flows.appeal import FLOW as APPEAL
from workflows.staff.guard import Acting, permit
from workflows.staff.noting import Doing, note_reading
from workflows.staff.rights import RIGHTS
from workflows.staff.roles import COMMISSION, REGIONS, Territory
from workflows.staff.signatures import OFFICER, pseudonym

TABS = (MINE, UNASSIGNED, CITIZEN, ESCALATED, DONE, TEAM, PARKED)
TAKEN = (STAFF, POPULATION_OFFICER, EITHER, SUPERVISOR)  # for whom waits what somebody may take
SOON = 0.25  # of the time that there was: with less of it left, a line says so by its colour, too
OF_WAITING = ("second_person", "overdue")  # flags of what waits for people, which a decided case does not any more
ESCALATED_FROM = ("queued", "under_examination", "with_supervisor")  # where a supervisor may call the commission


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list as a page shows it, for whoever reads it."""

    line: Line
    about: Sequence[Point]
    holder: str  # names; '' where nobody, or nobody known
    done_by: str
    open_with: str  # who else has it open to decide
    mine: bool
    barred: bool
    late: bool
    soon: bool
    may_take: bool
    may_escalate: bool

    @property
    def flags(self) -> list[str]:
        """What else is to be said of it: not again why it goes first, and of a decided case not what it waited for."""
        over = () if self.line.waits_for else OF_WAITING
        return [each for each in self.line.flags if each != self.line.why and each not in over]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer to whoever reads: the parts of the country, and the people there (None: too many)."""

    regions: Sequence[int]
    provinces: Sequence[str]  # their codes
    people: Sequence[Colleague] | None


@get("/queues", opt={"act": "read_queue"}, sync_to_thread=True)
def queues(request: Request[Any, Any, Any]) -> Template:
    """A page of a list."""
    if "kept" not in request.query_params:
        return queue_page(request, View.of(request.query_params))
    typed = take_typed(request, PATH)
    return queue_page(request, View.at_address(typed.get("next")), typed=typed)


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list as it is shown, with how many cases each list has."""

    view: View
    counts: Mapping[str, int]
    page: Page
    rows: Sequence[Row]
    choices: Choices


def queue_page(
    request: Request[Any, Any, Any], view: View, *, typed: Form | None = None, refused: Refused | None = None
) -> Template:
    """A page of a list; beside what somebody typed that was refused, or kept for them."""
    who, query = reader_of(request), request.query_params
    listed = read_list(who, view, clock.now())
    return page(
        request,
        "desk.html",
        status=422 if refused else 200,
        refused=refused,
        view=listed.view,
        tabs=[each for each in TABS if each in listed.counts],
        counts=listed.counts,
        most=MOST_COUNTED,
        rows=listed.rows,
        next=listed.page.next,
        previous=listed.page.previous,
        choices=listed.choices,
        told=unseal(session_of(request).digest, query.get("told", "")),
        nothing_left="none" in query,
        typed=typed or Form(),
        **offers(who, listed.view.tab),
    )


def read_list(who: Acting, view: View, now: datetime) -> Listed:
    """Reads a page of a list, which the audit notes."""
    with transaction() as connection:
        number = counts(connection, who, now)
        view = replace(view, tab=view.tab or first_tab(who, number))
        filters = filters_of(connection, who, view)
        found = read_page(connection, who, view.tab, now, filters, view.key)
        rows = rows_of(connection, who, found, now)
        choices = choices_of(connection, who, filters)
        note_page(connection, who, view, found, now)
    return Listed(view, number, found, rows, choices)


def offers(who: Acting, tab: str) -> dict[str, Any]:
    """What the page offers to choose among, and which acts to whoever reads."""
    return {
        "kinds": QUEUES if tab != PARKED else (),
        "stages": stages_of(tab),
        "dues": tuple(DUE),
        "priorities": PRIORITIES,
        "item_languages": LANGUAGES,
        "may_take": may(who, "take_case"),
        "may_assign": may(who, "assign_case"),
        "may_set_priority": may(who, "set_priority"),
        "may_note": may(who, "add_note"),
    }


def first_tab(who: Acting, number: Mapping[str, int]) -> str:
    """The list that somebody sees first: what they hold, else what waits for people like them."""
    if number.get(MINE):
        return MINE
    return ESCALATED if set(who.roles) == {COMMISSION} else UNASSIGNED


def rows_of(connection: Connection, who: Acting, found: Page, now: datetime) -> list[Row]:
    """The lines of a page, as whoever reads is shown them."""
    told = about(connection, [(each.case_id, each.kind) for each in found.lines])
    return [row_of(who, each, told.get(each.case_id, ()), found.names, now) for each in found.lines]


def row_of(who: Acting, line: Line, points: Sequence[Point], names: Mapping[str, str], now: datetime) -> Row:
    """A line as whoever reads is shown it."""
    me, waits = pseudonym(OFFICER, who.name), line.waits_for is not None
    where = Territory(line.region, line.province)
    return Row(
        line,
        points,
        holder=names.get(line.holder or "", ""),
        done_by=names.get(line.done_by or "", ""),
        open_with=names.get(line.locked_by or "", "") if line.locked_by != me else "",
        mine=line.holder == me,
        barred=waits and me in line.barred,
        late=waits and now >= line.due_at,
        soon=waits and line.due_at - now < SOON * (line.due_at - line.since),
        may_take=waits
        and line.waits_for in TAKEN
        and line.holder != me
        and me not in line.barred
        and may_there(who, "take_case", where, may_hold(line.queue)),
        may_escalate=line.kind == APPEAL.kind
        and line.stage in ESCALATED_FROM
        and waits
        and may_there(who, "escalate", where),
    )


def may_there(who: Acting, act: str, where: Territory, roles: Collection[str] | None = None) -> bool:
    """Whether one of the reader's roles (of these) may do this there."""
    having = RIGHTS[act].keys() if roles is None else RIGHTS[act].keys() & set(roles)
    return any(each.role in having and each.territory.covers(where) for each in who.grants)


def choices_of(connection: Connection, who: Acting, filters: Filters) -> Choices:
    """What the filters offer: parts of the reader's territory, and the people in what is filtered of it."""
    areas = areas_of(who, "read_queue") if may(who, "read_queue") else areas_of(who, "read_operations")
    regions = [each for each in REGIONS if narrowed(areas, Territory(each))]
    inside = [
        code
        for code, region in provinces().items()
        if region in regions and filters.region in (None, region) and narrowed(areas, Territory(region, code))
    ]
    people = colleagues(connection, narrowed(areas, filters.territory))
    return Choices(regions if len(regions) > 1 else (), inside if len(inside) > 1 else (), people)


def note_page(connection: Connection, who: Acting, view: View, found: Page, now: datetime) -> None:
    """Notes in the audit who looked at which cases."""
    role = permit(who, "read_queue") if may(who, "read_queue") else permit(who, "read_operations")
    case_ids = [each.case_id for each in found.lines]
    note_reading(connection, who, Doing(Act.READ_QUEUE, now, case_ids, role, detail={"list": view.tab}))


HANDLERS = [queues]
