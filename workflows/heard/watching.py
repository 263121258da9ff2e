"""What operators see of the feeds of life events: how far each is applied, what came of it, and why one halts."""

from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from models.database import Connection, scalar
from workflows.heard.aside import ASIDE, WAITING
from workflows.heard.told import HALTS

FEEDS = "select source, cursor, counts, heard_at, answered_at, halted, halted_at from life_feed order by source"
BEGIN = """
    insert into life_feed (source, cursor, counts) values (%(source)s, %(cursor)s,
        jsonb_build_object('passed_over', %(cursor)s::bigint))
    on conflict (source) do update set cursor = %(cursor)s, digest = null, halted = null, halted_at = null,
        counts = life_feed.counts || jsonb_build_object('passed_over',
            coalesce((life_feed.counts ->> 'passed_over')::bigint, 0) + %(cursor)s - life_feed.cursor)
"""


def feeds(connection: Connection) -> list[dict[str, Any]]:
    """Every feed of which something was heard."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(FEEDS).fetchall()
    return [{**each, "means": HALTS.get(each["halted"] or "")} for each in found]


def set_aside(connection: Connection) -> dict[str, int]:
    """How many events wait for a person, and how many for cases to end."""
    return {"aside": int(scalar(connection, ASIDE)), "waiting": int(scalar(connection, WAITING))}


def silent_seconds(feed: dict[str, Any], now: datetime) -> float:
    """For how long a feed gave no answer that goes on where it stands."""
    last: datetime | None = feed["answered_at"]
    return max(0.0, (now - last).total_seconds()) if last else 0.0


def begin_behind(connection: Connection, source: str, cursor: int) -> None:
    """Goes on behind this position, whatever stands there: an operator says that what lies between is dealt with."""
    connection.execute(BEGIN, {"source": source, "cursor": cursor})
