"""Delivery reports: what a gateway says, later, of the parts of a message that it accepted.

Reports come late, twice and in any order, even before we have recorded that the message was sent. A part's state
only rises: waiting, undelivered, delivered. So the order of the reports makes no difference.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from models import clock
from models.database import Connection, transact

WAITING, UNDELIVERED, DELIVERED = "waiting", "undelivered", "delivered"
RISING = (WAITING, UNDELIVERED, DELIVERED)
Key = tuple[int, int, str]  # of a message: case, event, template


class Report(NamedTuple):
    """What a gateway says of a part: its own number for it, and one of the states above."""

    number: str
    state: str


class Numbered(NamedTuple):
    """A message that a gateway accepted under a lease, and the numbers that it gave its parts."""

    key: Key
    fence: int
    numbers: Sequence[str]


# Both write parts in the order of their keys before they lock a message, so that no two of them wait for each other.
# The moment is ours: a gateway's clock decides no term.
KEEP_REPORTS = f"""
    insert into message_part as p (gateway, number, state, at)
    select %(gateway)s, r.number, r.state, %(now)s
    from unnest(%(numbers)s::text[], %(states)s::text[]) as r (number, state) order by r.number
    on conflict (gateway, number) do update set state = excluded.state, at = excluded.at
    where array_position(array{list(RISING)}, p.state) < array_position(array{list(RISING)}, excluded.state)
    returning case_id, seq, template
"""
# A gateway may begin its numbers anew: then the number is the later message's.
KEEP_NUMBERS = """
    insert into message_part as p (gateway, number, case_id, seq, template, fence, parts, at)
    select %(gateway)s, n.number, n.case_id, n.seq, n.template, n.fence, n.parts, %(now)s
    from unnest(
        %(numbers)s::text[], %(case_ids)s::bigint[], %(seqs)s::int[], %(templates)s::text[], %(fences)s::int[],
        %(parts)s::smallint[]
    ) as n (number, case_id, seq, template, fence, parts) order by n.number
    on conflict (gateway, number) do update set case_id = excluded.case_id, seq = excluded.seq,
        template = excluded.template, fence = excluded.fence, parts = excluded.parts,
        state = case when p.case_id is null then p.state else 'waiting' end
    where (p.case_id, p.seq, p.template, p.fence)
        is distinct from (excluded.case_id, excluded.seq, excluded.template, excluded.fence)
    returning case_id, seq, template, state
"""
CHOSEN = "unnest(%(case_ids)s::bigint[], %(seqs)s::int[], %(templates)s::text[]) as k (case_id, seq, template)"
LOCK = f"select from message m join {CHOSEN} using (case_id, seq, template) order by case_id, seq, template for update"
# A message arrived once every part of one sending did. That it did not arrive gives way to that it did.
JOIN_PARTS = f"""
    with sending as (
        select case_id, seq, template, bool_or(state = 'undelivered') as lost,
            count(*) filter (where state = 'delivered') = max(parts) as arrived,
            max(at) filter (where state = 'delivered') as arrived_at, min(at) filter (where state = 'undelivered') as at
        from message_part join {CHOSEN} using (case_id, seq, template) group by 1, 2, 3, fence
    ), told as (
        select case_id, seq, template, bool_or(arrived) as arrived,
            case when bool_or(arrived) then min(arrived_at) filter (where arrived) else min(at) end as at
        from sending where arrived or lost group by 1, 2, 3
    )
    update message m set delivery = case when arrived then 'delivered' else 'undelivered' end, delivery_at = t.at
    from told t
    where (m.case_id, m.seq, m.template) = (t.case_id, t.seq, t.template)
        and (m.delivery is null or m.delivery = 'undelivered' and arrived)
"""


def keep_reports(gateway: str, reports: Iterable[Report]) -> None:
    """Records what a gateway reports, once for all. Raises Unavailable if the database is away."""
    highest: dict[str, str] = {}
    for each in reports:
        highest[each.number] = max(each.state, highest.get(each.number, WAITING), key=RISING.index)
    if highest:
        transact(lambda connection: write_reports(connection, gateway, highest))


def write_reports(connection: Connection, gateway: str, states: Mapping[str, str]) -> None:
    """Writes the state of each number, and joins the parts of the messages that are known."""
    given: dict[str, Any] = {"numbers": list(states), "states": list(states.values())}
    rows = connection.execute(KEEP_REPORTS, given | {"gateway": gateway, "now": clock.now()}).fetchall()
    join_parts(connection, {(case_id, seq, template) for case_id, seq, template in rows if case_id is not None})


def write_numbers(connection: Connection, gateway: str, sent: Sequence[Numbered]) -> set[Key]:
    """Writes the numbers of messages that were sent. Returns those on which a report has come already."""
    lines = [(number, *each.key, each.fence, len(each.numbers)) for each in sent for number in each.numbers]
    lines = list({line[0]: line for line in lines}.values())
    if not lines:
        return set()
    columns = ("numbers", "case_ids", "seqs", "templates", "fences", "parts")
    given: dict[str, Any] = dict(zip(columns, map(list, zip(*lines, strict=True)), strict=True))
    rows = connection.execute(KEEP_NUMBERS, given | {"gateway": gateway, "now": clock.now()}).fetchall()
    return {(case_id, seq, template) for case_id, seq, template, state in rows if state != WAITING}


def join_parts(connection: Connection, keys: set[Key]) -> None:
    """Writes what is known of these messages as a whole. The lock lets the last of two reports see the other's part."""
    if not keys:
        return
    case_ids, seqs, templates = map(list, zip(*sorted(keys), strict=True))
    given = {"case_ids": case_ids, "seqs": seqs, "templates": templates}
    connection.execute(LOCK, given)
    connection.execute(JOIN_PARTS, given)
