"""Rows to case files, a whole batch in two or three statements; and a case by the reference that a person gave."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from models.arrays import array, columns
from models.database import Connection
from models.errors import NotFound
from workflows.bodies.declaration import restored
from workflows.casefile import CaseFile
from workflows.events import KINDS, Recorded
from workflows.flows import FLOWS, stage_after
from workflows.intake.receipts import is_whole, normal


class CaseRow(NamedTuple):
    """The columns of a case that work on it needs, in the order of COLUMNS."""

    id: int
    kind: str
    stage: str
    version: int
    head: bytes
    lane: int
    household_id: int
    declaration: int
    submitted_at: datetime
    stage_since: datetime
    deadline: datetime | None


class Found(NamedTuple):
    """A case, by the reference that a person gave."""

    id: int
    stage: str
    version: int
    declaration: int
    household_id: int


COLUMNS = ", ".join(CaseRow._fields)
FIND = (
    "select c.id, c.stage, c.version, c.declaration, c.household_id from receipt r join cases c on c.id = r.case_id "
    "where r.reference = %s"
)
DECLARATIONS = """
    select d.case_id, r.reference, d.body::text
    from unnest(%s::bigint[], %s::int[]) as wanted (case_id, number)
    join declaration d using (case_id, number) join receipt r using (case_id)
"""
PAST = (
    "select case_id, kind, seq, at, actor, facts::text from event where case_id = any(%s::bigint[]) and facts is "
    "not null order by case_id, seq"
)


def case_files(connection: Connection, rows: Sequence[CaseRow]) -> list[CaseFile]:
    """The files of these cases, in the same order. Raises NotFound where a declaration was erased."""
    numbers = columns([(row.id, row.declaration) for row in rows])
    bodies = {case_id: (reference, body) for case_id, reference, body in connection.execute(DECLARATIONS, numbers)}
    past = past_events(connection, [row.id for row in rows if row.version > 1])
    return [case_file(row, *bodies.get(row.id, ("", None)), past.get(row.id, [])) for row in rows]


def case_file(row: CaseRow, reference: str, body: str | None, past: Sequence[Recorded]) -> CaseFile:
    """One file. The declaration was validated when it arrived, and is again: the model is the contract."""
    if body is None:
        raise NotFound(f"Case {row.id} has no declaration {row.declaration}: it was erased.")
    return CaseFile(
        id=row.id,
        reference=reference,
        kind=row.kind,
        stage=row.stage,
        version=row.version,
        lane=row.lane,
        household_id=row.household_id,
        declaration_number=row.declaration,
        declaration=restored(body),
        submitted_at=row.submitted_at,
        stage_since=row.stage_since,
        deadline=row.deadline,
        past={type(each.event): each for each in past},
        stage_seq=brought_here(row.kind, past),
    )


def brought_here(kind: str, past: Sequence[Recorded]) -> int:
    """The sequence of the event that brought a case to the stage where these events leave it; 0 where
    it began there.
    """
    stage, brought = FLOWS[kind].first, 0
    for each in past:
        to = stage_after(kind, stage, each.event)
        stage, brought = to, each.seq if to != stage else brought
    return brought


def past_events(connection: Connection, case_ids: Sequence[int]) -> dict[int, list[Recorded]]:
    """The events of each case, in order. Fresh cases have none worth asking for."""
    past: dict[int, list[Recorded]] = {}
    if case_ids:
        for case_id, kind, seq, at, actor, facts in connection.execute(PAST, [array(case_ids)]):
            event = msgspec.json.decode(facts, type=KINDS[kind])
            past.setdefault(case_id, []).append(Recorded(seq, at, actor, event))
    return past


def find(connection: Connection, reference: str) -> Found:
    """The case of a reference, however it was typed. Raises NotFound."""
    row = connection.execute(FIND, [normal(reference)]).fetchone()
    if row is None:
        form = "" if is_whole(reference) else " One looks like RSU-7K3M-9QWX-2D5T."
        raise NotFound(f"There is no application with the reference {reference}.{form}")
    return Found(*row)
