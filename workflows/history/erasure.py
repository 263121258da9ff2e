"""Erasing a person's facts by law: texts and salts go, hashes and commitments stay, and the chain still verifies."""

from datetime import datetime

from models.database import Connection, scalar
from models.errors import Refused
from workflows.casework.staff import OPERATOR, sign
from workflows.engine.work import append, lock
from workflows.events import CaseErased
from workflows.evidence import OperatorCommand
from workflows.history.personal import PERSONAL
from workflows.intake.receipts import find

COUNT = "select count(*) from event where case_id = %s and facts is not null"
# What is still owed can no longer be sent. What is under way may have been: its answer tells (notifications/leases.py).
UNSENT = "update message set status = 'failed' where case_id = %s and status = 'owed'"
ERASE = "update {table} t set {erased} from cases ended where {mine} and ended.id = %s"


def erase(connection: Connection, reference: str, by: str, now: datetime) -> int:
    """How many events lost their facts.

    Raises NotFound, and Refused while the case is still open: it is needed to decide.

    The identifiers of the members stay in the register while the household is in it: they are what it is kept for.

    """
    case = find(connection, reference)
    if scalar(connection, "select open from cases where id = %s for update", [case.id]):
        raise Refused("still_open", "The application is still open. Withdraw it first, or wait for its end.")
    count: int = scalar(connection, COUNT, [case.id])
    # By its row alone: the declaration's period may have ended. What it writes is erased with the rest.
    append(
        connection,
        lock(connection, case.id),
        CaseErased(events=count),
        OperatorCommand(at=now, by=sign(connection, OPERATOR, by)),
    )
    connection.execute(UNSENT, [case.id])
    for each in PERSONAL:
        connection.execute(each.put_into(ERASE), [case.id])
    return count
