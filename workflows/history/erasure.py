"""Erases the personal facts of a case by law: texts and salts go; hashes and commitments stay and still verify.

With it go the cases that hold a copy of what was declared: the appeals against it, and the changes that these opened.
"""

from datetime import datetime

from models.database import Connection, scalar
from models.errors import Refused
from workflows.audit.acts import Act, Purpose
from workflows.engine.work import append_event, lock, lock_all
from workflows.events.event import CaseErased
from workflows.evidence import OperatorCommand
from workflows.history.personal import PERSONAL
from workflows.intake.receipts import find
from workflows.staff.noting import Doing, sign_act
from workflows.staff.signatures import OPERATOR

COUNT = "select count(*) from event where case_id = %s and facts is not null"
# An owed message can no longer be sent. One that a deliverer is sending may arrive: its answer says so
# (notifications/leases.py).
FAIL_OWED = "update message set status = 'failed' where case_id = %s and status = 'owed'"
# The cases that made the versions of its household: an appeal that is lodged at this moment rests on them.
OF_HOUSEHOLD = """
    select v.case_id from household_version v join cases c on c.household_id = v.household_id where c.id = %s
"""
# The case, the appeals against it, and the cases that these opened.
COPIES = """
    with recursive copies (id, household_id) as (
        select id, household_id from cases where id = %s
        union
        select found.id, found.household_id from copies cross join lateral (
            select c.id, c.household_id from cases c where c.parent_id = copies.id
            union all
            select c.id, c.household_id from cases c where c.kind = 'appeal' and c.household_id = copies.household_id
            and exists (select from case_body b where b.case_id = c.id and (b.body ->> 'case')::bigint = copies.id)
        ) as found
    )
    select id from copies order by id
"""
CONTESTED = """
    select exists (select from cases a join cases c using (household_id)
        where c.id = %s and a.kind = 'appeal' and a.open)
"""
LEAVE_DESK = "delete from desk_item where case_id = %s"  # it waits for nobody: a case is erased once it has ended
REPORTS = "delete from message_part where case_id = %s"  # a gateway knows by its number whom it told
# Nothing is told to them any more: a printer is given no letter, and no message is repeated.
UNTOLD = (
    "delete from letter where case_id = %s",
    "update message set needs_proof = false where case_id = %s and needs_proof",
)
# What people typed about it and did not send: a household in a visit, the staff in the console.
TYPED = (
    "delete from application_draft using receipt r where r.case_id = %s and application_draft.reference = r.reference",
    "delete from receipt_session using receipt r where r.case_id = %s and receipt_session.reference = r.reference",
    "delete from phone_code using receipt r where r.case_id = %s and phone_code.reference = r.reference",
    "delete from kept_form using receipt r where r.case_id = %s and position(r.reference in address) > 0",
)
ERASE = "update {table} t set {erased} from cases ended where {mine} and ended.id = %s"


def erase(connection: Connection, reference: str, by: str, now: datetime) -> int:
    """Erases the facts of an ended case and of its copies; returns the number of events that lost theirs.

    The members' identifiers stay as long as the household is registered, because the register is kept for them. Raises
    NotFound, and Refused while the case or an appeal of its household is open, because their stages need the facts.
    """
    case = find(connection, reference)
    refuse_open(connection, case.id)
    copies = [case_id for (case_id,) in connection.execute(COPIES, [case.id])]
    doing = Doing(Act.ERASE, now, copies, "owner", Purpose.PERSON)
    actor = sign_act(connection, OPERATOR, by, doing)
    return sum(erase_case(connection, case_id, OperatorCommand(at=now, by=actor)) for case_id in copies)


def erase_case(connection: Connection, case_id: int, command: OperatorCommand) -> int:
    """Erases the facts of one case; returns the number of its events that lost theirs."""
    count: int = scalar(connection, COUNT, [case_id])
    # The case's row is enough, as retention may have erased the declaration. This event's facts are erased below.
    append_event(connection, lock(connection, case_id), CaseErased(events=count), command)
    connection.execute(FAIL_OWED, [case_id])
    for statement in (LEAVE_DESK, REPORTS, *UNTOLD, *TYPED):
        connection.execute(statement, [case_id])
    for each in PERSONAL:
        connection.execute(each.put_into(ERASE), [case_id])
    return count


def refuse_open(connection: Connection, case_id: int) -> None:
    """Raises Refused where the case or an appeal of its household is open. It locks what an appeal rests on."""
    lock_all(connection, sorted({case_id, *(each for (each,) in connection.execute(OF_HOUSEHOLD, [case_id]))}))
    if scalar(connection, "select open from cases where id = %s", [case_id]):
        raise Refused("still_open", "The application is still open. Withdraw it first, or wait for its end.")
    if scalar(connection, CONTESTED, [case_id]):
        raise Refused("still_open", "An appeal of the household is open. Withdraw it first, or wait for its end.")
