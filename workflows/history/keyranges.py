"""Walks a whole table by ranges of its keys, each range in a short transaction of its own.

A range goes from one number to another, not from row to row: so a row whose case is gone lies in a range, too.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple

from models.database import Connection, scalar

Snapshots = Callable[[], AbstractContextManager[Connection]]  # `models.database.snapshot` or `transaction`
FIRST_KEY, LAST_KEY = -(2**63), 2**63 - 1  # of a bigint


class KeyRange(NamedTuple):
    """All keys greater than `after`, up to `upto` and including it."""

    after: int
    upto: int


def key_ranges(snapshots: Snapshots, table: str, after: int, at_once: int) -> Iterator[tuple[Connection, KeyRange]]:
    """The ranges of a table from a key on, each with the connection of its transaction, which ends before the next."""
    while after < LAST_KEY:
        with snapshots() as connection:
            keys = next_range(connection, table, after, at_once)
            yield connection, keys
        after = keys.upto


def next_range(connection: Connection, table: str, after: int, at_once: int) -> KeyRange:
    """The range of the next `at_once` rows; where no row is left, it goes on to the last key."""
    last = scalar(
        connection,
        f"select max(id) from (select id from {table} where id > %s order by id limit %s) as next",
        [after, at_once],
    )
    return KeyRange(after, LAST_KEY if last is None else last)
