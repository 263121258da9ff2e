"""Ranges of cases beside their anchored heads, as anchoring and the audit compare them."""

from collections.abc import Iterator
from typing import NamedTuple

from models.database import Connection
from workflows.history.chains import ChainEnd
from workflows.history.heads import Anchored, Heads
from workflows.history.keyranges import KeyRange, Snapshots, key_ranges

CASES_AT_ONCE = 1000
CASES = "select id, version, head, open from cases where id > %s and id <= %s order by id"


class CaseRange(NamedTuple):
    """The cases of one range of keys, and the connection whose transaction sees them."""

    connection: Connection
    keys: KeyRange
    cases: dict[int, ChainEnd]

    def anchored(self, heads: Heads) -> dict[int, list[Anchored]]:
        """The anchored heads of each case that is here."""
        return {case_id: anchored for case_id, anchored in heads.between(*self.keys) if case_id in self.cases}

    def missing(self, heads: Heads) -> Iterator[tuple[int, list[Anchored]]]:
        """The cases of this range that were anchored and are gone, with their anchored heads."""
        return ((case_id, anchored) for case_id, anchored in heads.between(*self.keys) if case_id not in self.cases)


def case_ranges(snapshots: Snapshots, after: int = 0) -> Iterator[CaseRange]:
    """All cases after this one, range by range, each in a transaction of its own.

    The last range has no case: what belongs to a case that is gone may lie there.
    """
    for connection, keys in key_ranges(snapshots, "cases", after, CASES_AT_ONCE):
        cases = {row[0]: ChainEnd(*row) for row in connection.execute(CASES, keys)}
        yield CaseRange(connection, keys, cases)
