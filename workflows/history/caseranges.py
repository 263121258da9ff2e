"""Ranges of cases as the database has them, as anchoring and the audit compare them with their anchored heads."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from models.arrays import columns
from models.database import Connection
from workflows.history.chains import ChainEnd, EventRow
from workflows.history.checking import CaseRange
from workflows.history.heads import Head
from workflows.history.keyranges import Snapshots, key_ranges

CASES_AT_ONCE = 1000
EVENTS_AT_ONCE = 2000  # a single case may have any number of events
CASES = "select id, version, head, open from cases where id > %s and id <= %s order by id"
FIELDS = (
    "e.case_id, e.seq, e.kind, e.at, e.actor, e.evidence::text, e.facts::text, e.salt, e.commitment, e.owed, e.hash"
)
EVENTS = f"select {FIELDS} from event e where e.case_id > %s and e.case_id <= %s order by e.case_id, e.seq"
SINCE = f"""
    select {FIELDS} from unnest(%s::bigint[], %s::int[]) as moved (case_id, seq) join event e
        on e.case_id = moved.case_id and e.seq > moved.seq
    order by e.case_id, e.seq
"""


@dataclass(slots=True)
class StoredRange(CaseRange):
    """A range, and the connection whose transaction sees it."""

    connection: Connection

    def events(self, starts: Mapping[int, Head] | None) -> Iterable[EventRow]:
        """The events of this range in order; with `starts`, only those of its cases after these heads."""
        if starts is None:
            yield from self.stream(EVENTS, [self.after, self.upto])
        elif starts:
            yield from self.stream(SINCE, columns([(case_id, head[0]) for case_id, head in starts.items()]))

    def stream(self, statement: str, parameters: list[int] | list[str]) -> Iterator[EventRow]:
        """Events, some thousands in memory."""
        with self.connection.cursor(name="audit") as cursor:
            cursor.itersize = EVENTS_AT_ONCE
            yield from map(EventRow._make, cursor.execute(statement, parameters))


def case_ranges(snapshots: Snapshots, after: int = 0) -> Iterator[StoredRange]:
    """All cases after this one, range by range, each in a transaction of its own.

    The last range has no case: what belongs to a case that is gone may lie there.
    """
    for connection, keys in key_ranges(snapshots, "cases", after, CASES_AT_ONCE):
        cases = {row[0]: ChainEnd(*row) for row in connection.execute(CASES, keys)}
        yield StoredRange(*keys, cases, connection)
