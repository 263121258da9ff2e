"""All rows of a file in a temporary table, to be read back group by group: wherever its rows stand, nothing of a group
is taken before all of it was read.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, groupby, islice
from typing import Any, NamedTuple

import psycopg

from models.database import Connection, autocommit_connection, is_disconnect
from models.errors import Unavailable

STAGED = "create temporary table staged (key text, line bigint, text text, flaw text, counted bool, torn bool)"
COPY = "copy staged (key, line, text, flaw, counted, torn) from stdin"
# Of a key with too many rows or too much text only the beginning is read back, for it is refused in any case; rows
# without a key stand alone.
GROUPED = """
    select first, key, rows, line, case when bytes <= %(bytes)s then text end, flaw
    from (
        select key, line, text, flaw, min(line) over whole as first, count(*) filter (where counted) over whole as rows,
            sum(length(text)) over whole as bytes, row_number() over (partition by key, case when key is null
                then line end order by line) as place
        from staged window whole as (partition by key, case when key is null then line end)
    ) as numbered
    where rows > 0 and place <= %(rows)s
    order by first, key, line
"""
# A row that lacks a separator, under each key with which its own begins or ends; where sound rows have its own, only if
# the rest may be the cell beside it.
TORN = """
    insert into staged (key, line, text, flaw, counted, torn)
    with sound as materialized (select distinct key from staged where flaw is null and key is not null),
        lengths as materialized (select distinct length(key) as length from sound),
        torn as materialized (select key, line, flaw, key in (select key from sound) as known from staged where torn)
    select distinct sound.key, torn.line, '', torn.flaw, false, false
    from torn join lengths on lengths.length < length(torn.key) cross join lateral (values
        (left(torn.key, lengths.length), trim(substr(torn.key, lengths.length + 1)), %(after)s::text[]),
        (right(torn.key, lengths.length), trim(left(torn.key, -lengths.length)), %(before)s::text[])
    ) as part (key, rest, choices) join sound on sound.key = part.key
    where choices is null or rest = any(choices) or not known and choices <> '{}'
"""
AT_ONCE = 20_000  # rows of one COPY: a longer one would hold up the vacuum of every table
FETCHED = 500


class StagedRow(NamedTuple):
    """A row under its key.

    One that may belong to a second key is staged under that, too, and counted under the first alone; `torn`: it lacks a
    separator.
    """

    key: str | None
    line: int
    text: str
    flaw: str | None = None
    counted: bool = True
    torn: bool = False


class Beside(NamedTuple):
    """The texts that may stand before a key and after it, where these can be listed; of a side with no cell, none."""

    before: list[str] | None
    after: list[str] | None


class Group(NamedTuple):
    """The rows of one key: how many there are, the lines of the first of them, their texts where these are not too
    long, and what is wrong with a row.
    """

    key: str | None
    rows: int
    lines: list[int]
    texts: list[str] | None
    flaws: list[str]


def groups(rows: Iterable[StagedRow], most_rows: int, most_bytes: int, beside: Beside | None = None) -> Iterator[Group]:
    """All rows by their keys, in the order in which the keys come first.

    Raises Unavailable where the database goes away.
    """
    with staging() as connection:
        waiting = iter(rows)
        for first in waiting:
            with connection.cursor() as cursor, cursor.copy(COPY) as copy:
                for row in chain([first], islice(waiting, AT_ONCE - 1)):
                    copy.write_row(row)
        if beside:
            connection.execute(TORN, beside._asdict())
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
        with autocommit_connection() as connection:
            connection.execute(STAGED)
            yield connection
    except psycopg.Error as error:
        if not is_disconnect(error):
            raise
        raise Unavailable("The database does not answer. What was taken is taken: give the same file again.") from error


def group(key: str | None, found: list[tuple[Any, ...]]) -> Group:
    """One key's rows as they were read back; one with a flaw may have come under it in several ways."""
    texts, flaws = [row[4] for row in found], list(dict.fromkeys(row[5] for row in found if row[5]))
    lines = [row[3] for row in found]
    return Group(
        key, found[0][2], list(dict.fromkeys(lines)) if flaws else lines, None if None in texts else texts, flaws
    )
