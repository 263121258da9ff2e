"""Notes in the audit what a person of the staff did or read, in the transaction of what it is about."""

from collections.abc import Sequence
from datetime import datetime

from models.database import Connection
from workflows.audit.acts import Act, Purpose
from workflows.audit.entries import Entry, record
from workflows.staff.guard import Acting
from workflows.staff.signatures import OFFICER, name_key, pseudonym

ACCOUNT = "select id from staff_account where key = %s"


def note_act(
    connection: Connection, act: Act, by: str, name: str, at: datetime, *, case_ids: Sequence[int] = (), role: str = ""
) -> None:
    """Notes an act by the pseudonym and the moment of its event; `name` tells the account, `role` in which they act."""
    row = connection.execute(ACCOUNT, [name_key(name)]).fetchone()
    account_id, acting_as = row[0] if row else None, role or by.partition(":")[0]
    record(
        connection,
        Entry(
            at=at, actor=by, account_id=account_id, role=acting_as, act=act, case_ids=case_ids, count=len(case_ids)
        ),
    )


def note_reading(
    connection: Connection,
    act: Act,
    who: Acting,
    role: str,
    at: datetime,
    *,
    case_ids: Sequence[int] = (),
    persons: Sequence[str] = (),
    purpose: Purpose = Purpose.CASE,
) -> None:
    """Notes that somebody read these cases, or searched for these persons (keyed pseudonyms)."""
    record(
        connection,
        Entry(
            at=at,
            actor=pseudonym(OFFICER, who.name),
            account_id=who.account,
            role=role,
            act=act,
            purpose=purpose,
            case_ids=case_ids,
            persons=persons,
            count=len(case_ids),
        ),
    )
