"""The obvious way: a Dramatiq message and a SQLModel session for each decision, with the same stages and rows.

It is written as its author would write it: it loads objects by key, takes one decision in a transaction, and sends the
next message after the commit.

dramatiq benchmarks.naive_actors -p 2 -t 8
"""

from datetime import datetime
from functools import cache
from typing import Any

import msgspec
import psycopg
from sqlmodel import Session, SQLModel, select

from models import clock
from models.case import Case, CaseBody, EventRow, Receipt
from models.database import Connection, engine
from models.household import Eligibility, Household, HouseholdMember, HouseholdPeriod, HouseholdVersion, Score
from models.message import Message
from tasks.bootstrap import adapters
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile
from workflows.engine.progress import CaseInProgress
from workflows.engine.projections import PROJECTIONS, Transition, Transitions
from workflows.engine.record import holds_persons, queue_state
from workflows.engine.work import decide
from workflows.events.event import KINDS, Recorded
from workflows.flows import stage_of
from workflows.registers.person_claims import release
from workflows.registers.ports import Adapters

MODELS: dict[str, type[SQLModel]] = {
    "event": EventRow,
    "score": Score,
    "household": Household,
    "household_version": HouseholdVersion,
    "household_period": HouseholdPeriod,
    "household_member": HouseholdMember,
    "eligibility": Eligibility,
    "message": Message,
}


def one_decision(case_id: int, expected: str) -> bool:
    """Takes the next decision on a case; whether another one follows at once.

    Decides nothing where the case is not at the expected stage.
    """
    now = clock.now()
    with Session(engine(), expire_on_commit=False) as session:
        case = session.get(Case, case_id, with_for_update=True)
        if case is None or case.stage != expected:
            return False
        deciding = CaseInProgress(load(session, case), case.head)
        stage = stage_of(case.kind, case.stage)
        handed = handed_adapters()
        evidence = stage.gather([deciding.file], handed.ports(psycopg_of(session), now))
        decide(deciding, evidence[case_id], handed.notices)
        save(session, case, deciding, now)
        session.commit()
        return bool(case.machine)


def psycopg_of(session: Session) -> Connection:
    """The psycopg connection under a session, which the registers take."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


@cache
def handed_adapters() -> Adapters:
    """Put together once."""
    return adapters()


def load(session: Session, case: Case) -> CaseFile:
    """The case file from its objects."""
    declared = session.get_one(CaseBody, (case.id, case.body_number))
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
        body_number=case.body_number,
        body=Declaration.model_validate(declared.body),
        submitted_at=case.submitted_at,
        stage_since=case.stage_since,
        deadline=case.deadline,
        past=past,
    )


def save(session: Session, case: Case, decided: CaseInProgress, now: datetime) -> None:
    """The same rows as the engine's, as objects."""
    for each in decided.transitions:
        session.add_all(objects(each))
    state = queue_state(decided.file, now)
    if not holds_persons(case.kind, state.stage):
        release(psycopg_of(session), [case.id])
    for name, value in zip(state._fields, state, strict=True):
        setattr(case, name, value)
    case.version, case.head, case.body_number = decided.file.version, decided.head, decided.file.body_number


def objects(transition: Transition) -> list[SQLModel]:
    """The rows of a transition, as objects."""
    return [
        MODELS[table.name](
            **{name: decoded(name, value) for name, value in zip(table.columns.split(", "), row, strict=True)}
        )
        for table in PROJECTIONS
        for row in table.rows_of(Transitions([transition]))
    ]


def decoded(name: str, value: Any) -> Any:
    """A value of a column; JSON columns take Python values here."""
    return msgspec.json.decode(value) if name in ("evidence", "facts") else value
