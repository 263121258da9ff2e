"""The seals of the database beside their entries, range by range, as the audit and the export read them."""

from collections.abc import Iterator, Sequence
from typing import Any

from models.database import Connection
from workflows.audit.sealing import FIELDS
from workflows.audit.seals import EntryRow, Place, Seal
from workflows.history.keyranges import Snapshots

AT_ONCE = 10_000
SEALED = f"""
    select s.position, s.entry_id, s.hash, {FIELDS} from audit_seal s left join audit_entry e on e.id = s.entry_id
    where s.position > %s order by s.position limit %s
"""
WITHOUT_SEAL = f"""
    select {FIELDS} from audit_entry e where not exists (select from audit_seal s where s.entry_id = e.id) order by e.id
"""
LAST = "select position, hash from audit_seal order by position desc limit 1"
AT = "select position, hash from audit_seal where position = any(%s)"
FIRST = -(2**63)  # of a bigint: what stands below the first position was put there by hand


def places(snapshots: Snapshots, start: int) -> Iterator[Place]:
    """The seals from a position on, in order, each range in a snapshot of its own; then the entries without a seal."""
    last = start - 1 if start else FIRST
    while found := read_range(snapshots, last):
        yield from found
        last = found[-1].position or 0
    with snapshots() as connection, connection.cursor(name="audit") as cursor:
        cursor.itersize = AT_ONCE
        for row in cursor.execute(WITHOUT_SEAL):
            yield Place(None, row[0], b"", EntryRow._make(row).line())


def read_range(snapshots: Snapshots, after: int) -> list[Place]:
    """The next seals after a position, each beside its entry."""
    with snapshots() as connection:
        return [place_of(row) for row in connection.execute(SEALED, [after, AT_ONCE])]


def place_of(row: Sequence[Any]) -> Place:
    """A seal beside its entry, which may be gone."""
    position, entry_id, hashed, *entry = row
    return Place(position, entry_id, hashed, None if entry[0] is None else EntryRow._make(entry).line())


def last_seal(connection: Connection) -> Seal | None:
    """The last position and its hash."""
    return connection.execute(LAST).fetchone()


def stored_seals(connection: Connection, positions: Sequence[int]) -> dict[int, bytes]:
    """The hashes that the database has at these positions now."""
    return dict(connection.execute(AT, [list(positions)]).fetchall())
