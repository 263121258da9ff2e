"""Going through a whole table by ranges of its numbers, each read in a short transaction of its own.

A range goes from one number to another and not from row to row: rows that name a case which is gone belong to one, too.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from models.database import Connection, scalar

Snapshots = Callable[[], AbstractContextManager[Connection]]  # each a moment to read in: `models.database.snapshot`
LEAST, MOST = -(2**63), 2**63 - 1


class Range(NamedTuple):
    """The numbers after the one, up to the other."""

    after: int
    upto: int


def next_range(connection: Connection, table: str, after: int, at_once: int) -> Range:
    """The range of so many rows that follows; the last one has no end."""
    last = scalar(
        connection,
        f"select max(id) from (select id from {table} where id > %s order by id limit %s) as next",
        [after, at_once],
    )
    return Range(after, MOST if last is None else last)
