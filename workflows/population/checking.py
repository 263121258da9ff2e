"""Checks the feed of life events: every position, its hash, and what is kept beside each event."""

from collections.abc import Iterator
from typing import Any

from models.database import Connection
from workflows.audit.seals import UNSEALED, seal_hash
from workflows.engine.hashes import commitment_to
from workflows.history.keyranges import Snapshots
from workflows.population.feed import FIELDS, LABEL, line

AT_ONCE = 10_000
NEXT = f"""
    select s.position, s.entry_id, s.hash, b.salt, b.values::text, {FIELDS}
    from person_event_seal s
    left join person_event e on e.id = s.entry_id left join person_before b on b.event_id = e.id
    where s.position > %s order by s.position limit %s
"""
Row = tuple[Any, ...]


def breaks(snapshots: Snapshots) -> Iterator[str]:
    """A sentence about each break, in order; ranges of positions are read in a snapshot each."""
    position, hashed = UNSEALED
    while rows := read(snapshots, position):
        for row in rows:
            yield from breaks_of(row, position, hashed)
            position, hashed = row[0], bytes(row[2])


def read(snapshots: Snapshots, after: int) -> list[Row]:
    """The next positions."""
    with snapshots() as connection:
        return next_rows(connection, after)


def next_rows(connection: Connection, after: int) -> list[Row]:
    """The next positions, each beside its event."""
    return connection.execute(NEXT, [after, AT_ONCE]).fetchall()


def breaks_of(row: Row, last: int, before: bytes) -> Iterator[str]:
    """What is wrong with one position, which comes after the last one and its hash."""
    position, entry_id, hashed, salt, values, *event = row
    if position != last + 1:
        yield f"position {last + 1}: is missing before {position}"
    if event[0] is None:
        yield f"position {position}: its event {entry_id} is gone"
        return
    if seal_hash(before, position, line(event), LABEL) != bytes(hashed):
        yield f"position {position}: event {entry_id} was changed, or does not follow from the one before"
    if values is not None and commitment_to(bytes(salt), b"", values.encode()) != bytes(event[-1]):
        yield f"position {position}: what stood there before event {entry_id} was changed"
