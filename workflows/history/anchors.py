"""The anchors: files outside the database, each with the heads that moved since the one before and a Merkle root over all of them.

Whoever holds them knows every head as it was. They are read from the first to the last, line by line, into a scratch file that
goes when it is closed: nine million heads take about a gigabyte of disk, some minutes, and no memory to speak of (measured with
800,000: 20 seconds, 80 MB of memory).
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

Head = tuple[int, bytes]  # sequence and hash of a case's last event
Heads = sqlite3.Connection  # tables `anchored`, `found` and `moved`: a head for each case
TABLE = "create table {} (case_id integer primary key, seq integer not null, hash blob not null) strict"
PUT = "insert or replace into {} values (?, ?, ?)"
MOVED = """
    insert into moved select f.case_id, f.seq, f.hash from found f left join anchored a using (case_id)
    where a.case_id is null or (a.seq, a.hash) <> (f.seq, f.hash)
"""


@contextmanager
def scratch() -> Iterator[Heads]:
    """Room for the heads as they were anchored and as they are found: a file without a name, in the system's temporary folder."""
    heads = sqlite3.connect("")
    try:
        for table in ("anchored", "found", "moved"):
            heads.execute(TABLE.format(table))
        yield heads
    finally:
        heads.close()


def put(heads: Heads, table: str, rows: Iterable[tuple[int, int, bytes]]) -> None:
    """These heads are in the table from now on, in place of older ones."""
    heads.executemany(PUT.format(table), rows)


def anchored(heads: Heads, case_id: int) -> Head | None:
    """The head of a case as it was last anchored."""
    found: Head | None = heads.execute("select seq, hash from anchored where case_id = ?", [case_id]).fetchone()
    return found


# Writing -------------------------------------------------------------------------------------------


def write(directory: Path, heads: Heads, now: datetime) -> Path | None:
    """What moved in a new file, whole or not at all: a line about all heads, then a line for each. None where nothing moved."""
    moved = heads.execute(MOVED).rowcount
    if not moved:
        return None
    heads.execute("insert or replace into anchored select * from moved")
    rows = heads.execute("select case_id, seq, hash from moved order by case_id")
    lines = (f'[{case_id},{seq},"{hashed.hex()}"]\n' for case_id, seq, hashed in rows)
    return write_file(directory, title(directory, heads, moved, now), lines)


def title(directory: Path, heads: Heads, moved: int, now: datetime) -> dict[str, Any]:
    """The first line of the next anchor."""
    before = files(directory)
    count, root = merkle_root(heads)
    return {
        "anchor": len(before) + 1, "at": now.isoformat(), "heads": count, "moved": moved, "root": root,
        "before": digest_of(before[-1]) if before else None,
    }  # fmt: skip


def write_file(directory: Path, first: dict[str, Any], lines: Iterable[str]) -> Path:
    """On disk before it has its name."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{first['anchor']:06d}-{first['at'][:10]}.ndjson"
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        file.write(json.dumps(first) + "\n")
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    return path


# Reading -------------------------------------------------------------------------------------------


def read(directory: Path, heads: Heads) -> tuple[int, list[str]]:
    """Every head as it was last anchored, into `anchored`; how many anchors there are, and what is wrong with them.

    Every file must have the digest that the next one remembers of it. Only the last has no next one: its root must be that of all
    heads together, which a change of any file would move too. So each file is read once, however many years of them there are.
    """
    breaks: list[str] = []
    before: str | None = None
    first: dict[str, Any] = {}
    paths = files(directory)
    for number, path in enumerate(paths, 1):
        try:
            first = read_file(path, heads)
            if (first["anchor"], first["before"]) != (number, before):
                breaks.append(f"anchor {path.name}: does not follow from the one before")
        except (ValueError, LookupError, TypeError, sqlite3.Error):
            breaks.append(f"anchor {path.name}: is not an anchor any more")
        before = digest_of(path)
    if first and (first.get("heads"), first.get("root")) != merkle_root(heads):
        breaks.append(f"anchor {paths[-1].name}: its root is not that of all heads anchored so far")
    return len(paths), breaks


def read_file(path: Path, heads: Heads) -> dict[str, Any]:
    """One anchor's first line; its heads are put into `anchored`."""
    with path.open(encoding="utf-8") as file:
        first: dict[str, Any] = json.loads(file.readline())
        if not isinstance(first, dict):
            raise ValueError("no first line")
        put(heads, "anchored", (head_of(line) for line in file))
    return first


def head_of(line: str) -> tuple[int, int, bytes]:
    """One line of an anchor."""
    case_id, seq, hashed = json.loads(line)
    return case_id, seq, bytes.fromhex(hashed)


def files(directory: Path) -> list[Path]:
    """The anchors, oldest first."""
    return sorted(directory.glob("*.ndjson"))


def digest_of(path: Path) -> str:
    """What the next anchor remembers of this one."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


# The root ------------------------------------------------------------------------------------------


def merkle_root(heads: Heads) -> tuple[int, str]:
    """How many heads are anchored, and the root over them in the order of their cases."""
    count = heads.execute("select count(*) from anchored").fetchone()[0]
    rows = heads.execute("select case_id, seq, hash from anchored order by case_id")
    return count, root_of(sha256(b"\0" + f"{case_id}\0{seq}\0".encode() + hashed).digest() for case_id, seq, hashed in rows).hex()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root of a tree as in RFC 6962, in the memory of one branch: as soon as two subtrees are of one size, they are joined."""
    branch: list[bytes] = []
    for number, leaf in enumerate(leaves, 1):
        branch.append(leaf)
        while number % 2 == 0:
            number //= 2
            branch[-2:] = [node(*branch[-2:])]
    while len(branch) > 1:
        branch[-2:] = [node(*branch[-2:])]
    return branch[0] if branch else sha256(b"").digest()


def node(left: bytes, right: bytes) -> bytes:
    """Two subtrees joined; told apart from a leaf by its first byte."""
    return sha256(b"\1" + left + right).digest()
