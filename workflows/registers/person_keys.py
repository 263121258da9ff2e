"""Writes the keys of persons anew: of somebody whose values change, and of all, where a newer version makes others."""

from models.database import Connection
from workflows.matching.duplicates.keys import keys_of
from workflows.matching.duplicates.record import FIELDS, record_from

BATCH = 2_000
# Locked, so that nobody changes a person between the reading and the writing.
NEXT = f"select id, keys, {', '.join(FIELDS)} from person where id > %s order by id limit {BATCH} for update"
OF_ONE = f"select id, {', '.join(FIELDS)} from person where idcs = %s for update"
RENEW = "update person set keys = %s where id = %s"


def renew_keys(connection: Connection, after: int = 0) -> tuple[int, int] | None:
    """Writes the keys of the next persons after this number; the last one's number, and how many keys had changed.

    None where there is nobody left. To be called in transactions of its own, one after the other.
    """
    rows = connection.execute(NEXT, [after]).fetchall()
    if not rows:
        return None
    known = [(number, keys, keys_of(record_from(tuple(values)))) for number, keys, *values in rows]
    changed = [(new, number) for number, keys, new in known if set(keys) != set(new)]
    with connection.cursor() as cursor:
        cursor.executemany(RENEW, changed)
    return rows[-1][0], len(changed)


def renew_keys_of(connection: Connection, idcs: str) -> None:
    """Writes the keys of somebody whose values have changed, in the same transaction."""
    for number, *values in connection.execute(OF_ONE, [idcs]).fetchall():
        connection.execute(RENEW, [keys_of(record_from(tuple(values))), number])
