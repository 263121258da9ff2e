"""What auditors and operators find out about the history, and what they do to it, each in a transaction of its own."""

from datetime import datetime
from pathlib import Path

from models import clock
from models.database import transaction
from tests.filing import examined, rows
from workflows.engine.chain import GENESIS, event_hash
from workflows.history import audit, erasure, replay
from workflows.intake.submit import Accepted


def anchor(directory: Path) -> Path | None:
    """Writes an anchor there, where something moved."""
    with transaction() as connection:
        return audit.anchor(connection, directory, clock.now())


def verify(directory: Path, at: datetime | None = None) -> audit.AuditReport:
    """The history beside the anchors that are there, now or at another time."""
    with clock.at(at or clock.now()), transaction() as connection:
        return audit.verify(connection, directory)


def breaks(directory: Path, at: datetime | None = None) -> list[str]:
    """What does not hold together."""
    return verify(directory, at).breaks


def replayed() -> replay.Replay:
    """Every decision, computed again."""
    with transaction() as connection:
        return replay.replay(connection)


def wrong() -> tuple[dict[str, int], list[replay.Mismatch]]:
    """What doctor counts, the days aside that a test has let pass, and what replay decides otherwise."""
    found = examined()
    found.pop("events_ahead", None)
    return found, replayed().mismatches


def erase(taken: Accepted) -> int:
    """An operator erases an application; of how many events."""
    with transaction() as connection:
        return erasure.erase(connection, taken.reference, "operator", clock.now())


def cut_tail(case_id: int) -> None:
    """Removes the last event, and mends everything in the database that names it."""
    rows(
        "delete from event where case_id = %s and seq = (select max(seq) from event where case_id = %s)",
        case_id,
        case_id,
    )
    mend_head(case_id)


def rewrite(case_id: int, first: int = 1) -> None:
    """Every event from there on anew, under another actor, as somebody with the database's password and the source can
    do it.
    """
    head = rows("select hash from event where case_id = %s and seq = %s", case_id, first - 1)
    before = head[0][0] if head else GENESIS
    events = "select seq, kind, at, commitment, owed from event where case_id = %s and seq >= %s order by seq"
    for seq, kind, at, *sealed in rows(events, case_id, first):
        before = event_hash(before, case_id, seq, kind, at, "somebody", *sealed)
        rows("update event set actor = 'somebody', hash = %s where case_id = %s and seq = %s", before, case_id, seq)
    mend_head(case_id)


def mend_head(case_id: int) -> None:
    """The case names its last event."""
    last = "select max(seq) from event where case_id = %s"
    rows(
        f"update cases set version = e.seq, head = e.hash from event e where id = %s and case_id = id and seq = "
        f"({last})",
        case_id,
        case_id,
    )


def delete_whole(case_id: int) -> None:
    """Removes a case with all that belongs to it."""
    for table in ("event", "message", "case_body", "case_text", "receipt", "person_claim", "score"):
        rows(f"delete from {table} where case_id = %s", case_id)
    rows("delete from cases where id = %s", case_id)
