"""Reads the feed of the population register in this database."""

from collections.abc import Sequence
from datetime import date, datetime

from models.database import Connection
from workflows.heard.told import LifeEvent, Page, Standing

PAGE = """
    select s.position, e.at, e.kind, e.idcs, e.other_idcs, e.happened_on, e.fields
    from person_event_seal s join person_event e on e.id = s.entry_id where s.position > %s order by s.position limit %s
"""


def page(connection: Connection, known: Standing, limit: int) -> Page:
    """The events behind what is applied; the last applied one comes first."""
    rows = connection.execute(PAGE, [known.after, limit + 1]).fetchall()
    return Page([event_of(*row) for row in rows])


def event_of(  # noqa: PLR0913 - a row of PAGE
    position: int, at: datetime, kind: str, idcs: str, other: str | None, on: date | None, fields: Sequence[str]
) -> LifeEvent:
    """An event of the feed."""
    return LifeEvent(position, at, kind, idcs, other, on, tuple(fields))
