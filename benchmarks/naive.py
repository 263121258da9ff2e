"""The obvious way: a Dramatiq message and a SQLModel session for each decision, with the same stages and rows.

It is written as its author would write it: it loads objects by key, takes one decision in a transaction, and sends the
next message after the commit.

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
ADAPTERS: Adapters | None = None


def one_decision(case_id: int, expected: str) -> bool:
    """Takes the next decision on a case; whether another one follows at once.

    Decides nothing where the case is not at the expected stage.
    """
    now = clock.now()
    with Session(engine(), expire_on_commit=False) as session:
        case = session.get(Case, case_id, with_for_update=True)
        if case is None or case.stage != expected:
            return False
        in_progress = CaseInProgress(load(session, case), case.head)
        loaded, connection = cached_adapters(), psycopg_of(session)
        ports = Ports(now, loaded.population(connection), LocalSocialRegister(connection))
        evidence = stage_of(case.kind, case.stage).gather([in_progress.file], ports)
        decide(in_progress, evidence[case_id], loaded.notices)
        save(session, case, in_progress, now)
        session.commit()
        return bool(case.machine)


def psycopg_of(session: Session) -> Connection:
    """The psycopg connection under a session, which the registers take."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def cached_adapters() -> Adapters:
    """The adapters, loaded once for each process."""
    global ADAPTERS
    ADAPTERS = ADAPTERS or adapters()
    return ADAPTERS


def load(session: Session, case: Case) -> CaseFile:
    """Makes the case file from its objects."""
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


def save(session: Session, case: Case, in_progress: CaseInProgress, now: datetime) -> None:
    """Adds the rows that the engine writes, as objects."""
    for transition in in_progress.transitions:
        session.add_all(objects(transition))
    file = in_progress.file
    state = queue_state(file, now)
    if state.stage in LET_GO:
        release(psycopg_of(session), [case.id])
    for name, value in zip(state._fields, state, strict=True):
        setattr(case, name, value)
    case.version, case.head, case.declaration = file.version, in_progress.head, file.declaration_number


def objects(transition: Transition) -> list[SQLModel]:
    """The rows of a transition, as objects."""
    return [
        MODELS[table.name](
            **{name: decoded(name, value) for name, value in zip(table.columns.split(", "), row, strict=True)}
        )
        for table in PROJECTIONS
        for row in table.rows_of([transition])
    ]


def decoded(name: str, value: Any) -> Any:
    """A value of a column; JSON columns take Python values here."""
    return msgspec.json.decode(value) if name in ("evidence", "facts") else value
