"""Loads the case files of a whole batch, in two or three statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from models.arrays import array, columns
from models.database import Connection
from models.errors import NotFound
from workflows.casefile import CaseFile, Parent
from workflows.events.event import KINDS, Recorded
from workflows.flows import FLOWS, move


class CaseRow(NamedTuple):
    """The columns of a case that the engine needs, in the order of COLUMNS."""

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
    """The files of these cases, in the same order. Raises NotFound if a body was erased."""
    numbers = columns([(row.id, row.body_number) for row in rows])
    bodies = {case_id: (reference, body) for case_id, reference, body in connection.execute(BODIES, numbers).fetchall()}
    past = past_events(connection, [row.id for row in rows if row.version > 1])
    return [case_file(row, *bodies.get(row.id, ("", None)), past.get(row.id, [])) for row in rows]


def with_bodies_in_force(connection: Connection, files: Sequence[CaseFile]) -> dict[int, CaseFile]:
    """These files with the bodies that they took last, by case. Raises NotFound if a body was erased."""
    numbers = columns([(file.id, file.body_number) for file in files])
    bodies = {case_id: body for case_id, _, body in connection.execute(BODIES, numbers).fetchall()}
    if lost := [file for file in files if bodies.get(file.id) is None]:
        raise NotFound(f"Case {lost[0].id} has no body {lost[0].body_number}: it was erased.")
    return {
        file.id: msgspec.structs.replace(file, body=FLOWS[file.kind].body.restored(bodies[file.id])) for file in files
    }


def case_file(row: CaseRow, reference: str, body: str | None, past: Sequence[Recorded]) -> CaseFile:
    """One case file. It validates the body again, as when the body arrived: the model is the contract."""
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
        stage_seq=stage_begun_by(row.kind, past),
        parent=Parent(row.parent_id, row.parent_seq or 0) if row.parent_id else None,
    )


def stage_begun_by(kind: str, past: Sequence[Recorded]) -> int:
    """The sequence of the event that began the periods of the case's present stage; 0 if the case began there."""
    stage, begun_by = FLOWS[kind].first, 0
    for each in past:
        to = move(kind, stage, each.event)
        stage, begun_by = to.stage, each.seq if to.anew or to.stage != stage else begun_by
    return begun_by


def past_events(connection: Connection, case_ids: Sequence[int]) -> dict[int, list[Recorded]]:
    """The events of each case, in order. Callers leave out cases with one event, which no stage asks for."""
    past: dict[int, list[Recorded]] = {}
    if case_ids:
        for case_id, kind, seq, at, actor, facts in connection.execute(PAST, [array(case_ids)]):
            event = msgspec.json.decode(facts, type=KINDS[kind])
            past.setdefault(case_id, []).append(Recorded(seq, at, actor, event))
    return past
