"""The obvious way: a Dramatiq message per case and decision, a SQLModel session each, the same decide functions and
rows.

Written as its author would: objects loaded by key, one transaction a decision, the next message sent after the commit.

dramatiq benchmarks.naive_actors -p 2 -t 8
"""

from datetime import datetime
from typing import Any

import msgspec
import psycopg
from sqlmodel import Session, SQLModel, select

from models import clock
from models.case import Case, DeclarationRow, EventRow, Receipt
from models.database import Connection, engine
from models.household import Eligibility, Household, HouseholdMember, HouseholdVersion, Score
from models.message import Message
from tasks.bootstrap import adapters
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile
from workflows.engine.projections import PROJECTIONS, Transition
from workflows.engine.record import queue_state
from workflows.engine.work import CaseInProgress, decide
from workflows.events import KINDS, Recorded
from workflows.flows import stage_of
from workflows.registers.person_claims import LET_GO, release
from workflows.registers.ports import Adapters, Ports
from workflows.registers.social import LocalSocialRegister

MODELS: dict[str, type[SQLModel]] = {
    "event": EventRow,
    "score": Score,
    "household": Household,
    "household_version": HouseholdVersion,
    "household_member": HouseholdMember,
    "eligibility": Eligibility,
    "message": Message,
}
TOLD: Adapters | None = None


def one_decision(case_id: int, expected: str) -> bool:
    """Takes the decision that is next for this case; whether another one follows at once.

    Nothing where the case stands elsewhere.
    """
    now = clock.now()
    with Session(engine(), expire_on_commit=False) as session:
        case = session.get(Case, case_id, with_for_update=True)
        if case is None or case.stage != expected:
            return False
        course = CaseInProgress(load(session, case), case.head)
        step = stage_of(case.kind, case.stage)
        told = told_outside()
        evidence = step.gather(
            [course.file], Ports(now, told.population(psycopg_of(session)), LocalSocialRegister(psycopg_of(session)))
        )
        decide(course, evidence[case_id], told.notices)
        save(session, case, course, now)
        session.commit()
        return bool(case.machine)


def psycopg_of(session: Session) -> Connection:
    """The connection under a session, for what the registers are asked."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def told_outside() -> Adapters:
    """Loaded once."""
    global TOLD
    TOLD = TOLD or adapters()
    return TOLD


def load(session: Session, case: Case) -> CaseFile:
    """The case file from its objects."""
    declared = session.get_one(DeclarationRow, (case.id, case.declaration))
    receipt = session.exec(select(Receipt).where(Receipt.case_id == case.id)).one()
    events = session.exec(select(EventRow).where(EventRow.case_id == case.id).order_by(EventRow.seq)).all()  # type: ignore[arg-type]
    past = {
        KINDS[each.kind]: Recorded(
            each.seq, each.at, each.actor, msgspec.convert(each.facts, KINDS[each.kind], strict=False)
        )
        for each in events
    }
    return CaseFile(
        id=case.id,
        reference=receipt.reference,
        kind=case.kind,
        stage=case.stage,
        version=case.version,
        lane=case.lane,
        household_id=case.household_id,
        declaration_number=case.declaration,
        declaration=Declaration.model_validate(declared.body),
        submitted_at=case.submitted_at,
        stage_since=case.stage_since,
        deadline=case.deadline,
        past=past,
    )


def save(session: Session, case: Case, course: CaseInProgress, now: datetime) -> None:
    """The same rows as the engine's, as objects."""
    for each in course.transitions:
        session.add_all(objects(each))
    at = queue_state(course.file, now)
    if at.stage in LET_GO:
        release(psycopg_of(session), [case.id])
    for name, value in zip(at._fields, at, strict=True):
        setattr(case, name, value)
    case.version, case.head, case.declaration = course.file.version, course.head, course.file.declaration_number


def objects(move: Transition) -> list[SQLModel]:
    """One move's rows."""
    return [
        MODELS[table.name](
            **{name: readable(name, value) for name, value in zip(table.columns.split(", "), row, strict=True)}
        )
        for table in PROJECTIONS
        for row in table.rows_of([move])
    ]


def readable(name: str, value: Any) -> Any:
    """JSON columns take Python values here."""
    return msgspec.json.decode(value) if name in ("evidence", "facts") else value
