"""Opens cases for intake and for other cases, each with its number, reference, body and first event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from models.arrays import columns
from models.database import Connection
from workflows.casefile import CaseFile, NewCase, Parent
from workflows.desk.items import begin
from workflows.desk.search_keys import SEARCH, keys_of_body
from workflows.engine.chain import GENESIS, digest, new_salt
from workflows.engine.progress import CaseInProgress, apply
from workflows.engine.projections import Transitions
from workflows.engine.record import QueueState, copy, queue_state, record_transitions
from workflows.engine.turns import take_turns
from workflows.evidence import Evidence
from workflows.flows import FLOWS, Move
from workflows.intake.receipts import new_reference
from workflows.registers.ports import Notices

CASE_NUMBERS = "select nextval('cases_id_seq') from generate_series(1, %s)"
HOUSEHOLD_NUMBERS = "select nextval('household_id_seq') from generate_series(1, %s)"
COLUMNS = """
    id, kind, stage, open, machine, queue, lane, ready, waiting, rank, due_at, deadline, version, head, household_id,
    applicant_idcs, region, province, body_number, submitted_at, stage_since, parent_id, parent_seq,
    proved_at
"""
# Sorted, so that two transactions with the same applicants wait for each other and never deadlock.
INSERT = f"""
    insert into cases ({COLUMNS}) select * from unnest(
        %s::bigint[], %s::text[], %s::text[], %s::bool[], %s::bool[], %s::text[], %s::smallint[], %s::bool[],
        %s::bool[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::int[], %s::bytea[], %s::bigint[],
        %s::text[], %s::smallint[], %s::text[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::bigint[],
        %s::int[], %s::timestamptz[]
    ) as new ({COLUMNS})
    order by applicant_idcs, id
    on conflict do nothing
    returning id
"""
RECEIPTS = "reference, case_id, idempotency_key, body_hash"
BODIES = "case_id, number, household_id, body, phone, salt, made_at"


class Origin(NamedTuple):
    """Where a case comes from: the channel, the sender's key, and the case that opens it, if one does."""

    channel: str  # "api" | "page" | "office" | "import" | "case" | "register"
    key: str = ""
    parent: Parent | None = None
    proved: bool = False  # who sent it has its phone at hand, or an office vouches for them


@dataclass(slots=True)
class Opening:
    """A case with its first event, in memory; the database says whether it may be opened."""

    case: CaseInProgress
    body: str
    salt: bytes
    origin: Origin

    @property
    def file(self) -> CaseFile:
        """The case's file after its first event."""
        return self.case.file


def case_numbers(connection: Connection, count: int) -> list[int]:
    """Draws new numbers for so many cases."""
    return [number for (number,) in connection.execute(CASE_NUMBERS, [count])] if count else []


def household_numbers(connection: Connection, count: int) -> list[int]:
    """Draws new numbers for so many households."""
    return [number for (number,) in connection.execute(HOUSEHOLD_NUMBERS, [count])] if count else []


def opening(  # noqa: PLR0913 - what a case begins with
    case_id: int, new: NewCase, origin: Origin, evidence: Evidence, notices: Notices, reference: str = ""
) -> Opening:
    """A new case with its first event, which seals its body and its key; a new reference, unless it has one already."""
    flow, body, salt = FLOWS[new.kind], new.body.stored(), new_salt()
    event = flow.opened_by(
        channel=origin.channel,
        kind=new.kind,
        lane=new.lane,
        household=new.household_id or 0,
        reference=reference or new_reference(),
        key=sealed_key(salt, origin.key) if origin.key else "",
        body=1,
        digest=sealed_body(salt, body),
        parent=origin.parent.case_id if origin.parent else 0,
        parent_seq=origin.parent.seq if origin.parent else 0,
        proved=origin.proved,
    )
    file = CaseFile.opened(id=case_id, at=evidence.at, stage=flow.first, body=new.body, by=event)
    case = CaseInProgress(file, GENESIS)
    apply(case, event, Move(flow.first), evidence, notices)
    return Opening(case, body, salt, origin)


def sealed_body(salt: bytes, body: str) -> str:
    """The digest of a body's stored bytes, as the event that brings the body holds it."""
    return digest("body", salt, body.encode()).hex()


def hash_of(body: str) -> bytes:
    """The hash by which the receipt recognises the same body."""
    return sha256(body.encode()).digest()


def sealed_key(salt: bytes, full_key: str) -> str:
    """The digest of the receipt's key, as the first event holds it."""
    return digest("key", salt, full_key.encode()).hex()


def insert_cases(
    connection: Connection, openings: Sequence[Opening], new_households: bool = False
) -> dict[int, QueueState]:
    """Inserts the rows of these cases; returns the queue states of those that could be opened, by their numbers.

    A case waits for its turn while another one of its household is in the machine; a new household has no other case.
    """
    if not openings:
        return {}
    states = {each.file.id: queue_state(each.file, each.file.submitted_at) for each in openings}
    if not new_households:
        states = take_turns(connection, {each.file.id: each.file.household_id for each in openings}, states)
    rows = [case_row(each, states[each.file.id]) for each in openings]
    return {case_id: states[case_id] for (case_id,) in connection.execute(INSERT, columns(rows))}


def case_row(opened: Opening, state: QueueState) -> tuple[Any, ...]:
    """The row of a new case, in the order of COLUMNS."""
    file, territory = opened.file, opened.file.body.territory
    return (
        file.id,
        file.kind,
        state.stage,
        state.open,
        state.machine,
        state.queue,
        file.lane,
        state.ready,
        state.waiting,
        state.rank,
        state.due_at,
        state.deadline,
        file.version,
        opened.case.head,
        file.household_id,
        file.body.applicant,
        territory.region,
        territory.province,
        file.body_number,
        file.submitted_at,
        file.stage_since,
        file.parent.case_id if file.parent else None,
        file.parent.seq if file.parent else None,
        file.submitted_at if opened.origin.proved else None,
    )


def record_openings(connection: Connection, openings: Sequence[Opening], now: datetime) -> None:
    """Writes the bodies, by what their people are found, the first events, the messages that these make owed, and what
    waits for people from the first.
    """
    copy(connection, "case_body", BODIES, [body_row(each.file, each.body, each.salt, now) for each in openings])
    keys = [(each.file.id, keys_of_body(each.file.body)) for each in openings]
    copy(connection, "desk_search", SEARCH, [each for each in keys if each[1]])
    record_transitions(connection, Transitions([each for opened in openings for each in opened.case.transitions]))
    begin(connection, [each.file for each in openings])


def body_row(file: CaseFile, body: str, salt: bytes, now: datetime) -> tuple[Any, ...]:
    """The row of a body, in the order of BODIES."""
    return (file.id, file.body_number, file.household_id, body, file.body.contact.phone, salt, now)
