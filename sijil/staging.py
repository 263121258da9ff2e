"""All rows of a file in a temporary table, to be read back group by group: wherever its rows stand, nothing of a group is taken before all of it was read."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, groupby, islice
from typing import Any, NamedTuple

import psycopg

from models.database import Connection, dial, lost
from models.errors import Unavailable

STAGED = "create temporary table staged (key text, line bigint, text text, flaw text, counted bool)"
COPY = "copy staged (key, line, text, flaw, counted) from stdin"
# Of a key with too many rows or too much text only the beginning is read back, for it is refused in any case; rows without a key stand alone.
GROUPED = """
    select first, key, rows, line, case when bytes <= %(bytes)s then text end, flaw
    from (
        select key, line, text, flaw, min(line) over whole as first, count(*) filter (where counted) over whole as rows,
            sum(length(text)) over whole as bytes, row_number() over (partition by key, case when key is null then line end order by line) as place
        from staged window whole as (partition by key, case when key is null then line end)
    ) as numbered
    where rows > 0 and place <= %(rows)s
    order by first, key, line
"""
AT_ONCE = 20_000  # rows of one COPY: a longer one would hold up the vacuum of every table
FETCHED = 500


class StagedRow(NamedTuple):
    """A row under its key. One that may belong to a second key is staged under that, too, and counted under the first alone."""

    key: str | None
    line: int
    text: str
    flaw: str | None = None
    counted: bool = True


class Group(NamedTuple):
    """The rows of one key: how many there are, the lines of the first of them, their texts where these are not too long, and what is wrong with a row."""

    key: str | None
    rows: int
    lines: list[int]
    texts: list[str] | None
    flaws: list[str]


def groups(rows: Iterable[StagedRow], most_rows: int, most_bytes: int) -> Iterator[Group]:
    """All rows by their keys, in the order in which the keys come first. Raises Unavailable where the database goes away."""
    with staging() as connection:
        waiting = iter(rows)
        for first in waiting:
            with connection.cursor() as cursor, cursor.copy(COPY) as copy:
                for row in chain([first], islice(waiting, AT_ONCE - 1)):
                    copy.write_row(row)
        # Held beyond its transaction: no snapshot stays open while the file is worked.
        with connection.cursor(name="grouped", withhold=True) as cursor:
            cursor.itersize = FETCHED
            cursor.execute(GROUPED, {"rows": most_rows, "bytes": most_bytes})
            for (_, key), found in groupby(cursor, key=lambda row: row[:2]):
                yield group(key, list(found))


@contextmanager
def staging() -> Iterator[Connection]:
    """A connection with an empty table of its own, which goes with it."""
    try:
        with dial() as connection:
            connection.execute(STAGED)
            yield connection
    except psycopg.Error as error:
        if not lost(error):
            raise
        raise Unavailable("The database does not answer. What was taken is taken: give the same file again.") from error


def group(key: str | None, found: list[tuple[Any, ...]]) -> Group:
    """One key's rows as they were read back."""
    texts = [row[4] for row in found]
    return Group(key, found[0][2], [row[3] for row in found], None if None in texts else texts, [row[5] for row in found if row[5]])
