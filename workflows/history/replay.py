"""Computing every decision again from what was stored, and comparing to the last byte."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import msgspec
from pydantic import ValidationError

from models.database import Connection
from workflows.casefile import CaseFile
from workflows.chain import encode
from workflows.declaration import Declaration, restored
from workflows.events import KINDS, Event, Recorded
from workflows.evidence import KINDS as EVIDENCE_KINDS
from workflows.evidence import Evidence
from workflows.flow import FLOWS, Step, stage_after, step_of

CASES = """
    select id, coalesce((select min(reference) from receipt where case_id = cases.id), 'case ' || id), kind, lane, household_id, submitted_at
    from cases where id > %s order by id limit 500
"""
EVENTS = """
    select case_id, seq, kind, at, actor, evidence::text, facts::text from event where case_id = any(%s) order by case_id, seq
"""
BODIES = "select case_id, number, body::text from declaration where case_id = any(%s)"
NOT_DECIDED = {"ApplicationReceived", "CaseParked", "CaseResumed", "CaseErased"}  # arrivals and operations: nothing to compute


class Mismatch(NamedTuple):
    """A decision that is not the one computed today. The reference is the case's number where the receipt is gone."""

    reference: str
    seq: int
    kind: str


@dataclass(slots=True)
class Replay:
    """How many decisions were computed again, which differ, and how many could not be: their facts are erased, or those that they rest on."""

    decisions: int = 0
    erased: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)


def replay(connection: Connection) -> Replay:
    """Every decision of every case."""
    result = Replay()
    after = 0
    while cases := connection.execute(CASES, [after]).fetchall():
        after = cases[-1][0]
        numbers = [case[0] for case in cases]
        events = by_case(connection, numbers)  # before the declarations: else one that is corrected in between would seem to be erased
        bodies = {(case_id, number): body for case_id, number, body in connection.execute(BODIES, [numbers])}
        for start in map(CaseStart._make, cases):
            replay_case(start, events.get(start.id, []), bodies, result)
    return result


class CaseStart(NamedTuple):
    """A case before anything was decided."""

    id: int
    reference: str
    kind: str
    lane: int
    household_id: int
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as it stands in the table."""

    seq: int
    kind: str
    at: datetime
    actor: str
    evidence: str | None
    facts: str | None


def by_case(connection: Connection, numbers: list[int]) -> dict[int, list[Stored]]:
    """The events of these cases, in order."""
    found: dict[int, list[Stored]] = {}
    for case_id, *rest in connection.execute(EVENTS, [numbers]):
        found.setdefault(case_id, []).append(Stored(*rest))
    return found


def replay_case(start: CaseStart, events: list[Stored], bodies: dict[tuple[int, int], str | None], result: Replay) -> None:
    """Walks one case from its first event, deciding anew at each step."""
    file = opening(start, bodies.get((start.id, 1)), result)
    for stored in events:
        if stored.facts is None or stored.evidence is None:
            result.erased += stored.kind not in NOT_DECIDED
            file = None
        elif file is None:  # what follows an erased event rests on it
            result.erased += stored.kind not in NOT_DECIDED
        else:
            file = replay_event(file, stored, bodies, result)


def declared(body: str | None, mismatch: Mismatch, result: Replay) -> Declaration | None:
    """A declaration as it was stored; None where it was erased. One that today's model refuses is a mismatch: nothing after it can be computed."""
    try:
        return restored(body) if body else None
    except ValidationError:
        result.mismatches.append(mismatch)
        return None


def opening(start: CaseStart, body: str | None, result: Replay) -> CaseFile | None:
    """The file as it was when the application arrived; None where there is no declaration to go by."""
    declaration = declared(body, Mismatch(start.reference, 1, "declaration"), result)
    if declaration is None:
        return None
    return CaseFile.opened(
        id=start.id, reference=start.reference, kind=start.kind, stage=FLOWS[start.kind].first, lane=start.lane,
        household_id=start.household_id, declaration=declaration, at=start.submitted_at,
    )  # fmt: skip


def replay_event(file: CaseFile, stored: Stored, bodies: dict[tuple[int, int], str | None], result: Replay) -> CaseFile | None:
    """One event: decided again where it was a decision, and the file after it."""
    facts = (stored.facts or "").encode()
    event = msgspec.json.decode(facts, type=KINDS[stored.kind])
    if stored.kind not in NOT_DECIDED:
        result.decisions += 1
        if decided(file, step_of(file.kind, file.stage), stored) != facts:
            result.mismatches.append(Mismatch(file.reference, stored.seq, stored.kind))
    moved = file.after(Recorded(stored.seq, stored.at, stored.actor, event), stage_after(file.kind, file.stage, event))
    return refreshed(moved, file, bodies, result)


def decided(file: CaseFile, where: Step, stored: Stored) -> bytes | None:
    """What the stage decides today on the evidence of that day."""
    tag = msgspec.json.decode((stored.evidence or "").encode(), type=dict[str, object])["type"]
    evidence: Evidence = msgspec.json.decode((stored.evidence or "").encode(), type=EVIDENCE_KINDS[str(tag)])
    decide = where.decides.get(type(evidence))
    if decide is None:
        return None
    dated = msgspec.structs.replace(file, deadline=where.deadline(file.stage_since))  # for the first ones, which do not tell it
    decision: Event = decide(dated, evidence)
    return encode(decision)


def refreshed(moved: CaseFile, before: CaseFile, bodies: dict[tuple[int, int], str | None], result: Replay) -> CaseFile | None:
    """The file with the declaration in force after a correction; None where there is none to go by."""
    if moved.declaration_number == before.declaration_number:
        return moved
    body = bodies.get((moved.id, moved.declaration_number))
    declaration = declared(body, Mismatch(moved.reference, moved.version, "declaration"), result)
    return msgspec.structs.replace(moved, declaration=declaration) if declaration else None
