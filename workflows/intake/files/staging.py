"""Stages all rows of a file in a temporary table, and reads them back group by group.

So the rows of one group may stand anywhere in the file, and no group is taken before all of it was read.
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
# A key with too many rows or too much text is refused in any case, so only its beginning is read back. Each row without
# a key is a group of its own.
GROUPED = """
    select first, key, rows, line, case when bytes <= %(bytes)s then text end, flaw
    from (
        select
            key, line, text, flaw,
            min(line) over whole as first,
            count(*) filter (where counted) over whole as rows,
            sum(length(text)) over whole as bytes,
            row_number() over (partition by key, case when key is null then line end order by line) as place
        from staged window whole as (partition by key, case when key is null then line end)
    ) as numbered
    where rows > 0 and place <= %(rows)s
    order by first, key, line
"""
# A row that lacks a separator is staged under each sound key with which its own key begins or ends. Where sound rows
# have its own key, too, the rest must be a text that may stand in the cell beside it.
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
COPIED_AT_ONCE = 20_000  # rows of one COPY: a longer one would hold up the vacuum of every table
FETCHED_AT_ONCE = 500


class StagedRow(NamedTuple):
    """A row under its key, or under each key to which it may belong; it is counted under the first alone.

    A row is torn where it lacks a separator.
    """

    key: str | None
    line: int
    text: str
    flaw: str | None = None
    counted: bool = True
    torn: bool = False


class NeighbourTexts(NamedTuple):
    """The texts that may stand in the cells before and after a key: a list, empty where there is no cell, or None.

    None means that any text may stand there.
    """

    before: list[str] | None
    after: list[str] | None


class Group(NamedTuple):
    """The rows of one key: their number, the lines of the first of them, their texts unless too long, their flaws."""

    key: str | None
    rows: int
    lines: list[int]
    texts: list[str] | None
    flaws: list[str]


def group_rows(
    rows: Iterable[StagedRow], most_rows: int, most_bytes: int, neighbours: NeighbourTexts | None = None
) -> Iterator[Group]:
    """All rows grouped by their keys, in the order in which each key stands in the file first.

    Raises Unavailable where the database goes away.
    """
    with staging_table() as connection:
        waiting = iter(rows)
        for first in waiting:
            with connection.cursor() as cursor, cursor.copy(COPY) as copy:
                for row in chain([first], islice(waiting, COPIED_AT_ONCE - 1)):
                    copy.write_row(row)
        if neighbours:
            connection.execute(TORN, neighbours._asdict())
        # The cursor outlives its transaction (`withhold`): no snapshot stays open while the file is taken in.
        with connection.cursor(name="grouped", withhold=True) as cursor:
            cursor.itersize = FETCHED_AT_ONCE
            cursor.execute(GROUPED, {"rows": most_rows, "bytes": most_bytes})
            for (_, key), found in groupby(cursor, key=lambda row: row[:2]):
                yield group_of(key, list(found))


@contextmanager
def staging_table() -> Iterator[Connection]:
    """A connection with an empty temporary table, which ends with the connection."""
    try:
        with autocommit_connection() as connection:
            connection.execute(STAGED)
            yield connection
    except psycopg.Error as error:
        if not is_disconnect(error):
            raise
        raise Unavailable("The database does not answer. What was taken is taken: give the same file again.") from error


def group_of(key: str | None, found: list[tuple[Any, ...]]) -> Group:
    """One key's rows as they were read back; a flawed row may be staged under a key several times, and counts once."""
    texts, flaws = [row[4] for row in found], list(dict.fromkeys(row[5] for row in found if row[5]))
    lines = [row[3] for row in found]
    distinct_lines = list(dict.fromkeys(lines)) if flaws else lines
    return Group(key, found[0][2], distinct_lines, None if None in texts else texts, flaws)
