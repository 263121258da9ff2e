"""Writes an anchor: a file of its own, whole or not at all."""

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from workflows.audit.seals import Seal
from workflows.history.anchors import LOST, Title, digest_of, files
from workflows.history.heads import Heads


class SealsNow(NamedTuple):
    """The chain of audit entries as an anchor finds it: its last seal, and the anchored positions that are lost."""

    last: Seal
    lost: list[int]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An operator accepts that the database lost anchored events: why, and who."""

    reason: str
    by: str


def write_anchor(
    directory: Path, heads: Heads, seals: SealsNow, now: datetime, acceptance: Acceptance | None = None
) -> Path:
    """Writes a new file, whole or not at all: a line about all heads, then one for each that is lost or moved."""
    first = next_title(directory, heads, seals, now, acceptance)
    lost = (f'[{case_id},{seq},"{hashed.hex()}","{LOST}"]\n' for case_id, seq, hashed in heads.all("lost"))
    moved = (f'[{case_id},{seq},"{hashed.hex()}"]\n' for case_id, seq, hashed in heads.all("moved"))
    return write_file(directory, first, chain(lost, moved))


def next_title(directory: Path, heads: Heads, seals: SealsNow, now: datetime, acceptance: Acceptance | None) -> Title:
    """The first line of the next anchor, whose root counts the moved and lost heads already."""
    before = files(directory)
    heads.apply_changes(len(before) + 1)
    count, root = heads.root()
    first = {
        "anchor": len(before) + 1,
        "series": series_of(before),
        "at": now.isoformat(),
        "heads": count,
        "moved": heads.count("moved"),
        "root": root,
        "before": digest_of(before[-1]) if before else None,
        "audit": [seals.last[0], seals.last[1].hex()],
    }
    if acceptance:
        cases, events = heads.count("lost", "distinct case_id"), heads.count("lost")
        lost = {"cases": cases, "events": events, "audit_positions": seals.lost}
        first["accepted_loss"] = {"reason": acceptance.reason, "by": acceptance.by, **lost}
    return first


def write_file(directory: Path, first: Title, lines: Iterable[str]) -> Path:
    """Writes the file to disk before it gets its name, and the name to disk before the call returns."""
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


def series_of(paths: list[Path]) -> str:
    """The name of the series to which these anchors belong; a new name where there are none."""
    if not paths:
        return secrets.token_hex(8)
    with paths[0].open(encoding="utf-8") as file:
        return str(json.loads(file.readline())["series"])
