"""Writes the heads that moved into a new anchor, once the history is seen to continue every earlier anchor."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from itertools import islice
from pathlib import Path

from models.arrays import columns
from models.database import Connection, autocommit_connection
from models.errors import Refused
from workflows.history import anchors
from workflows.history.anchors import Acceptance, Remembered, Title
from workflows.history.caseranges import CaseRange, case_ranges
from workflows.history.chains import AuditReport
from workflows.history.heads import CaseHead, Heads, last_head, scratch_heads
from workflows.history.keyranges import Snapshots

ANCHOR_LOCK = 7221  # advisory, held by a connection: two anchors at once would take the same number
HASHES = """
    select case_id, seq, hash
    from event join unnest(%s::bigint[], %s::int[]) as wanted (case_id, seq) using (case_id, seq)
"""
REMEMBERED = "select number, digest from anchor_series where series = %s"
REMEMBER = """
    insert into anchor_series (series, number, digest, written_at) values (%s, %s, %s, %s)
    on conflict (series) do update
        set number = excluded.number, digest = excluded.digest, written_at = excluded.written_at
"""
NAMED = 10  # lost events that the message names


@contextmanager
def anchor_lock() -> Iterator[None]:
    """Lets one process anchor at a time. The lock ends with its connection, even where the process dies."""
    with autocommit_connection() as connection:
        connection.execute("select pg_advisory_lock(%s)", [ANCHOR_LOCK])
        yield


def anchor(connection: Connection, directory: Path, now: datetime) -> Path | None:
    """Anchors as `anchor_by_ranges` does, within the caller's transaction."""
    return anchor_by_ranges(lambda: nullcontext(connection), directory, now)


def anchor_by_ranges(
    transactions: Snapshots, directory: Path, now: datetime, acceptance: Acceptance | None = None
) -> Path | None:
    """Writes the heads that moved since the last anchor into a new file; returns None where none moved.

    Raises Refused where an anchor is damaged, and where the history does not continue one of them, unless an operator
    accepts that loss.
    """
    with anchor_lock(), scratch_heads() as heads:
        titles = read_undamaged(transactions, directory, heads)
        for part in case_ranges(transactions):
            note_differences(part, heads)
        require_accepted(heads, directory, acceptance)
        if not heads.count("moved") and not heads.count("lost"):
            return None
        path = anchors.write_anchor(directory, heads, now, acceptance)
        series = titles[0]["series"] if titles else anchors.series_of([path])
        with transactions() as connection:
            connection.execute(REMEMBER, [series, len(titles) + 1, anchors.digest_of(path), now])
        return path


def read_undamaged(transactions: Snapshots, directory: Path, heads: Heads) -> list[Title]:
    """Reads all anchors, as `read_anchors` does.

    Raises Refused where they do not hold together: an operator puts the damaged one back before a new one is added.
    """
    report = AuditReport()
    titles = read_anchors(transactions, directory, heads, report)
    if report.breaks:
        raise Refused("anchors_damaged", f"The anchors in {directory} do not hold together: {report.breaks[0]}")
    return titles


def note_differences(part: CaseRange, heads: Heads) -> None:
    """Notes in `heads` the cases that moved since they were anchored, and the anchored events that are lost."""
    anchored = part.anchored(heads)
    moved = [case for case in part.cases.values() if last_head(anchored.get(case.id, ())) != (case.version, case.head)]
    expected = [(case.id, each.seq, each.hash) for case in moved for each in anchored.get(case.id, ())]
    found = dict(stored_hashes(part.connection, expected)) if expected else {}
    heads.put("lost", (row for row in expected if found.get(row[:2]) != row[2]))
    heads.put("lost", ((case_id, each.seq, each.hash) for case_id, those in part.missing(heads) for each in those))
    heads.put("moved", ((case.id, case.version, case.head) for case in moved))


def stored_hashes(connection: Connection, heads: Sequence[CaseHead]) -> Iterator[tuple[tuple[int, int], bytes]]:
    """The hashes that the database has of these events now, by case and sequence."""
    for case_id, seq, hashed in connection.execute(HASHES, columns([head[:2] for head in heads])):
        yield (case_id, seq), hashed


def require_accepted(heads: Heads, directory: Path, acceptance: Acceptance | None) -> None:
    """Raises Refused for lost events whose loss nobody accepts, and for an acceptance where nothing is lost."""
    events, cases = heads.count("lost"), heads.count("lost", "distinct case_id")
    if acceptance and not events:
        raise Refused(
            "nothing_lost",
            "Nothing is lost: the history continues every anchor. Write the next one without accepting a loss.",
        )
    if events and not acceptance:
        examples = [f"case {case_id}, event {seq}" for case_id, seq, _ in islice(heads.all("lost"), NAMED)]
        raise Refused(
            "history_contradicts_anchors",
            f"Nothing was anchored: {events} events of {cases} cases that the anchors in {directory} hold are not in "
            f"the database any more: {', '.join(examples)}{' ...' if events > NAMED else ''}. "
            "See `sijil audit verify`. If the database was restored from a backup, "
            "say so for ever: sijil audit anchor --accept-loss REASON",
        )


def read_anchors(snapshots: Snapshots, directory: Path, heads: Heads, report: AuditReport) -> list[Title]:
    """Reads all anchors into `heads`; reports what is wrong with them, and whether the last ones are missing."""
    titles = anchors.read_all(directory, heads, report.add)
    report.anchors, report.losses = len(anchors.files(directory)), list(anchors.losses(titles))
    if titles:
        with snapshots() as connection:
            row = connection.execute(REMEMBERED, [titles[0].get("series")]).fetchone()
        anchors.check_end(directory, titles, Remembered(*row) if row else None, report.add)
    return titles
