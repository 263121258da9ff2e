"""Erasing a person's facts by law: texts and salts go, hashes and commitments stay, and the chain still verifies."""

from datetime import datetime

from sqlmodel import Session

from models.database import Connection, raw, value
from models.errors import Refused
from workflows.chain import salts, seal
from workflows.engine import lock
from workflows.events import CaseErased, Recorded
from workflows.evidence import TimePassed
from workflows.people import find
from workflows.receipts import FORGOTTEN, pseudonym

COUNT = "select count(*) from event where case_id = %s and facts is not null"
NOTE = "insert into event (case_id, seq, kind, at, actor, commitment, hash) values (%s, %s, %s, %s, %s, %s, %s)"
# In the order in which the engine writes these tables.
ERASE = (
    "update event set evidence = null, facts = null, salt = null where case_id = %s",
    "update household_member m set name = null from household_version v "
    "where v.case_id = %s and (m.household_id, m.version) = (v.household_id, v.version)",
    # What is still owed can no longer be sent. What a gateway said of a refused one may quote the number: it goes, too.
    "update message set recipient = null, body = null, status = case when status in ('owed', 'sending') then 'failed' else status end, "
    "error = case when status in ('owed', 'sending', 'failed') then 'erased' else error end where case_id = %s",
    "update declaration set body = null, phone = null where case_id = %s",
    f"update receipt set {FORGOTTEN} where case_id = %s",
    "update cases set declarant_idcs = null where id = %s",
)


def erase(session: Session, reference: str, by: str, now: datetime) -> int:
    """How many events lost their facts. Raises NotFound, and Refused while the case is still open: it is needed to decide.

    The identifiers of the members stay in the register while the household is in it: they are what it is kept for.
    """
    connection = raw(session)
    case = find(connection, reference)
    if value(connection, "select open from cases where id = %s for update", [case.id]):
        raise Refused("still_open", "The application is still open. Withdraw it first, or wait for its end.")
    count: int = value(connection, COUNT, [case.id])
    note(connection, case.id, count, now, pseudonym("operator", by))
    for statement in ERASE:
        connection.execute(statement, [case.id])
    return count


def note(connection: Connection, case_id: int, count: int, at: datetime, by: str) -> None:
    """Chains the erasure itself to the case. The engine cannot: it needs the declaration, which its period may have ended for."""
    row = lock(connection, case_id)
    sealed = seal(row.head, case_id, Recorded(row.version + 1, at, by, CaseErased(events=count)), TimePassed(at=at, by=by), next(salts()))
    connection.execute(NOTE, [case_id, row.version + 1, sealed.kind, at, by, sealed.commitment, sealed.hash])
    connection.execute("update cases set version = %s, head = %s where id = %s", [row.version + 1, sealed.hash, case_id])
