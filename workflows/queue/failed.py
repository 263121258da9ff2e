"""Reads, for operators, the cases that failed: parked, quarantined, and at held stages, by their error and its place.

A place is the lines of code that an error passed through; it holds no personal data (models/errors.py).
"""

from typing import Any, NamedTuple

from psycopg.rows import dict_row

from models.database import Connection
from workflows.flows import stage_of
from workflows.staff.territories import EVERYWHERE, Parameters, of_case_in_territory

PARKED_THERE = f"t.parked and {of_case_in_territory('t.case_id')}"
ALIKE = f"""
    select t.case_id from case_failure t where {PARKED_THERE} and t.error = %(error)s and t.case_id > %(after)s
    and (%(kind)s::text is null or t.kind = %(kind)s) and (%(stage)s::text is null or t.stage = %(stage)s)
    order by t.case_id limit %(limit)s
"""
PARKED_CASE = """
    select t.case_id, r.reference, t.kind, t.stage, t.tries, t.error, t.traceback, t.at
    from case_failure t left join receipt r using (case_id)
    where t.parked and t.case_id = %s
"""
# The place is that of the last of them.
GROUPS = f"""
    select g.*, array(
        select r.reference from (
            select case_id, at from case_failure t
            where {PARKED_THERE} and (t.kind, t.stage, t.error) = (g.kind, g.stage, g.error)
            order by at, case_id limit %(named)s
        ) as named join receipt r using (case_id) order by named.at, named.case_id
    ) as "references", (
        select traceback from case_failure t
        where {PARKED_THERE} and (t.kind, t.stage, t.error) = (g.kind, g.stage, g.error) order by t.at desc limit 1
    ) as traceback
    from (select kind, stage, error, count(*) as cases, min(at) as first, max(at) as last from case_failure t
        where {PARKED_THERE} group by kind, stage, error) as g
    order by g.cases desc, g.kind, g.stage, g.error
"""
# A case without an error of its own is one of a batch that failed, or whose worker died, or that got no answer.
QUARANTINED = f"""
    select g.*, array(
        select r.reference from unnest(g.first) as named (id) join receipt r on r.case_id = named.id order by named.id
    ) as "references"
    from (
        select a.queue, a.unanswered, t.kind, t.stage, t.error, count(*) as cases, min(a.at) as next,
            any_value(t.traceback) as traceback, (array_agg(held.id))[1:%(named)s] as first
        from attempt a cross join unnest(a.case_ids) as held (id)
        left join case_failure t on t.case_id = held.id and not t.parked
        where a.worker_id is null and {of_case_in_territory("held.id")}
        group by a.queue, a.unanswered, t.kind, t.stage, t.error
    ) as g
    order by g.cases desc, g.queue, g.unanswered, g.kind, g.stage, g.error
"""
HELD = """
    select kind, stage, error, since, (
        select traceback from case_failure t
        where (t.kind, t.stage, t.error) = (h.kind, h.stage, h.error) order by t.at desc limit 1
    ) as traceback
    from held_stage h order by since
"""


class ParkedAlike(NamedTuple):
    """Cases of a territory that are parked with this error; where a kind of case and a stage are named, those alone."""

    error: str
    kind: str | None = None
    stage: str | None = None
    where: Parameters = EVERYWHERE


def parked_groups(connection: Connection, named: int = 0, where: Parameters = EVERYWHERE) -> list[dict[str, Any]]:
    """Parked cases of a territory, counted by stage and error; each group with `named` references, longest parked
    first, and the place of its error.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(GROUPS, {"named": named, **where}).fetchall()


def parked_alike(connection: Connection, alike: ParkedAlike, after: int, limit: int) -> list[int]:
    """At most `limit` of these cases, by their numbers, after case `after`."""
    asked = {"error": alike.error, "kind": alike.kind, "stage": alike.stage, "after": after, "limit": limit}
    return [case_id for (case_id,) in connection.execute(ALIKE, asked | alike.where)]


def parked_case(connection: Connection, case_id: int) -> dict[str, Any] | None:
    """A parked case with its error and traceback; None where it is not parked."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(PARKED_CASE, [case_id]).fetchone()


def quarantined_groups(connection: Connection, named: int, where: Parameters = EVERYWHERE) -> list[dict[str, Any]]:
    """Quarantined cases of a territory, counted by queue and error, each group with `named` references, the place of
    one of them, and when the next of them is worked.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUARANTINED, {"named": named, **where}).fetchall()


def held_stages(connection: Connection) -> list[dict[str, Any]]:
    """The held stages, each with its queue, the error of its cases with its place, and since when it is held."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return [row | {"queue": stage_of(row["kind"], row["stage"]).queue} for row in cursor.execute(HELD)]
