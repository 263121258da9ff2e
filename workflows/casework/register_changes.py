"""Looks again at the cases that wait because of the population register, once it changed what it keeps of somebody.

Whoever changes a person of the local register calls it in the same transaction; whoever hears of a change from a
register elsewhere calls it as well.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from models.database import Connection
from workflows.casefile import CaseFile
from workflows.casework.case_view import doubts_of
from workflows.casework.identities import STAGE
from workflows.casework.reviews import OF_REVIEWS, at_stage
from workflows.engine.load import COLUMNS, CaseRow, case_files
from workflows.engine.work import advance_locked
from workflows.evidence import RegisterChange
from workflows.registers.ports import Notices

WAIT = f"{OF_REVIEWS} and {at_stage('needs_correction', STAGE)}"
# Where nothing waits, a whole population is enrolled without looking for its cases.
SOME_WAIT = f"select exists (select from cases where {WAIT})"
OF_PERSONS = f"""
    select {COLUMNS} from cases where {WAIT} and id = any(array(
        select case_id from desk_search where keys && %s::text[]
    )) order by id for update
"""


def register_changed(
    connection: Connection,
    idcs: Sequence[str],
    now: datetime,
    notices: Notices,
    households: Collection[int] | None = None,
) -> frozenset[str]:
    """Sends the cases on that wait because of these persons, and owes their households a message; where `households`
    are given, theirs alone.

    Returns the queues that have work by that. The caller commits.
    """
    (some,) = connection.execute(SOME_WAIT).fetchone() or (False,)
    if not idcs or not some:
        return frozenset()
    found = [CaseRow(*row) for row in connection.execute(OF_PERSONS, [list(idcs)])]
    rows = [each for each in found if households is None or each.household_id in households]
    files = case_files(connection, rows) if rows else []
    queues: set[str] = set()
    for row, file in zip(rows, files, strict=True):
        if members := doubted_among(file, set(idcs)):
            change = RegisterChange(at=now, members=members)
            _, _, outcome = advance_locked(connection, row, change, notices)
            queues |= outcome.queues
    return frozenset(queues)


def doubted_among(file: CaseFile, changed: set[str]) -> tuple[int, ...]:
    """The members among these persons because of whom a case waits; none where a caseworker asked for a correction."""
    members = file.declaration.members
    return tuple([place for place in sorted(doubts_of(file)) if members[place].idcs in changed])
