"""What auditors and operators find out about the history, and what they do to it, each in a transaction of its own."""

from datetime import datetime
from pathlib import Path

from models import clock
from models.database import raw, transaction
from workflows.history import audit, erasure, replay
from workflows.intake import Taken


def anchor(directory: Path) -> Path | None:
    """Writes an anchor there, where something moved."""
    with transaction() as session:
        return audit.anchor(raw(session), directory, clock.now())


def verify(directory: Path, at: datetime | None = None) -> audit.Findings:
    """The history beside the anchors that are there, now or at another time."""
    with clock.at(at or clock.now()), transaction() as session:
        return audit.verify(raw(session), directory)


def breaks(directory: Path, at: datetime | None = None) -> list[str]:
    """What does not hold together."""
    return verify(directory, at).breaks


def replayed() -> replay.Replay:
    """Every decision, computed again."""
    with transaction() as session:
        return replay.replay(raw(session))


def erase(taken: Taken) -> int:
    """An operator erases an application; of how many events."""
    with transaction() as session:
        return erasure.erase(session, taken.reference, "operator", clock.now())
