"""Every head that was ever anchored, in a temporary SQLite file and not in memory.

Nine million cases, anchored three times each, take some gigabytes of disk.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from workflows.engine.hashes import GENESIS

Head = tuple[int, bytes]  # sequence and hash of an event that was its case's last
CaseHead = tuple[int, int, bytes]  # the case, then its head
CACHE = "pragma cache_size = -32000"  # kilobytes
HEAD = "case_id integer not null, seq integer not null, hash blob not null"
# `anchored`: all heads of all anchors, each with the number of the first anchor that has it. `line`: the heads of the
# anchor that is read now. `moved` and `lost`: the differences between the anchors and the database.
TABLES = f"""
    create table anchored ({HEAD}, number integer not null, primary key (case_id, seq)) strict, without rowid;
    create table line ({HEAD}, primary key (case_id)) strict, without rowid;
    create table moved ({HEAD}, primary key (case_id)) strict, without rowid;
    create table lost ({HEAD}, primary key (case_id, seq)) strict, without rowid
"""
# A later anchor may neither have another hash of an event, nor fewer events of a case.
CONTRADICTIONS = """
    select line.case_id, anchored.seq from line join anchored using (case_id)
    where anchored.seq > line.seq or (anchored.seq = line.seq and anchored.hash <> line.hash) order by 1, 2
"""
LAST = "select case_id, max(seq), hash from anchored group by case_id order by case_id"


class Anchored(NamedTuple):
    """A head, and the number of the first anchor that has it."""

    seq: int
    hash: bytes
    number: int


class Heads:
    """The tables of the temporary file."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        database.execute(CACHE)
        database.executescript(TABLES)

    def add(self, number: int, lines: Iterable[CaseHead]) -> Iterator[tuple[int, int]]:
        """Adds an anchor's heads; yields the cases and sequences in which it contradicts earlier anchors.

        A head that an earlier anchor has stays as it was.
        """
        try:
            self.database.executemany("insert into line values (?, ?, ?)", lines)
            yield from self.database.execute(CONTRADICTIONS)
            self.database.execute("insert or ignore into anchored select *, ? from line", [number])
        finally:
            self.database.execute("delete from line")

    def give_up(self, case_id: int, seq: int, hashed: bytes) -> None:
        """Forgets a head whose loss an operator accepted. Raises ValueError where it was never anchored."""
        statement = "delete from anchored where (case_id, seq, hash) = (?, ?, ?)"
        if self.database.execute(statement, [case_id, seq, hashed]).rowcount != 1:
            raise ValueError("a loss of what was never anchored")

    def between(self, after: int, upto: int) -> Iterator[tuple[int, list[Anchored]]]:
        """The cases whose numbers lie in a range, each with all its anchored heads, in order."""
        rows = self.database.execute(
            "select case_id, seq, hash, number from anchored where case_id > ? and case_id <= ? order by 1, 2",
            [after, upto],
        )
        return ((case_id, [Anchored(*row[1:]) for row in group]) for case_id, group in groupby(rows, itemgetter(0)))

    def put(self, table: str, rows: Iterable[CaseHead]) -> None:
        """Adds rows to `moved` or `lost`."""
        self.database.executemany(f"insert into {table} values (?, ?, ?)", rows)

    def all(self, table: str) -> Iterator[CaseHead]:
        """The rows of `moved` or `lost`, in order."""
        return self.database.execute(f"select case_id, seq, hash from {table} order by 1, 2")

    def count(self, table: str, what: str = "*") -> int:
        """How many rows a table has, or how many values of `what`."""
        return int(self.database.execute(f"select count({what}) from {table}").fetchone()[0])

    def apply_changes(self, number: int) -> None:
        """Makes `moved` and `lost` part of `anchored`, as the next anchor, of that number, will say."""
        self.database.execute("delete from anchored where (case_id, seq) in (select case_id, seq from lost)")
        self.database.execute("insert or ignore into anchored select *, ? from moved", [number])

    def root(self) -> tuple[int, str]:
        """How many cases are anchored, and the Merkle root over the last head of each, in the order of the cases."""
        count = self.count("anchored", "distinct case_id")
        return count, merkle_root(leaf(*row) for row in self.database.execute(LAST)).hex()


@contextmanager
def scratch_heads() -> Iterator[Heads]:
    """Opens a file without a name in the system's temporary folder; closing removes it."""
    database = sqlite3.connect("")
    try:
        yield Heads(database)
    finally:
        database.close()


def last_head(heads: Sequence[Anchored]) -> Head:
    """A case's last anchored head; where it has none, the head of a case without events."""
    return (heads[-1].seq, heads[-1].hash) if heads else (0, GENESIS)


# The root ------------------------------------------------------------------------------------------


def leaf(case_id: int, seq: int, hashed: bytes) -> bytes:
    """The hash of one head in the tree."""
    return sha256(b"\0" + f"{case_id}\0{seq}\0".encode() + hashed).digest()


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """The root of a tree as in RFC 6962, in the memory of one branch: two subtrees of one size are joined at once."""
    branch: list[bytes] = []
    for number, each in enumerate(leaves, 1):
        branch.append(each)
        while number % 2 == 0:
            number //= 2
            branch[-2:] = [node(*branch[-2:])]
    while len(branch) > 1:
        branch[-2:] = [node(*branch[-2:])]
    return branch[0] if branch else sha256(b"").digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two joined subtrees; its first byte tells it apart from a leaf."""
    return sha256(b"\1" + left + right).digest()
