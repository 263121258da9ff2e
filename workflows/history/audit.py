"""Audits the history: every event against its chain, and every chain against its case and its anchors; and what was
noted of the staff against the one chain of it.

The audit finds a changed, removed or inserted event, a cut tail, a missing case and a changed anchor, however many
anchors followed. It finds missing evidence, facts and salt, too, unless they went by law: the case has ended, and
either its history says that it was erased (CaseErased), or today's period of retention has passed since its last event.
Those are counted; the commitment to them stays, and with it the chain. `anchoring.py` writes the anchors.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from models import clock
from models.database import Connection
from models.errors import Refused
from workflows.audit.places import places
from workflows.audit.seals import Place
from workflows.history.anchorfile import Acceptance as Acceptance
from workflows.history.anchoring import anchor as anchor
from workflows.history.anchoring import anchor_by_ranges as anchor_by_ranges
from workflows.history.anchoring import remembered
from workflows.history.anchors import Remembered, files
from workflows.history.caseranges import StoredRange, case_ranges
from workflows.history.chains import AuditReport as AuditReport
from workflows.history.checking import Check, check_source
from workflows.history.heads import scratch_heads
from workflows.history.keyranges import Snapshots
from workflows.history.retention import cutoff


@dataclass(frozen=True, slots=True)
class Stored:
    """The rows of the database."""

    snapshots: Snapshots

    def remembered(self, series: str) -> Remembered | None:
        """The last anchor of a series."""
        with self.snapshots() as connection:
            return remembered(connection, series)

    def places(self, start: int) -> Iterator[Place]:
        """The seals from this position on beside their entries; then the entries without a seal."""
        return places(self.snapshots, start)

    def ranges(self, after: int) -> Iterator[StoredRange]:
        """All cases after this one, range by range, each in a snapshot of its own."""
        return case_ranges(self.snapshots, after)


def verify(connection: Connection, directory: Path) -> AuditReport:
    """Audits as `verify_by_ranges` does, within the caller's transaction: a snapshot, where others write meanwhile."""
    report = AuditReport()
    verify_by_ranges(lambda: nullcontext(connection), directory, report)
    return report


def verify_by_ranges(snapshots: Snapshots, directory: Path, report: AuditReport, since: int | None = None) -> None:
    """Audits all cases after the last one of `report`, all entries of the staff, and all anchors.

    `since` names an anchor: then only cases that moved since it are audited, from their anchored heads on, and only
    entries that were sealed since. Raises Refused where there is no such anchor.
    """
    number = len(files(directory))
    if since is not None and not 0 < since <= number:
        raise Refused("unknown_anchor", f"There is no anchor {since} in {directory}: there are {number}.")
    with scratch_heads() as heads:
        check = Check(heads, since, cutoff("event", clock.now()), clock.system_now(), report)
        check_source(Stored(snapshots), directory, check)
