"""Writes audit entries, in the transaction of what they are about: one is there exactly where the other is.

Nothing makes two writers wait for each other. The place of an entry in the chain is given later (sealing.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from models.database import Connection
from workflows.audit.acts import Act, Purpose
from workflows.engine.record import copy

COLUMNS = "at, actor, account_id, role, act, purpose, case_ids, persons, count, detail"
INSERT = f"insert into audit_entry ({COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
# The same for somebody of whom only the name is at hand, as it is compared.
BY_NAME = INSERT.replace("(%s, %s, %s,", "(%s, %s, (select id from staff_account where key = %s),", 1)
encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act or reading. No personal data goes in: whoever was searched for stands there as a pseudonym.

    `at`: of an act, the moment of its event; `actor`: the actor of its event; `persons`: as `pseudonyms.py` makes
    them; `count`: the records that were shown or changed; `detail`: codes and numbers.
    """

    at: datetime
    actor: str
    role: str
    act: Act
    purpose: Purpose = Purpose.CASE
    account_id: int | None = None
    case_ids: Sequence[int] = ()
    persons: Sequence[str] = ()
    count: int = 0
    detail: Mapping[str, str | int | bool] = field(default_factory=dict)

    def row(self) -> tuple[object, ...]:
        """The entry in the order of `COLUMNS`."""
        lists = list(self.case_ids), list(self.persons)
        act, purpose = self.act.value, self.purpose.value
        detail = encode(dict(self.detail)).decode()
        return self.at, self.actor, self.account_id, self.role, act, purpose, *lists, self.count, detail


def record(connection: Connection, entry: Entry) -> None:
    """Writes one entry. The caller commits."""
    connection.execute(INSERT, entry.row())


def record_by_name(connection: Connection, entry: Entry, key: str) -> None:
    """Writes one entry of the account whose name is compared so; of none where there is none."""
    at, actor, _, *others = entry.row()
    connection.execute(BY_NAME, [at, actor, key, *others])


def record_all(connection: Connection, entries: Iterable[Entry]) -> None:
    """Writes many entries. The caller commits."""
    copy(connection, "audit_entry", COLUMNS, [each.row() for each in entries])
