"""Writes the heads that moved into a new anchor, once the history is seen to continue every earlier anchor."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from itertools import islice
from pathlib import Path

from models.arrays import columns
from models.database import Connection, autocommit_connection
from models.errors import Refused
from workflows.audit.places import last_seal, stored_seals
from workflows.audit.seals import UNSEALED
from workflows.history import anchors
from workflows.history.anchorfile import Acceptance, SealsNow, series_of, write_anchor
from workflows.history.anchors import Remembered, Title, anchored_seals
from workflows.history.caseranges import StoredRange, case_ranges
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
        seals, has_moved = seals_now(transactions, titles)
        for part in case_ranges(transactions):
            note_differences(part, heads)
        require_accepted(heads, seals, directory, acceptance)
        if not (has_moved or heads.count("moved") or heads.count("lost")):
            return None
        path = write_anchor(directory, heads, seals, now, acceptance)
        series = titles[0]["series"] if titles else series_of([path])
        with transactions() as connection:
            connection.execute(REMEMBER, [series, len(titles) + 1, anchors.digest_of(path), now])
        return path


def read_undamaged(transactions: Snapshots, directory: Path, heads: Heads) -> list[Title]:
    """Reads all anchors into `heads`; returns their first lines.

    Raises Refused where they do not hold together: an operator puts the damaged one back before a new one is added.
    """
    wrong: list[str] = []
    titles = anchors.read_all(directory, heads, wrong.append)
    if titles:
        with transactions() as connection:
            known = remembered(connection, str(titles[0].get("series")))
        anchors.check_end(directory, titles, known, wrong.append)
    if wrong:
        raise Refused("anchors_damaged", f"The anchors in {directory} do not hold together: {wrong[0]}")
    return titles


def remembered(connection: Connection, series: str) -> Remembered | None:
    """The last anchor of a series, as the database remembers it."""
    row = connection.execute(REMEMBERED, [series]).fetchone()
    return Remembered(*row) if row else None


def seals_now(transactions: Snapshots, titles: Sequence[Title]) -> tuple[SealsNow, bool]:
    """The chain of audit entries beside its anchored positions, and whether it moved since the last anchor."""
    anchored = anchored_seals(titles)
    with transactions() as connection:
        last = last_seal(connection) or UNSEALED
        stored = stored_seals(connection, list(anchored))
    lost = sorted(position for position, hashed in anchored.items() if stored.get(position) != hashed)
    return SealsNow(last, lost), bool(lost) or (last != UNSEALED and last[0] not in anchored)


def note_differences(part: StoredRange, heads: Heads) -> None:
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


def require_accepted(heads: Heads, seals: SealsNow, directory: Path, acceptance: Acceptance | None) -> None:
    """Raises Refused for anchored history that is lost where nobody accepts that, and for an acceptance of no loss."""
    is_lost = bool(heads.count("lost") or seals.lost)
    if acceptance and not is_lost:
        raise Refused(
            "nothing_lost",
            "Nothing is lost: the history continues every anchor. Write the next one without accepting a loss.",
        )
    if is_lost and not acceptance:
        raise Refused(
            "history_contradicts_anchors",
            f"Nothing was anchored: {what_is_lost(heads, seals)}, which the anchors in {directory} hold, are not in "
            "the database any more. See `sijil audit verify`. If the database was restored from a backup, "
            "say so for ever: sijil audit anchor --accept-loss REASON",
        )


def what_is_lost(heads: Heads, seals: SealsNow) -> str:
    """The lost events and positions of the audit, counted, with the first of them."""
    said = []
    if events := heads.count("lost"):
        examples = [f"case {case_id}, event {seq}" for case_id, seq, _ in islice(heads.all("lost"), NAMED)]
        cases = heads.count("lost", "distinct case_id")
        more = " ..." if events > NAMED else ""
        said.append(f"{events} events of {cases} cases ({', '.join(examples)}{more})")
    if seals.lost:
        said.append(f"{len(seals.lost)} positions of the audit (the first is {seals.lost[0]})")
    return " and ".join(said)
