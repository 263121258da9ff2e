"""Every head that was ever anchored, in a scratch file that goes when it is closed.

Nine million cases, anchored three times each, take some gigabytes of disk and no memory to speak of.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from workflows.engine.chain import GENESIS

Head = tuple[int, bytes]  # sequence and hash of an event that was a case's last
CaseHead = tuple[int, int, bytes]  # the same, with its case
CACHE = "pragma cache_size = -32000"  # kilobytes
HEAD = "case_id integer not null, seq integer not null, hash blob not null"
# All that anchors say, with the number of the first that said it; what one anchor says; what moved since the last; what
# is lost since.
TABLES = f"""
    create table anchored ({HEAD}, number integer not null, primary key (case_id, seq)) strict, without rowid;
    create table line ({HEAD}, primary key (case_id)) strict, without rowid;
    create table moved ({HEAD}, primary key (case_id)) strict, without rowid;
    create table lost ({HEAD}, primary key (case_id, seq)) strict, without rowid
"""
# A case's later anchor may neither say another hash of an event, nor fewer events.
CONTRADICTIONS = """
    select line.case_id, anchored.seq from line join anchored using (case_id)
    where anchored.seq > line.seq or (anchored.seq = line.seq and anchored.hash <> line.hash) order by 1, 2
"""
LAST = "select case_id, max(seq), hash from anchored group by case_id order by case_id"


class Anchored(NamedTuple):
    """A head, and the number of the anchor that first said it."""

    seq: int
    hash: bytes
    number: int


class Heads:
    """The scratch file."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        database.execute(CACHE)
        database.executescript(TABLES)

    def add(self, number: int, lines: Iterable[CaseHead]) -> Iterator[tuple[int, int]]:
        """What an anchor says; the cases and sequences in which it contradicts those before it.

        What was said first stays.
        """
        try:
            self.database.executemany("insert into line values (?, ?, ?)", lines)
            yield from self.database.execute(CONTRADICTIONS)
            self.database.execute("insert or ignore into anchored select *, ? from line", [number])
        finally:
            self.database.execute("delete from line")

    def give_up(self, case_id: int, seq: int, hashed: bytes) -> None:
        """An anchor says that an operator accepted the loss of this head.

        Raises ValueError where it was never anchored.
        """
        if (
            self.database.execute(
                "delete from anchored where (case_id, seq, hash) = (?, ?, ?)", [case_id, seq, hashed]
            ).rowcount
            != 1
        ):
            raise ValueError("a loss of what was never anchored")

    def between(self, after: int, upto: int) -> Iterator[tuple[int, list[Anchored]]]:
        """The cases in a range of numbers, each with all its heads, in order."""
        rows = self.database.execute(
            "select case_id, seq, hash, number from anchored where case_id > ? and case_id <= ? order by 1, 2",
            [after, upto],
        )
        return ((case_id, [Anchored(*row[1:]) for row in group]) for case_id, group in groupby(rows, itemgetter(0)))

    def put(self, table: str, rows: Iterable[CaseHead]) -> None:
        """Rows of `moved` or `lost`."""
        self.database.executemany(f"insert into {table} values (?, ?, ?)", rows)

    def all(self, table: str) -> Iterator[CaseHead]:
        """The rows of `moved` or `lost`, in order."""
        return self.database.execute(f"select case_id, seq, hash from {table} order by 1, 2")

    def count(self, table: str, what: str = "*") -> int:
        """How many."""
        return int(self.database.execute(f"select count({what}) from {table}").fetchone()[0])

    def settle(self, number: int) -> None:
        """The next anchor, of that number, says what moved and what is lost."""
        self.database.execute("delete from anchored where (case_id, seq) in (select case_id, seq from lost)")
        self.database.execute("insert or ignore into anchored select *, ? from moved", [number])

    def root(self) -> tuple[int, str]:
        """How many cases are anchored, and the Merkle root over the last head of each, in the order of the cases."""
        count = self.count("anchored", "distinct case_id")
        return count, root_of(leaf(*row) for row in self.database.execute(LAST)).hex()


@contextmanager
def scratch() -> Iterator[Heads]:
    """A file without a name, in the system's temporary folder."""
    database = sqlite3.connect("")
    try:
        yield Heads(database)
    finally:
        database.close()


def last_of(heads: Sequence[Anchored]) -> Head:
    """The last head of a case that was anchored; where none was, that of a case in which nothing happened."""
    return (heads[-1].seq, heads[-1].hash) if heads else (0, GENESIS)


# The root ------------------------------------------------------------------------------------------


def leaf(case_id: int, seq: int, hashed: bytes) -> bytes:
    """A head as the tree has it."""
    return sha256(b"\0" + f"{case_id}\0{seq}\0".encode() + hashed).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root of a tree as in RFC 6962, in the memory of one branch: as soon as two subtrees are of one size, they are
    joined.
    """
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
    """Two subtrees joined; told apart from a leaf by its first byte."""
    return sha256(b"\1" + left + right).digest()
