"""Who has a case open to decide it. Others see it and may still read; it binds nobody, as the version of the case does.

Whoever decides on an older version is told so, whether or not they had the lock.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from models.database import Connection
from workflows.staff.guard import Acting
from workflows.staff.signatures import OFFICER, pseudonym

FOR = timedelta(minutes=10)  # since it was last used (assumed)
TAKE = """
    insert into desk_lock (case_id, holder, until) values (%(case_id)s, %(me)s, %(until)s)
    on conflict (case_id) do update set holder = excluded.holder, until = excluded.until
        where desk_lock.holder = excluded.holder or desk_lock.until <= %(now)s
    returning holder, until
"""
READ = "select holder, until from desk_lock where case_id = %s and until > %s"
RELEASE = "delete from desk_lock where case_id = %s and holder = %s"


class Lock(NamedTuple):
    """Who has a case open (a pseudonym), and until when."""

    holder: str
    until: datetime


def open_to_decide(connection: Connection, who: Acting, case_id: int, now: datetime) -> Lock:
    """Opens a case for somebody, or keeps it open for them; returns who has it open, which may be another one."""
    given = {"case_id": case_id, "me": pseudonym(OFFICER, who.name), "until": now + FOR, "now": now}
    row = connection.execute(TAKE, given).fetchone()
    return Lock(*row) if row else lock_of(connection, case_id, now) or open_to_decide(connection, who, case_id, now)


def lock_of(connection: Connection, case_id: int, now: datetime) -> Lock | None:
    """Who has a case open; None where nobody has."""
    row = connection.execute(READ, [case_id, now]).fetchone()
    return Lock(*row) if row else None


def close(connection: Connection, who: Acting, case_id: int) -> None:
    """Closes a case for somebody who had it open."""
    connection.execute(RELEASE, [case_id, pseudonym(OFFICER, who.name)])
