"""Reads, for operators, what each worker holds now."""

from collections import defaultdict
from typing import Any

from psycopg.rows import dict_row

from models.database import Connection
from workflows.staff.territories import EVERYWHERE, Parameters, of_case_in_territory

BATCHES = f"""
    select a.worker_id, a.queue, a.at as since, cardinality(a.case_ids) as cases, array(
        select r.reference from unnest(a.case_ids) with ordinality as held (id, place)
        join receipt r on r.case_id = held.id where {of_case_in_territory("held.id")}
        order by held.place limit %(named)s
    ) as "references"
    from attempt a where a.worker_id is not null order by a.worker_id, a.at, a.id
"""


def batches_in_work(
    connection: Connection, named: int, where: Parameters = EVERYWHERE
) -> dict[int, list[dict[str, Any]]]:
    """What each worker holds, batch by batch: queue, since when, how many cases, `named` references."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(BATCHES, {"named": named, **where}):
            found[row.pop("worker_id")].append(row)
    return found
