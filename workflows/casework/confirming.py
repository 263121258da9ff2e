"""Reminds registered households to look through their declaration and to confirm it, before their year ends.

A confirmation makes a new version of the household, from which another year counts; so does every other change. The
reminder is an event of the case that made the last version (of the appeal, where that opened the case), beside its
flow. Households are found by when that version was decided, a day of decisions at a time: the index by time reads no
more of the events.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from models.database import Connection, scalar
from models.days import day_of
from workflows.engine.load import COLUMNS, CaseRow, case_files
from workflows.engine.progress import CaseInProgress, apply
from workflows.engine.work import write_in_place
from workflows.events.event import ConfirmationReminded
from workflows.evidence import DeclarationAge
from workflows.flows import move
from workflows.policies import newest_terms
from workflows.registers.ports import Notices

MOST = 500  # households of one transaction
AT_A_LOOK = 20_000  # households that one statement finds: each reads the decisions of its whole day anew
SLICE = timedelta(days=1)
# Of a household in whose name something is under way nobody asks: it says what is so already. One whose declaration was
# erased by law cannot be told.
DUE = """
    select told.id, told.version, v.version, e.at
    from event e
    join cases c on c.id = e.case_id
    cross join lateral (
        select version, case_id from household_version where household_id = c.household_id order by version desc limit 1
    ) v
    join cases told on told.id = coalesce(c.parent_id, c.id) and not told.open
    where e.at > %(after)s and e.at <= %(until)s and e.kind in ('HouseholdApproved', 'HouseholdChanged')
    and v.case_id = c.id and told.id > %(beyond)s
    and exists (select from case_body where (case_id, number) = (told.id, told.body_number) and body is not null)
    and not exists (select from household_end where household_id = c.household_id)
    and not exists (select from cases where household_id = c.household_id and kind = 'update' and open)
    and not exists (
        select from event r where r.case_id = told.id and r.kind = 'ConfirmationReminded'
        and (r.facts ->> 'version')::int = v.version and (r.facts ->> 'reminder')::int >= %(reminder)s
    )
    order by told.id limit %(most)s
"""
LOCK = f"""
    select {COLUMNS} from cases join unnest(%s::bigint[], %s::int[]) as found (id, version) using (id, version)
    where not open order by id for update of cases skip locked
"""
LAST_DECIDED = """
    select max(e.at) from event e
    where e.kind in ('HouseholdApproved', 'HouseholdChanged') and e.case_id = (
        select case_id from household_version v where household_id = %s
        and not exists (select from household_end g where g.household_id = v.household_id)
        order by version desc limit 1
    )
"""


class Due(NamedTuple):
    """A household that is to be reminded: the case whose people are told and its version, the household's last version,
    and when that was decided.
    """

    case_id: int
    case_version: int
    version: int
    since: datetime


class Window(NamedTuple):
    """When versions were decided of which a reminder is due now."""

    reminder: int  # from 1
    after: datetime
    until: datetime


def confirm_by(since: datetime) -> date:
    """The day before which a household should confirm what stands since then."""
    return day_of(since) + newest_terms()["confirmation"].within


def confirmed_until(connection: Connection, household_id: int) -> date | None:
    """Until when a household should say once more that its declaration holds; None where it is not registered."""
    since: datetime | None = scalar(connection, LAST_DECIDED, [household_id])
    return confirm_by(since) if since else None


def windows(now: datetime) -> Iterator[Window]:
    """Those of each reminder, by slices: from the moment at which it is due until the next one is, or the year over."""
    term = newest_terms()["confirmation"]
    for reminder, (due, over) in enumerate(pairwise((*term.reminders, term.within)), 1):
        after, until = now - over, now - due
        while after < until:
            yield Window(reminder, after, min(until, after + SLICE))
            after += SLICE


def due_in(connection: Connection, window: Window, beyond: int = 0) -> list[Due]:
    """The next households to remind of one window, up to AT_A_LOOK, by cases after the one named."""
    given = {**window._asdict(), "beyond": beyond, "most": AT_A_LOOK}
    return [Due(*row) for row in connection.execute(DUE, given)]


def remind(connection: Connection, due: Sequence[Due], reminder: int, now: datetime, notices: Notices) -> int:
    """Records the reminder in these cases; how many messages that makes owed. The caller commits.

    It passes over cases that moved on meanwhile, or that somebody else has locked.
    """
    numbers = [each.case_id for each in due], [each.case_version for each in due]
    rows = [CaseRow(*row) for row in connection.execute(LOCK, numbers)]
    found = {each.case_id: each for each in due}
    cases = [
        reminded(CaseInProgress(file, row.head, row), found, reminder, now, notices)
        for file, row in zip(case_files(connection, rows), rows, strict=True)
    ]
    write_in_place(connection, cases)
    return sum(len(each.messages) for case in cases for each in case.transitions)


def reminded(
    case: CaseInProgress, found: Mapping[int, Due], reminder: int, now: datetime, notices: Notices
) -> CaseInProgress:
    """The case with its reminder."""
    due = found[case.file.id]
    event = ConfirmationReminded(version=due.version, reminder=reminder, day=confirm_by(due.since))
    evidence = DeclarationAge(at=now, version=due.version, since=due.since)
    apply(case, event, move(case.file.kind, case.file.stage, event), evidence, notices)
    return case
