"""Takes a copy of history and audit out of the register, which outsiders verify without it.

By default it holds no personal data: numbers, kinds, moments, pseudonyms, commitments and hashes. With facts it holds
what was declared and what registers said, as far as it was not erased.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

from models.errors import Refused
from workflows.audit import standalone
from workflows.audit.exported import ANCHORS, CASES, ENTRIES, EVENTS, MANIFEST, SEALS
from workflows.audit.places import places
from workflows.audit.seals import compact
from workflows.engine.hashes import timestamp
from workflows.history.anchors import files
from workflows.history.caseranges import StoredRange, case_ranges
from workflows.history.keyranges import Snapshots
from workflows.history.retention import cutoff

EVENTS_AT_ONCE = 5000
SEALED = "case_id, seq, kind, at, actor, commitment, owed, hash"
IS_THERE = "evidence is not null, facts is not null, salt is not null"
FACTS = "evidence::text, facts::text, salt"
EVENTS_OF = "select {columns} from event where case_id > %s and case_id <= %s order by case_id, seq"
REMEMBERED = "select series, number, digest from anchor_series"


@dataclass(frozen=True, slots=True)
class Order:
    """What to export, and where to."""

    folder: Path
    anchors: Path
    now: datetime
    with_facts: bool = False


def export(snapshots: Snapshots, order: Order) -> dict[str, int]:
    """Writes an export into a new or empty folder; returns the lines of each file. All entries should be sealed.

    Raises Refused for a folder that has something in it.
    """
    folder = order.folder
    require_empty(folder)
    (folder / ANCHORS).mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    with snapshots() as connection:  # before the anchors are copied: a later one may come meanwhile
        remembered = {series: last for series, *last in connection.execute(REMEMBERED)}
    for path in files(order.anchors):
        copyfile(path, folder / ANCHORS / path.name)
    lines = write_audit(snapshots, folder) | write_cases(snapshots, order)
    (folder / "verify.py").write_text(standalone.source(), encoding="utf-8")
    manifest = {
        "format": 1,
        "at": timestamp(order.now),
        "erasable_before": timestamp(cutoff("event", order.now)),
        "with_facts": order.with_facts,
        "remembered": remembered,
        "lines": lines,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return lines


def require_empty(folder: Path) -> None:
    """Raises Refused for a folder that has something in it."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused("folder_not_empty", f"{folder} is there already, and not an empty folder. Name another.")


def write_audit(snapshots: Snapshots, folder: Path) -> dict[str, int]:
    """Writes the entries and their seals, both in the order of the chain."""
    entries = seals = 0
    with ExitStack() as opened:
        to_entries, to_seals = (opened.enter_context(new(folder / name)) for name in (ENTRIES, SEALS))
        for place in places(snapshots, 0):
            if place.line is not None:
                entries += to_entries.write(f"{place.line}\n") > 0
            if place.position is not None:
                seals += to_seals.write(f'[{place.position},{place.entry_id},"{place.hash.hex()}"]\n') > 0
    return {ENTRIES: entries, SEALS: seals}


def write_cases(snapshots: Snapshots, order: Order) -> dict[str, int]:
    """Writes the cases and their events, each range as of one moment."""
    cases = events = 0
    with ExitStack() as opened:
        to_cases, to_events = (opened.enter_context(new(order.folder / name)) for name in (CASES, EVENTS))
        for part in case_ranges(snapshots):
            for case in part.cases.values():
                cases += to_cases.write(f"{compact([case.id, case.version, case.head.hex(), case.open])}\n") > 0
            for line in event_lines(part, order.with_facts):
                events += to_events.write(line) > 0
    return {CASES: cases, EVENTS: events}


def event_lines(part: StoredRange, with_facts: bool) -> Iterator[str]:
    """The lines of the events of a range."""
    statement = EVENTS_OF.format(columns=f"{SEALED}, {FACTS if with_facts else IS_THERE}")
    with part.connection.cursor(name="export") as cursor:
        cursor.itersize = EVENTS_AT_ONCE
        for row in cursor.execute(statement, [part.after, part.upto]):
            yield f"{compact([written(each) for each in row])}\n"


def written(value: Any) -> Any:
    """A value as it stands in a line."""
    if isinstance(value, bytes):
        return value.hex()
    return timestamp(value) if isinstance(value, datetime) else value


def new(path: Path) -> Any:
    """A new file of text."""
    return path.open("x", encoding="utf-8", newline="\n")
