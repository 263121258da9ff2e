"""Who has how much to do, how long cases wait, and whose term ends soon: what a supervisor sees of a territory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg.rows import class_row, dict_row

from models.database import Connection
from workflows.desk.areas import areas_of, condition
from workflows.desk.bulk import MOST
from workflows.desk.colleagues import colleagues
from workflows.desk.items import APPEALS, ENROLMENTS, EXCEPTIONS, REVIEWS
from workflows.staff.guard import Acting
from workflows.staff.signatures import OFFICER, names_of, pseudonym

AT_RISK = timedelta(days=3)
AGES = (4, 8, 31)  # days at which the next column of ages begins: 0 to 3, 4 to 7, 8 to 30, and more
WAITING = "tab in ('unassigned', 'held', 'escalated')"  # for the staff, in the words of models/desk.py
BY_PERSON = """
    select holder, waits_for = 'commission' as with_commission, count(*) as cases, min(since) as oldest,
        count(*) filter (where due_at < %(now)s) as overdue,
        count(*) filter (where due_at >= %(now)s and due_at < %(soon)s) as soon
    from desk_item where {where} group by 1, 2
"""
BY_AGE = """
    select queue, count(*) as cases, array[
        count(*) filter (where since > %(first)s), count(*) filter (where since <= %(first)s and since > %(second)s),
        count(*) filter (where since <= %(second)s and since > %(third)s), count(*) filter (where since <= %(third)s)
    ] as ages
    from desk_item where {where} group by 1
"""
# References are looked up of those alone that are shown.
LIST = """
    select case_id, r.reference, i.kind, i.stage, i.waits_for, i.due_at, i.since, i.holder
    from (
        select * from desk_item
        where {where} and (%(holder)s::text is null and sorted_at < %(soon)s or holder = %(holder)s)
        order by sorted_at, case_id limit %(most)s
    ) as i left join receipt r using (case_id)
    order by i.sorted_at, case_id
"""


class Load(NamedTuple):
    """What one person holds; without a name: what nobody holds yet, or what the commission has."""

    name: str | None
    holder: str | None
    with_commission: bool
    cases: int = 0
    oldest: datetime | None = None
    overdue: int = 0
    soon: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """A case that waits for the staff, and until when."""

    case_id: int
    reference: str | None
    kind: str
    stage: str
    waits_for: str
    due_at: datetime
    since: datetime
    holder: str | None


class Ages(NamedTuple):
    """How many cases of a queue wait since when, by `AGES`."""

    queue: str
    cases: int
    ages: Sequence[int]


def load(connection: Connection, who: Acting, now: datetime) -> list[Load]:
    """How much each person of the territory has to do, the most overdue first; those with nothing, too."""
    where, given = of_territory(who)
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(BY_PERSON.format(where=where), given | {"now": now, "soon": now + AT_RISK}).fetchall()
    holding = {row["holder"] for row in rows if row["holder"]}
    others = colleagues(connection, areas_of(who, "read_load")) or []
    accounts = {pseudonym(OFFICER, each.name): each.name for each in others}
    names = names_of(connection, holding) | accounts
    found = [Load(names.get(row["holder"], row["holder"]), **row) for row in rows]
    found += [Load(name, holder, False) for holder, name in accounts.items() if holder not in holding]
    return sorted(found, key=lambda each: (each.holder is not None, -each.overdue, -each.cases, each.name or ""))


def ageing(connection: Connection, who: Acting, now: datetime) -> list[Ages]:
    """How long the cases of each queue wait already."""
    where, given = of_territory(who)
    first, second, third = (now - timedelta(days=days) for days in AGES)
    given |= {"first": first, "second": second, "third": third}
    with connection.cursor(row_factory=class_row(Ages)) as cursor:
        found = {each.queue: each for each in cursor.execute(BY_AGE.format(where=where), given)}
    none = [0] * (len(AGES) + 1)
    return [found.get(queue, Ages(queue, 0, none)) for queue in (APPEALS, REVIEWS, EXCEPTIONS, ENROLMENTS)]


def due(connection: Connection, who: Acting, now: datetime, holder: str | None = None) -> list[Due]:
    """What is overdue or due within three days, the earliest first; or all that somebody holds. At most as many as can
    be given away at once, and one more.
    """
    where, given = of_territory(who)
    given |= {"soon": now + AT_RISK, "holder": holder, "most": MOST + 1}
    with connection.cursor(row_factory=class_row(Due)) as cursor:
        return cursor.execute(LIST.format(where=where), given).fetchall()


def of_territory(who: Acting) -> tuple[str, dict[str, Any]]:
    """What waits for the staff where somebody supervises, as a condition with its parameters.

    Raises Refused for who supervises nowhere.
    """
    parts, given = [], dict[str, Any]()
    for number, area in enumerate(areas_of(who, "read_load")):
        part, of_part = condition(area, f"area{number}")
        parts.append(part)
        given |= of_part
    return f"{WAITING} and ({' or '.join(parts)})", given
