"""Notes in the audit what a person of the staff did or read, in the transaction of what it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from models.database import Connection
from workflows.audit.acts import Act, Purpose
from workflows.audit.entries import Entry, record, record_by_name
from workflows.staff.guard import Acting
from workflows.staff.signatures import OFFICER, name_key, pseudonym, sign


@dataclass(frozen=True, slots=True)
class Doing:
    """What somebody does, when, to which cases, in which role (none: of the kind of their pseudonym), and why."""

    act: Act
    at: datetime
    case_ids: Sequence[int] = ()
    role: str = ""
    purpose: Purpose = Purpose.CASE
    detail: Mapping[str, str | int | bool] = field(default_factory=dict)


def sign_act(connection: Connection, kind: str, name: str, doing: Doing) -> str:
    """Signs for a person of the staff, and notes what they do; returns their pseudonym.

    `kind`: OFFICER or OPERATOR. Raises what `sign` raises.
    """
    by = sign(connection, kind, name)
    note_act(connection, by, name, doing)
    return by


def note_act(connection: Connection, by: str, name: str, doing: Doing) -> None:
    """Notes an act under the pseudonym that its event has; `name` tells the account."""
    entry = Entry(
        at=doing.at,
        actor=by,
        role=doing.role or by.partition(":")[0],
        act=doing.act,
        purpose=doing.purpose,
        case_ids=doing.case_ids,
        count=len(doing.case_ids),
        detail=doing.detail,
    )
    record_by_name(connection, entry, name_key(name))


def note_reading(connection: Connection, who: Acting, doing: Doing, persons: Sequence[str] = ()) -> None:
    """Notes that somebody read these cases, or searched for these persons (keyed pseudonyms)."""
    entry = Entry(
        at=doing.at,
        actor=pseudonym(OFFICER, who.name),
        account_id=who.account,
        role=doing.role,
        act=doing.act,
        purpose=doing.purpose,
        case_ids=doing.case_ids,
        persons=persons,
        count=len(doing.case_ids),
        detail=doing.detail,
    )
    record(connection, entry)
