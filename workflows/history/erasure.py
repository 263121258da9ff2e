"""Erasing a person's facts by law: texts and salts go, hashes and commitments stay, and the chain still verifies."""

from datetime import datetime

from sqlmodel import Session

from models.database import Connection, raw, value
from models.errors import Refused
from workflows.chain import salts, seal
from workflows.engine import lock
from workflows.events import CaseErased, Recorded
from workflows.evidence import Order
from workflows.history.personal import PERSONAL
from workflows.people import find
from workflows.receipts import pseudonym

COUNT = "select count(*) from event where case_id = %s and facts is not null"
NOTE = "insert into event (case_id, seq, kind, at, actor, commitment, hash) values (%s, %s, %s, %s, %s, %s, %s)"
# What is still owed can no longer be sent. What is under way may have been: its answer tells (tasks/deliver.py).
UNSENT = "update message set status = 'failed' where case_id = %s and status = 'owed'"
ERASE = "update {table} t set {erased} from cases ended where {mine} and ended.id = %s"


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
    connection.execute(UNSENT, [case.id])
    for each in PERSONAL:
        connection.execute(each.put_into(ERASE), [case.id])
    return count


def note(connection: Connection, case_id: int, count: int, at: datetime, by: str) -> None:
    """Chains the erasure itself to the case. The engine cannot: it needs the declaration, which its period may have ended for."""
    row = lock(connection, case_id)
    sealed = seal(row.head, case_id, Recorded(row.version + 1, at, by, CaseErased(events=count)), Order(at=at, by=by), next(salts()))
    connection.execute(NOTE, [case_id, row.version + 1, sealed.kind, at, by, sealed.commitment, sealed.hash])
    connection.execute("update cases set version = %s, head = %s where id = %s", [row.version + 1, sealed.hash, case_id])
