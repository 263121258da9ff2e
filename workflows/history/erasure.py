"""Erases the personal facts of one case by law: texts and salts go; hashes and commitments stay and still verify."""

from datetime import datetime

from models.database import Connection, scalar
from models.errors import Refused
from workflows.casework.staff import OPERATOR, sign
from workflows.engine.work import append_event, lock, lock_all
from workflows.events import CaseErased
from workflows.evidence import OperatorCommand
from workflows.history.personal import PERSONAL
from workflows.intake.receipts import find

COUNT = "select count(*) from event where case_id = %s and facts is not null"
# An owed message can no longer be sent. One that a deliverer is sending may arrive: its answer says so
# (notifications/leases.py).
FAIL_OWED = "update message set status = 'failed' where case_id = %s and status = 'owed'"
# The cases that made the versions of its household: an appeal that is lodged at this moment rests on them.
OF_HOUSEHOLD = """
    select v.case_id from household_version v join cases c on c.household_id = v.household_id where c.id = %s
"""
CONTESTED = """
    select exists (select from cases a join cases c using (household_id)
        where c.id = %s and a.kind = 'appeal' and a.open)
"""
ERASE = "update {table} t set {erased} from cases ended where {mine} and ended.id = %s"


def erase(connection: Connection, reference: str, by: str, now: datetime) -> int:
    """Erases the facts of an ended case; returns the number of its events that lost theirs.

    The members' identifiers stay as long as the household is registered, because the register is kept for them. Raises
    NotFound, and Refused while the case or an appeal of its household is open, because their stages need the facts.
    """
    case = find(connection, reference)
    refuse_open(connection, case.id)
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


def refuse_open(connection: Connection, case_id: int) -> None:
    """Raises Refused where the case or an appeal of its household is open. It locks what an appeal rests on."""
    lock_all(connection, sorted({case_id, *(each for (each,) in connection.execute(OF_HOUSEHOLD, [case_id]))}))
    if scalar(connection, "select open from cases where id = %s", [case_id]):
        raise Refused("still_open", "The application is still open. Withdraw it first, or wait for its end.")
    if scalar(connection, CONTESTED, [case_id]):
        raise Refused("still_open", "An appeal of the household is open. Withdraw it first, or wait for its end.")
