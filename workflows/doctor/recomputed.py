"""What the rows of a case say, beside what its events say of them: told again by the code that wrote them, and compared
column by column.

Whatever names a case is looked at: where it stands, its declarations and receipt, its messages, and what it wrote into
the register. Where facts were erased, what still follows from the kinds of the events is compared, and the case is
counted as erased.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import Any, NamedTuple

from models import clock
from models.database import Connection
from workflows.bodies.body import Body
from workflows.casefile import CaseFile
from workflows.history.retelling import GONE, History, StoredEvent, Told, histories
from workflows.history.retention import cutoff

CASES = """
    select id, kind, stage, open, machine, queue, lane, ready, rank, due_at, deadline, version, head, household_id,
        applicant_idcs, region,
        province, body_number, submitted_at, stage_since, waiting, parent_id,
        parent_seq, proved_at
    from cases where id > %(after)s and id <= %(upto)s order by id
"""


class CaseNow(NamedTuple):
    """A case's row, whole."""

    id: int
    kind: str
    stage: str
    open: bool
    machine: bool
    queue: str | None
    lane: int
    ready: bool
    rank: datetime
    due_at: datetime | None
    deadline: datetime | None
    version: int
    head: bytes
    household_id: int | None
    applicant_idcs: str | None
    region: int
    province: str | None
    body_number: int
    submitted_at: datetime
    stage_since: datetime
    waiting: bool
    parent_id: int | None
    parent_seq: int | None
    proved_at: datetime | None


@dataclass
class Recomputed:
    """A case as its row says and as its events tell it."""

    now: CaseNow
    history: History
    wrong: Callable[
        [str, str], None
    ]  # notes a table and a column in which the two differ; no column: a row too many or too few
    found: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # the rows of other tables that are the case's

    @cached_property
    def told(self) -> Sequence[Told]:
        """Its events from the first on, as far as they can be told."""
        return list(self.history.retell())

    @property
    def events(self) -> Sequence[StoredEvent]:
        """Its events as they are stored."""
        return self.history.events

    @property
    def file(self) -> CaseFile | None:
        """Its file after the last event; None where that cannot be told."""
        whole = self.events and len(self.told) == len(self.events)
        return self.told[-1].after if whole else None

    @property
    def body(self) -> Body | None:
        """What is in force; None where that cannot be told, or was erased."""
        file = self.file
        return file.body if file and file.body is not GONE else None

    @property
    def is_erased(self) -> bool:
        """Whether facts of its events are gone."""
        return not all(each.is_whole for each in self.events)

    def may_be_gone(self, period: str = "") -> bool:
        """Whether what is personal may be gone: the case has ended, and it was erased by law, or the table's period of
        retention is over.
        """
        by_law = any(each.kind == "CaseErased" for each in self.events)
        aged = bool(period) and all(each.at < cutoff(period, clock.now()) for each in self.events)
        return not self.now.open and (by_law or aged)

    def differ(self, table: str, said: dict[str, Any], should: dict[str, Any]) -> None:
        """Notes each column in which a row is not as it should be."""
        for column, value in should.items():
            if said[column] != value:
                self.wrong(table, column)


def cases_of(connection: Connection, known: dict[str, Any], note: Callable[[int, str, str], None]) -> list[Recomputed]:
    """The cases of a range, with their past."""
    rows = [CaseNow._make(row) for row in connection.execute(CASES, known)]
    past = histories(connection, [row.id for row in rows]) if rows else {}
    return [Recomputed(row, past[row.id], partial(note, row.id)) for row in rows]
