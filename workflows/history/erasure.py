"""Erases the personal facts of one case by law: texts and salts go; hashes and commitments stay and still verify."""

from datetime import datetime

from models.database import Connection, scalar
from models.errors import Refused
from workflows.casework.staff import OPERATOR, sign
from workflows.engine.work import append_event, lock
from workflows.events import CaseErased
from workflows.evidence import OperatorCommand
from workflows.history.personal import PERSONAL
from workflows.intake.receipts import find

COUNT = "select count(*) from event where case_id = %s and facts is not null"
# An owed message can no longer be sent. One that a deliverer is sending may arrive: its answer says so
# (notifications/leases.py).
FAIL_OWED = "update message set status = 'failed' where case_id = %s and status = 'owed'"
ERASE = "update {table} t set {erased} from cases ended where {mine} and ended.id = %s"


def erase(connection: Connection, reference: str, by: str, now: datetime) -> int:
    """Erases the facts of an ended case; returns the number of its events that lost theirs.

    The members' identifiers stay as long as the household is registered, because the register is kept for them. Raises
    NotFound, and Refused while the case is open, because its stages need the facts.
    """
    case = find(connection, reference)
    if scalar(connection, "select open from cases where id = %s for update", [case.id]):
        raise Refused("still_open", "The application is still open. Withdraw it first, or wait for its end.")
    count: int = scalar(connection, COUNT, [case.id])
    # The case's row is enough, as retention may have erased the declaration. This event's facts are erased below.
    append_event(
        connection,
        lock(connection, case.id),
        CaseErased(events=count),
        OperatorCommand(at=now, by=sign(connection, OPERATOR, by)),
    )
    connection.execute(FAIL_OWED, [case.id])
    for each in PERSONAL:
        connection.execute(each.put_into(ERASE), [case.id])
    return count
