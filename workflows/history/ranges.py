"""All cases, by ranges of their numbers: each in a short transaction of its own, in the memory of one range."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple

from models.database import Connection
from workflows.history.chains import CaseRow
from workflows.history.heads import Anchored, Heads

Connections = Callable[[], AbstractContextManager[Connection]]  # each gives one of a transaction
CASES_AT_ONCE = 1000
FIRST, LAST = 0, 2**63 - 1
CASES = "select id, version, head, open from cases where id > %s order by id limit %s"


class Range(NamedTuple):
    """Cases in order, and the numbers between which they lie; the connection of the transaction in which they are
    looked at.
    """

    connection: Connection
    after: int
    upto: int
    cases: dict[int, CaseRow]

    def known(self, heads: Heads) -> dict[int, list[Anchored]]:
        """What anchors say of these cases."""
        return {case_id: known for case_id, known in heads.between(self.after, self.upto) if case_id in self.cases}

    def gone(self, heads: Heads) -> Iterator[tuple[int, list[Anchored]]]:
        """The cases that are anchored and not there."""
        return (
            (case_id, known) for case_id, known in heads.between(self.after, self.upto) if case_id not in self.cases
        )


def ranges(connections: Connections, after: int = FIRST) -> Iterator[Range]:
    """All cases, some at a time, each time in a transaction of its own.

    The last range has no case and no end: what belongs to a case that is gone may lie there.
    """
    while after < LAST:
        with connections() as connection:
            cases = {row[0]: CaseRow(*row) for row in connection.execute(CASES, [after, CASES_AT_ONCE])}
            upto = max(cases, default=LAST)
            yield Range(connection, after, upto, cases)
        after = upto
