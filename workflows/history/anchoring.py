"""Anchoring: the heads that moved go into a new file, once the history is seen to continue every
anchor that there is.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

from models.arrays import columns
from models.database import Connection, autocommit_connection
from models.errors import Refused
from workflows.history import anchors
from workflows.history.anchors import Acceptance, Remembered, Title
from workflows.history.chains import Findings
from workflows.history.heads import CaseHead, Heads, last_of, scratch
from workflows.history.ranges import Connections, Range, ranges

ANCHOR_LOCK = 7221  # advisory, held by a connection: two anchors at once would take the same number
HASHES = (
    "select case_id, seq, hash from event join unnest(%s::bigint[], %s::int[]) as wanted (case_id, seq) using "
    "(case_id, seq)"
)
REMEMBERED = "select number, digest from anchor_series where series = %s"
REMEMBER = """
    insert into anchor_series (series, number, digest, written_at) values (%s, %s, %s, %s)
    on conflict (series) do update
        set number = excluded.number, digest = excluded.digest, written_at = excluded.written_at
"""
NAMED = 10  # of what contradicts the anchors


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else writes an anchor meanwhile: the lock ends with its connection, whatever happens."""
    with autocommit_connection() as connection:
        connection.execute("select pg_advisory_lock(%s)", [ANCHOR_LOCK])
        yield


def anchor(connection: Connection, directory: Path, now: datetime) -> Path | None:
    """The same as `anchor_by_ranges`, all within the caller's transaction."""
    return anchor_by_ranges(lambda: nullcontext(connection), directory, now)


def anchor_by_ranges(
    connections: Connections, directory: Path, now: datetime, acceptance: Acceptance | None = None
) -> Path | None:
    """Writes what moved since the last anchor into a new file; None where nothing did.

    Raises Refused where anchors are damaged, and where the history does not continue one of them, unless an operator
    accepts that loss.
    """
    with alone(), scratch() as heads:
        titles = read_whole(connections, directory, heads)
        for part in ranges(connections):
            compare(part, heads)
        settle(heads, directory, acceptance)
        if not heads.count("moved") and not heads.count("lost"):
            return None
        path = anchors.write(directory, heads, now, acceptance)
        series = titles[0]["series"] if titles else anchors.series_of([path])
        with connections() as connection:
            connection.execute(REMEMBER, [series, len(titles) + 1, anchors.digest_of(path), now])
        return path


def read_whole(connections: Connections, directory: Path, heads: Heads) -> list[Title]:
    """All anchors.

    Raises Refused where they do not hold together: what is damaged is put back from a copy before anything is added.
    """
    findings = Findings()
    titles = read(connections, directory, heads, findings)
    if findings.breaks:
        raise Refused("anchors_damaged", f"The anchors in {directory} do not hold together: {findings.breaks[0]}")
    return titles


def compare(part: Range, heads: Heads) -> None:
    """Which cases moved since they were anchored, and what of the anchored is in the database no more."""
    known = part.known(heads)
    moved = [case for case in part.cases.values() if last_of(known.get(case.id, ())) != (case.version, case.head)]
    said = [(case.id, each.seq, each.hash) for case in moved for each in known.get(case.id, ())]
    found = dict(hashes(part.connection, said)) if said else {}
    heads.put("lost", (row for row in said if found.get(row[:2]) != row[2]))
    heads.put("lost", ((case_id, each.seq, each.hash) for case_id, those in part.gone(heads) for each in those))
    heads.put("moved", ((case.id, case.version, case.head) for case in moved))


def hashes(connection: Connection, heads: Sequence[CaseHead]) -> Iterator[tuple[tuple[int, int], bytes]]:
    """The hashes that these events have now, by case and sequence."""
    for case_id, seq, hashed in connection.execute(HASHES, columns([head[:2] for head in heads])):
        yield (case_id, seq), hashed


def settle(heads: Heads, directory: Path, acceptance: Acceptance | None) -> None:
    """Raises Refused where something anchored is lost and nobody accepts it, or where somebody accepts a loss that is
    none.
    """
    events, cases = heads.count("lost"), heads.count("lost", "distinct case_id")
    if acceptance and not events:
        raise Refused(
            "nothing_lost",
            "Nothing is lost: the history continues every anchor. Write the next one without accepting a loss.",
        )
    if events and not acceptance:
        raise Refused(
            "history_contradicts_anchors",
            f"Nothing was anchored: {events} events of {cases} cases that the anchors in {directory} hold are not in "
            f"the database any more: "
            f"{', '.join(named(heads.all('lost')))}{' ...' if events > NAMED else ''}. See `sijil audit verify`. If "
            f"the database was restored from a backup, "
            "say so for ever: sijil audit anchor --accept-loss REASON",
        )


def named(lost: Iterator[CaseHead]) -> list[str]:
    """The first of what is lost."""
    return [f"case {case_id}, event {seq}" for (case_id, seq, _), _ in zip(lost, range(NAMED), strict=False)]


def read(connections: Connections, directory: Path, heads: Heads, findings: Findings) -> list[Title]:
    """All anchors, and whether they end where the database remembers it."""
    titles = anchors.read(directory, heads, findings.add)
    findings.anchors, findings.losses = len(anchors.files(directory)), list(anchors.losses(titles))
    if titles:
        with connections() as connection:
            row = connection.execute(REMEMBERED, [titles[0].get("series")]).fetchone()
        anchors.check_end(directory, titles, Remembered(*row) if row else None, findings.add)
    return titles
