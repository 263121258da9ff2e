"""Rows to case files, a whole batch in two or three statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from models.arrays import array, columns
from models.database import Connection
from models.errors import NotFound
from workflows.casefile import CaseFile, Parent
from workflows.events import KINDS, Recorded
from workflows.flows import FLOWS, move


class CaseRow(NamedTuple):
    """The columns of a case that work on it needs, in the order of COLUMNS."""

    id: int
    kind: str
    stage: str
    version: int
    head: bytes
    lane: int
    household_id: int | None
    body_number: int
    submitted_at: datetime
    stage_since: datetime
    deadline: datetime | None
    machine: bool
    parent_id: int | None
    parent_seq: int | None


COLUMNS = ", ".join(CaseRow._fields)
BODIES = """
    select b.case_id, coalesce(r.reference, ''), b.body::text
    from unnest(%s::bigint[], %s::int[]) as wanted (case_id, number)
    join case_body b using (case_id, number) left join receipt r using (case_id)
"""
PAST = """
    select case_id, kind, seq, at, actor, facts::text from event
    where case_id = any(%s::bigint[]) and facts is not null order by case_id, seq
"""


def case_files(connection: Connection, rows: Sequence[CaseRow]) -> list[CaseFile]:
    """The files of these cases, in the same order. Raises NotFound where a body was erased."""
    numbers = columns([(row.id, row.body_number) for row in rows])
    bodies = {case_id: (reference, body) for case_id, reference, body in connection.execute(BODIES, numbers)}
    past = past_events(connection, [row.id for row in rows if row.version > 1])
    return [case_file(row, *bodies.get(row.id, ("", None)), past.get(row.id, [])) for row in rows]


def case_file(row: CaseRow, reference: str, body: str | None, past: Sequence[Recorded]) -> CaseFile:
    """One file. The body was validated when it arrived, and is again: the model is the contract."""
    if body is None:
        raise NotFound(f"Case {row.id} has no body {row.body_number}: it was erased.")
    return CaseFile(
        id=row.id,
        reference=reference,
        kind=row.kind,
        stage=row.stage,
        version=row.version,
        lane=row.lane,
        household_id=row.household_id,
        body_number=row.body_number,
        body=FLOWS[row.kind].body.restored(body),
        submitted_at=row.submitted_at,
        stage_since=row.stage_since,
        deadline=row.deadline,
        past={type(each.event): each for each in past},
        stage_seq=brought_here(row.kind, past),
        parent=Parent(row.parent_id, row.parent_seq or 0) if row.parent_id else None,
    )


def brought_here(kind: str, past: Sequence[Recorded]) -> int:
    """The sequence of the event with which the periods of the stage began where these events leave a case.

    0 where it began there.
    """
    stage, brought = FLOWS[kind].first, 0
    for each in past:
        to = move(kind, stage, each.event)
        stage, brought = to.stage, each.seq if to.anew or to.stage != stage else brought
    return brought


def past_events(connection: Connection, case_ids: Sequence[int]) -> dict[int, list[Recorded]]:
    """The events of each case, in order. Fresh cases have none worth asking for."""
    past: dict[int, list[Recorded]] = {}
    if case_ids:
        for case_id, kind, seq, at, actor, facts in connection.execute(PAST, [array(case_ids)]):
            event = msgspec.json.decode(facts, type=KINDS[kind])
            past.setdefault(case_id, []).append(Recorded(seq, at, actor, event))
    return past
