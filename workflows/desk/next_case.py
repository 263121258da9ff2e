"""The best next case for somebody: one that they hold already, else one that nobody holds, which they then do.

Two people never get the same: whoever looks leaves out what another one is taking at this moment, and looks anew at
what another one has just taken.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from itertools import product
from threading import BoundedSemaphore
from typing import NamedTuple, TypeVar

from models.database import Connection
from models.desk import NEXT
from models.errors import Refused
from workflows.audit.acts import Act
from workflows.desk.areas import areas_of, condition
from workflows.desk.items import EITHER, POPULATION_OFFICER, STAFF, SUPERVISOR
from workflows.desk.sharing import COLUMNS, Deed, Found, give
from workflows.engine.load import CaseRow
from workflows.registers.ports import Notices
from workflows.staff import roles
from workflows.staff.guard import Acting, permit
from workflows.staff.roles import Territory
from workflows.staff.signatures import OFFICER, pseudonym

CANDIDATES = 200  # that are looked at, of each territory: more than there are people who take one at the same moment
PASSED_OVER = timedelta(hours=1)  # what somebody handed back is not given to them again (assumed)
TRIES = 5  # of cases that turn out to be another one's after all
AT_ONCE = BoundedSemaphore(2)
LOOK_AT_IDENTITIES = {roles.CASEWORKER, roles.SUPERVISOR, roles.POPULATION_OFFICER}
Result = TypeVar("Result")
# Each of these statements takes far longer to plan than to run, and its plan is the same whatever it is asked.
PLAN_ONCE = "set local plan_cache_mode = force_generic_plan"
ORDER = "priority, sorted_at, case_id"
OWN = f"""
    select i.case_id, r.reference from desk_item i join receipt r on r.case_id = i.case_id
    where i.holder = %(me)s and i.waits_for in ('staff', 'population_officer', 'either', 'supervisor')
        and i.case_id <> all(%(besides)s) and ({{where}})
    order by {", ".join(f"i.{each}" for each in ORDER.split(", "))} limit 1
"""
# The lock on the case comes first, as with everybody; nobody waits for one.
FREE = f"""
    select {", ".join(f"c.{each}" for each in CaseRow._fields)}, {COLUMNS}
    from ({{parts}}) as best
    join desk_item i on i.case_id = best.case_id
    join cases c on c.id = i.case_id
    join receipt r on r.case_id = i.case_id
    where i.holder is null and i.waits_for = best.waits_for and i.version = c.version
    order by {", ".join(f"best.{each}" for each in ORDER.split(", "))} limit 1
    for update of c, i skip locked
"""
PART = f"""
    (select case_id, waits_for, priority, sorted_at from desk_item
    where {NEXT} and waits_for = '{{waits_for}}' and {{where}} and not (barred @> array[%(me)s])
        and case_id <> all(%(besides)s) and case_id <> all(array(
            select unnest(case_ids) from audit_entry
            where actor = %(me)s and at > %(handed_back)s and act = '{Act.HAND_BACK}'
        ))
    order by {ORDER} limit {CANDIDATES})
"""


class Next(NamedTuple):
    """The case that somebody gets, and whether they held it before."""

    case_id: int
    reference: str
    held: bool


def in_turn(take: Callable[[], Result]) -> Result:
    """Runs what takes somebody's next case, while few others of this process do.

    All look for the same best cases, so that more of them at once only hinder each other: of 50 who ask at the same
    moment, the last has theirs sooner than if all were at it (docs/figures.md).
    """
    with AT_ONCE:
        return take()


def next_case(
    connection: Connection, who: Acting, now: datetime, notices: Notices, besides: Collection[int] = ()
) -> Next | None:
    """Gives somebody the best next case, and lets them hold it; None where nothing is left for them.

    `besides`: cases that they do not want now. First comes what they hold, then what nobody holds, by priority, then
    by due date; nothing that they may not decide. Raises Refused for who takes no case.
    """
    permit(who, "take_case")
    me, left_out = pseudonym(OFFICER, who.name), list(besides)
    connection.execute(PLAN_ONCE)
    if own := held_by(connection, who, me, left_out):
        return own
    for _ in range(TRIES):
        found = free_case(connection, who, me, now, left_out)
        if found is None:
            return None
        case, item = found
        try:
            give(connection, Deed(who, case.id, now), case, item, "", notices)
        except Refused:
            left_out.append(case.id)
        else:
            return Next(case.id, item.reference or "", held=False)
    return None


def held_by(connection: Connection, who: Acting, me: str, besides: list[int]) -> Next | None:
    """The best of the cases that somebody holds and that wait for them."""
    conditions: list[str] = []
    given: dict[str, object] = {"me": me, "besides": besides}
    for number, area in enumerate(areas_of(who, "take_case")):
        where, of_area = condition(area, f"area{number}")
        conditions.append(where)
        given |= of_area
    row = connection.execute(OWN.format(where=" or ".join(conditions)), given).fetchone()
    return Next(row[0], row[1], held=True) if row else None


def free_case(
    connection: Connection, who: Acting, me: str, now: datetime, besides: list[int]
) -> tuple[CaseRow, Found] | None:
    """The best of the cases that nobody holds, and that nobody is taking now; it is locked."""
    given: dict[str, object] = {"me": me, "besides": besides, "handed_back": now - PASSED_OVER}
    parts = []
    for number, (waits_for, area) in enumerate(reach(who)):
        where, of_area = condition(area, f"area{number}")
        parts.append(PART.format(waits_for=waits_for, where=where))
        given |= of_area
    row = connection.execute(FREE.format(parts=" union all ".join(parts)), given).fetchone() if parts else None
    if row is None:
        return None
    ours = len(CaseRow._fields)
    return CaseRow(*row[:ours]), Found(*row[ours:])


def reach(who: Acting) -> Iterator[tuple[str, Territory]]:
    """For whom the cases wait that somebody may take, each with a territory of theirs."""
    everybody = who.account is None
    if everybody or {roles.CASEWORKER, roles.SUPERVISOR} & set(who.roles):
        yield from product([STAFF], areas_of(who, "take_case", (roles.CASEWORKER, roles.SUPERVISOR)))
    if everybody or roles.POPULATION_OFFICER in who.roles:
        yield from product([POPULATION_OFFICER], areas_of(who, "take_case", (roles.POPULATION_OFFICER,)))
    if everybody or LOOK_AT_IDENTITIES & set(who.roles):
        yield from product([EITHER], areas_of(who, "take_case", LOOK_AT_IDENTITIES))
    if everybody or roles.SUPERVISOR in who.roles:
        yield from product([SUPERVISOR], areas_of(who, "take_case", (roles.SUPERVISOR,)))
