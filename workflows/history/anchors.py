"""The anchors: files outside the database, each with the heads that moved since the one before and a Merkle root over
all of them.

Whoever holds them knows every head as it was, and a later anchor takes nothing back: what an earlier one said stays to
be found in the database for ever. They are read from the first to the last, line by line. Those of one folder are a
series; the database remembers the last one of each series, so that a missing end shows.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from itertools import chain, groupby
from pathlib import Path
from typing import Any, NamedTuple

from workflows.history.heads import Heads

LOST = "lost"  # fourth on a line: an operator accepted that this head is in the database no more
REFUSED = (ValueError, LookupError, TypeError, OverflowError, sqlite3.Error)  # what a file raises that is not an anchor
Title = dict[str, Any]  # the first line
Wrong = Callable[[str], None]  # takes each sentence about what is wrong


class Remembered(NamedTuple):
    """The last anchor of a series, as the database remembers it."""

    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Why an operator accepts that the database lost what was anchored, and who."""

    reason: str
    by: str


# Writing -------------------------------------------------------------------------------------------


def write(directory: Path, heads: Heads, now: datetime, acceptance: Acceptance | None = None) -> Path:
    """What moved, and what is lost, in a new file, whole or not at all: a line about all heads, then a
    line for each.
    """
    first = title(directory, heads, now, acceptance)
    lost = (f'[{case_id},{seq},"{hashed.hex()}","{LOST}"]\n' for case_id, seq, hashed in heads.all("lost"))
    moved = (f'[{case_id},{seq},"{hashed.hex()}"]\n' for case_id, seq, hashed in heads.all("moved"))
    return write_file(directory, first, chain(lost, moved))


def title(directory: Path, heads: Heads, now: datetime, acceptance: Acceptance | None) -> Title:
    """The first line of the next anchor."""
    before = files(directory)
    heads.settle(len(before) + 1)
    count, root = heads.root()
    first = {
        "anchor": len(before) + 1,
        "series": series_of(before),
        "at": now.isoformat(),
        "heads": count,
        "moved": heads.count("moved"),
        "root": root,
        "before": digest_of(before[-1]) if before else None,
    }
    if acceptance:
        cases, events = heads.count("lost", "distinct case_id"), heads.count("lost")
        first["accepted_loss"] = {"reason": acceptance.reason, "by": acceptance.by, "cases": cases, "events": events}
    return first


def write_file(directory: Path, first: Title, lines: Iterable[str]) -> Path:
    """On disk before it has its name; its name, too, before anybody is told."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{first['anchor']:06d}-{first['at'][:10]}.ndjson"
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        file.write(json.dumps(first) + "\n")
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return path


# Reading -------------------------------------------------------------------------------------------


def read(directory: Path, heads: Heads, wrong: Wrong) -> list[Title]:
    """Every head that was ever anchored, into the scratch file; the first lines of the anchors that could be read.

    Every file must have the digest that the next one remembers of it. Only the last has no next one: its root must be
    that of all heads together, which a change of any file would move too, and the database remembers it (`check_end`).
    So each file is read once.
    """
    before: str | None = None
    titles: list[Title] = []
    for number, path in enumerate(files(directory), 1):
        try:
            first = read_file(path, number, heads, wrong)
            titles.append(first)
            if (first["anchor"], first["before"], first["series"]) != (number, before, titles[0]["series"]):
                wrong(f"anchor {path.name}: does not follow from the one before")
        except REFUSED:
            wrong(f"anchor {path.name}: is not an anchor any more")
        before = digest_of(path)
    if titles and (titles[-1].get("heads"), titles[-1].get("root")) != heads.root():
        wrong(f"anchor {files(directory)[-1].name}: its root is not that of all heads anchored so far")
    return titles


def read_file(path: Path, number: int, heads: Heads, wrong: Wrong) -> Title:
    """One anchor's first line. What it accepts as lost stands before what moved."""
    with path.open(encoding="utf-8") as file:
        first: Title = json.loads(file.readline())
        if not isinstance(first, dict):
            raise ValueError("no first line")
        for is_lost, lines in groupby(map(line_of, file), key=lambda line: line[3]):
            rows = (line[:3] for line in lines)
            if is_lost:
                for row in rows:
                    heads.give_up(*row)
                continue
            for case_id, seq in heads.add(number, rows):
                wrong(f"anchor {path.name}: contradicts an earlier one in case {case_id}, anchored with event {seq}")
    return first


def line_of(line: str) -> tuple[int, int, bytes, bool]:
    """One line of an anchor, and whether it tells a loss."""
    case_id, seq, hashed, *lost = json.loads(line)
    if lost not in ([], [LOST]):
        raise ValueError("no line of an anchor")
    return case_id, seq, bytes.fromhex(hashed), bool(lost)


def check_end(directory: Path, titles: list[Title], remembered: Remembered | None, wrong: Wrong) -> None:
    """The series ends where the database remembers it, or later: a database that was restored
    remembers an earlier one.
    """
    paths = files(directory)
    if remembered is None:
        return
    if len(paths) < remembered.number:
        wrong(
            f"anchor {remembered.number} of this series, the last one that the database remembers, is not in "
            f"{directory}: put it back from a copy"
        )
    elif digest_of(paths[remembered.number - 1]) != remembered.digest:
        wrong(f"anchor {paths[remembered.number - 1].name}: is not the one that the database remembers")


def losses(titles: Iterable[Title]) -> Iterator[str]:
    """What operators accepted as lost: told for ever."""
    for first in titles:
        if accepted := first.get("accepted_loss"):
            what = f"{accepted['events']} anchored events of {accepted['cases']} cases"
            yield (
                f"anchor {first['anchor']} of {first['at'][:10]}: {accepted['by']} accepted the loss of {what}: "
                f"{accepted['reason']}"
            )


def files(directory: Path) -> list[Path]:
    """The anchors, oldest first."""
    return sorted(directory.glob("*.ndjson"))


def series_of(paths: list[Path]) -> str:
    """The series to which these anchors belong; a new one where there are none."""
    if not paths:
        return secrets.token_hex(8)
    with paths[0].open(encoding="utf-8") as file:
        return str(json.loads(file.readline())["series"])


def digest_of(path: Path) -> str:
    """What the next anchor remembers of this one."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
