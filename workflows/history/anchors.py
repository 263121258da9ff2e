"""The anchors: files outside the database, each with the heads that moved since the one before, and a Merkle root.

The root is over the heads of all cases. A later anchor takes nothing back: every head that an anchor names must be in
the database for ever. The anchors of one folder are a series, read from the first to the last, line by line. The
database remembers the last anchor of each series, so that a missing end shows. `anchorfile.py` writes them.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from hashlib import file_digest
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from workflows.history.heads import Heads

LOST = "lost"  # fourth on a line: an operator accepted that the database does not hold this head any more
NOT_AN_ANCHOR = (ValueError, LookupError, TypeError, OverflowError, sqlite3.Error)  # reading another file raises these
Title = dict[str, Any]  # the first line
Report = Callable[[str], None]  # receives a sentence about each break


class Remembered(NamedTuple):
    """The last anchor of a series, as the database remembers it."""

    number: int
    digest: str


def read_all(directory: Path, heads: Heads, report: Report) -> list[Title]:
    """Reads every anchored head into `heads`; returns the first lines of the anchors that could be read.

    The next anchor names the digest of each file. The last one has no next: its root must be that of all heads
    together, which a change of any file would move, and the database remembers its digest (`check_end`). So each file
    is read once.
    """
    before: str | None = None
    titles: list[Title] = []
    for number, path in enumerate(files(directory), 1):
        try:
            first = read_file(path, number, heads, report)
            titles.append(first)
            if (first["anchor"], first["before"], first["series"]) != (number, before, titles[0]["series"]):
                report(f"anchor {path.name}: does not follow from the one before")
        except NOT_AN_ANCHOR:
            report(f"anchor {path.name}: is not an anchor any more")
        before = digest_of(path)
    if titles and (titles[-1].get("heads"), titles[-1].get("root")) != heads.root():
        report(f"anchor {files(directory)[-1].name}: its root is not that of all heads anchored so far")
    return titles


def read_file(path: Path, number: int, heads: Heads, report: Report) -> Title:
    """Reads one anchor into `heads` and returns its first line. Accepted losses stand before the heads that moved."""
    with path.open(encoding="utf-8") as file:
        first: Title = json.loads(file.readline())
        if not isinstance(first, dict):
            raise ValueError("no first line")
        for is_lost, lines in groupby(map(parse_line, file), key=lambda line: line[3]):
            rows = (line[:3] for line in lines)
            if is_lost:
                for row in rows:
                    heads.give_up(*row)
                continue
            for case_id, seq in heads.add(number, rows):
                report(f"anchor {path.name}: contradicts an earlier one in case {case_id}, anchored with event {seq}")
    return first


def parse_line(line: str) -> tuple[int, int, bytes, bool]:
    """The case, sequence and hash of one line, and whether it is an accepted loss."""
    case_id, seq, hashed, *lost = json.loads(line)
    if lost not in ([], [LOST]):
        raise ValueError("no line of an anchor")
    return case_id, seq, bytes.fromhex(hashed), bool(lost)


def check_end(directory: Path, titles: list[Title], remembered: Remembered | None, report: Report) -> None:
    """The series must end with the anchor that the database remembers, or later: a restored database remembers less."""
    paths = files(directory)
    if remembered is None:
        return
    if len(paths) < remembered.number:
        report(
            f"anchor {remembered.number} of this series, the last one that the database remembers, is not in "
            f"{directory}: put it back from a copy"
        )
    elif digest_of(paths[remembered.number - 1]) != remembered.digest:
        report(f"anchor {paths[remembered.number - 1].name}: is not the one that the database remembers")


def anchored_seals(titles: Iterable[Title], report: Report = lambda _: None) -> dict[int, bytes]:
    """The position and hash of the audit's last entry in each of these anchors, but for those given up as lost.

    A later anchor takes nothing back: of two hashes of one position the first counts.
    """
    found: dict[int, bytes] = {}
    for first in titles:
        try:
            for lost in first.get("accepted_loss", {}).get("audit_positions", ()):
                found.pop(lost, None)
            position, hashed = first.get("audit", (0, ""))
            if position and found.setdefault(position, bytes.fromhex(hashed)) != bytes.fromhex(hashed):
                report(f"anchor {first['anchor']}: contradicts an earlier one at position {position} of the audit")
        except (*NOT_AN_ANCHOR, AttributeError):
            report(f"anchor {first.get('anchor')}: names no position of the audit that can be read")
    return found


def losses(titles: Iterable[Title]) -> Iterator[str]:
    """A sentence for each loss that an operator accepted; every audit repeats them for ever."""
    for first in titles:
        if accepted := first.get("accepted_loss"):
            what = f"{accepted['events']} anchored events of {accepted['cases']} cases"
            if positions := accepted.get("audit_positions"):
                what += f" and of {len(positions)} anchored positions of the audit"
            yield (
                f"anchor {first['anchor']} of {first['at'][:10]}: {accepted['by']} accepted the loss of {what}: "
                f"{accepted['reason']}"
            )


def files(directory: Path) -> list[Path]:
    """The anchors, oldest first."""
    return sorted(directory.glob("*.ndjson"))


def digest_of(path: Path) -> str:
    """The SHA-256 by which the next anchor and the database remember this one."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
