"""How people share the work out: they take a case, give it to a colleague, hand it back, and say how early it goes.

None of this decides anything. Who holds an appeal is at most stages an event of the case, which the engine records; of
whatever else the desk keeps it itself. Every act locks the case before its row at the desk, as the engine does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from models.database import Connection
from models.errors import NotFound, Refused
from workflows.audit import entries as audit
from workflows.audit.acts import Act
from workflows.audit.entries import record
from workflows.casework import examining
from workflows.casework.examining import Staff, act_on_locked
from workflows.desk.items import (
    BY_SUPERVISOR,
    ENROLMENTS,
    EXCEPTIONS,
    FIRST,
    HELD_BY_EVENTS,
    PRIORITIES,
    Urgency,
    urgency_of,
)
from workflows.desk.notes import ASSIGNED, HANDED_BACK, PRIORITY, Entry, enter
from workflows.engine.load import CaseRow, case_files
from workflows.engine.work import lock
from workflows.flows import PARKED
from workflows.flows.appeal import FLOW as APPEAL
from workflows.registers.ports import Notices
from workflows.staff.accounts import colleague
from workflows.staff.guard import Acting, Subject, permit
from workflows.staff.roles import CASEWORKER, POPULATION_OFFICER, SUPERVISOR, Territory
from workflows.staff.signatures import OFFICER, sign

COLUMNS = "i.kind, i.queue, i.stage, i.waits_for, i.holder, i.barred, i.region, i.province, r.reference"
ITEM = f"""
    select {COLUMNS} from desk_item i left join receipt r on r.case_id = i.case_id where i.case_id = %s for update of i
"""
# Who holds it, and the entry that says so, in one statement: people wait for it.
HOLD = """
    with held as (update desk_item set holder = %(holder)s where case_id = %(case_id)s)
    insert into desk_entry (case_id, at, actor, what, given_to) values (%(case_id)s, %(at)s, %(by)s, %(what)s, %(to)s)
"""
PRIORITIZE = "update desk_item set priority = %s, why = %s where case_id = %s"


def may_hold(queue: str | None) -> tuple[str, ...]:
    """The roles of those who may hold a case of this queue."""
    if queue == ENROLMENTS:
        return (POPULATION_OFFICER,)
    return (CASEWORKER, SUPERVISOR, *((POPULATION_OFFICER,) if queue == EXCEPTIONS else ()))


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does something at the desk to which case, when, and on which version of it, if they say."""

    who: Acting
    case_id: int
    at: datetime
    version: int | None = None


class Found(NamedTuple):
    """What the row of a case at the desk says, and the case's reference; both rows are locked."""

    kind: str
    queue: str
    stage: str
    waits_for: str | None
    holder: str | None
    barred: Sequence[str]
    region: int
    province: str | None
    reference: str | None

    @property
    def where(self) -> Territory:
        """Where it belongs."""
        return Territory(self.region, self.province)

    @property
    def may_hold(self) -> tuple[str, ...]:
        """The roles of those who may hold it."""
        return may_hold(self.queue)

    @property
    def by_events(self) -> bool:
        """Whether the engine records who holds it."""
        return self.kind == APPEAL.kind and self.stage in HELD_BY_EVENTS


def take(connection: Connection, deed: Deed, notices: Notices) -> None:
    """Somebody takes a case for themselves, also from a colleague.

    Raises Refused where they may not, or may not decide it; Stale where it moved on.
    """
    assign(connection, deed, "", notices)


def assign(connection: Connection, deed: Deed, to: str, notices: Notices) -> None:
    """Somebody gives a case to a colleague of this name; without one, takes it. Raises what `take` raises."""
    give(connection, deed, *find_item(connection, deed), to, notices)


def give(  # noqa: PLR0913 - what it takes to act
    connection: Connection, deed: Deed, case: CaseRow, found: Found, to: str, notices: Notices
) -> None:
    """The same for a case that is locked. Raises Refused, before anything of it is written."""
    role = role_for(deed.who, "assign_case" if to else "take_case", found)
    to = colleague(connection, to, found.may_hold, found.where) if to else ""
    if found.by_events:
        staff = staff_of(deed, found, role or (SUPERVISOR if to else CASEWORKER))
        act_on_locked(connection, case, staff, examining.assignment(staff, to), deed.at, notices)
        return
    by = sign(connection, OFFICER, deed.who.name)
    holder = sign(connection, OFFICER, to) if to else by
    refuse_holder(found, holder)
    hold(connection, deed, by, ASSIGNED, holder, holder)
    note(connection, deed, by, Act.ASSIGN_CASE if to else Act.TAKE_CASE, role)


def hold(connection: Connection, deed: Deed, by: str, what: str, holder: str | None, to: str) -> None:  # noqa: PLR0913 - a row
    """Writes who holds a case from now on, and keeps the entry of it: to whom it was given, or who held it."""
    given = {"case_id": deed.case_id, "at": deed.at, "by": by, "what": what, "holder": holder, "to": to}
    connection.execute(HOLD, given)


def refuse_holder(found: Found, holder: str) -> None:
    """Raises Refused for whoever has the case already, or may not decide it."""
    if found.waits_for == "commission":
        raise Refused("not_possible_now", "The commission has this appeal: nobody holds it.")
    if found.holder == holder:
        raise Refused("holds_it_already", "This person holds the case already.")
    if holder in found.barred:
        raise Refused("may_not_decide", "This person took the contested decision or proposed this one: somebody else.")


def hand_back(connection: Connection, deed: Deed, notices: Notices) -> None:
    """Whoever holds a case gives it back, or a supervisor takes it away: it waits for somebody else.

    Raises Refused where nobody holds it, or who acts may not; Stale where it moved on.
    """
    case, found = find_item(connection, deed)
    by = sign(connection, OFFICER, deed.who.name)
    role = role_for(deed.who, "hand_back", found, found.holder == by if found.holder else None)
    if found.holder is None:
        raise Refused("nobody_holds_it", "Nobody holds this case.")
    if found.by_events:
        staff = staff_of(deed, found, role or (CASEWORKER if found.holder == by else SUPERVISOR))
        act_on_locked(connection, case, staff, examining.hand_back(staff), deed.at, notices)
        return
    hold(connection, deed, by, HANDED_BACK, None, found.holder)
    note(connection, deed, by, Act.HAND_BACK, role)


def set_priority(connection: Connection, deed: Deed, priority: int | None) -> None:
    """A supervisor says how early a case goes; None: as its events say. Raises Refused, Stale."""
    if priority not in (None, *PRIORITIES):
        raise Refused("unknown_priority", f"A priority is one of {', '.join(map(str, PRIORITIES))}; 1 goes first.")
    case, found = find_item(connection, deed)
    role = permit(deed.who, "set_priority", Subject(found.where))
    now = Urgency(priority, BY_SUPERVISOR) if priority else by_events(connection, case)
    connection.execute(PRIORITIZE, [now.priority, now.why, deed.case_id])
    by = sign(connection, OFFICER, deed.who.name)
    enter(connection, Entry(deed.case_id, deed.at, by, PRIORITY, priority=now.priority))
    note(connection, deed, by, Act.SET_PRIORITY, role)


def by_events(connection: Connection, case: CaseRow) -> Urgency:
    """How early a case goes by its events."""
    if case.stage == PARKED:
        return Urgency(FIRST, PARKED)
    (file,) = case_files(connection, [case])
    return urgency_of(file)


def find_item(connection: Connection, deed: Deed) -> tuple[CaseRow, Found]:
    """Locks a case that waits for people. Raises Stale where it moved on, NotFound where it waits for nobody."""
    case = lock(connection, deed.case_id, deed.version)
    row = connection.execute(ITEM, [deed.case_id]).fetchone()
    if row is None or (found := Found(*row)).waits_for is None:
        raise NotFound("This case waits for nobody any more.")
    return case, found


def role_for(who: Acting, act: str, found: Found, own: bool | None = None) -> str:
    """The role in which somebody may do this: one of those that may hold such a case. Raises Refused."""
    subject = Subject(found.where, own)
    for role in found.may_hold:
        if role in who.roles:
            try:
                return permit(who, act, subject, role=role)
            except Refused:
                continue
    role = permit(who, act, subject)
    if role and role not in found.may_hold:
        raise Refused("another_role", f"Only a {' or a '.join(found.may_hold)} may hold this case.")
    return role


def staff_of(deed: Deed, found: Found, role: str) -> Staff:
    """Who acts, as the engine's acts on an appeal are given it."""
    return Staff(found.reference or "", deed.who.name, role, deed.version)


def note(connection: Connection, deed: Deed, by: str, act: Act, role: str) -> None:
    """Notes a deed in the audit."""
    role, number = role or by.partition(":")[0], [deed.case_id]
    record(
        connection,
        audit.Entry(at=deed.at, actor=by, account_id=deed.who.account, role=role, act=act, case_ids=number, count=1),
    )
