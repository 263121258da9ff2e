"""Sessions of the staff: rows that end by themselves, by hand at once, and with every change of the account."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from models.database import Connection
from workflows.staff.guard import Acting
from workflows.staff.roles import Grant, Territory

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)  # a day's work
SIGNING_IN = timedelta(minutes=10)  # a session that is not complete
NOTED = timedelta(minutes=1)  # how exactly it is kept when a session was used last
BEGIN = """
    insert into staff_session (digest, account_id, owes, began_at, seen_at) values (%s, %s, %s, %s, %s)
"""
FIND = """
    select a.id, a.name, s.owes, s.began_at, s.seen_at
    from staff_session s join staff_account a on a.id = s.account_id
    where s.digest = %s and s.ended_at is null and a.locked_at is null
"""
WHOSE = """
    select a.id from staff_session s join staff_account a on a.id = s.account_id
    where s.digest = %s and s.owes is null and a.locked_at is null
"""
GRANTS = "select role, region, province from staff_role where account_id = %s order by id"
SEEN = "update staff_session set seen_at = %s where digest = %s and ended_at is null"
END = "update staff_session set ended_at = %s where digest = %s and ended_at is null returning account_id"
END_ALL = "update staff_session set ended_at = %s where account_id = %s and ended_at is null"


@dataclass(frozen=True, slots=True)
class Session:
    """A session that lasts: whose it is, what of the sign-in it owes (None: it is complete), and when it ends."""

    acting: Acting
    owes: str | None
    digest: bytes
    ends_at: datetime


def begin(connection: Connection, account_id: int, now: datetime, owes: str | None = None) -> str:
    """Begins a session; returns its token, of which only the digest is kept."""
    token = secrets.token_urlsafe(32)
    connection.execute(BEGIN, [digest_of(token), account_id, owes, now, now])
    return token


def session_of(connection: Connection, token: str, now: datetime, *, used: bool = True) -> Session | None:
    """The session of a token; None where it has ended, or its account is locked.

    It counts as used now, unless nobody uses it: a page that refreshes itself keeps no session alive.
    """
    digest = digest_of(token)
    row = connection.execute(FIND, [digest]).fetchone()
    if row is None:
        return None
    account_id, name, owes, began_at, seen_at = row
    ends_at = min(began_at + (SIGNING_IN if owes else LONGEST), seen_at + IDLE)
    if now >= ends_at:
        return None
    if used and now - seen_at >= NOTED:
        connection.execute(SEEN, [now, digest])
    return Session(Acting(name, account_id, grants_of(connection, account_id)), owes, digest, ends_at)


def account_of(connection: Connection, token: str) -> int | None:
    """The account whose session it is or was; None for a token that never was one, and for a locked account."""
    row = connection.execute(WHOSE, [digest_of(token)]).fetchone()
    return row[0] if row else None


def grants_of(connection: Connection, account_id: int) -> tuple[Grant, ...]:
    """The roles of an account, as they are now."""
    return tuple(
        Grant(role, Territory(region, province))
        for role, region, province in connection.execute(GRANTS, [account_id]).fetchall()
    )


def end(connection: Connection, token: str, now: datetime) -> int | None:
    """Ends a session; returns the account whose it was, None where it had ended."""
    row = connection.execute(END, [now, digest_of(token)]).fetchone()
    return row[0] if row else None


def end_all(connection: Connection, account_id: int, now: datetime) -> int:
    """Ends every session of an account at once; returns how many."""
    return connection.execute(END_ALL, [now, account_id]).rowcount


def digest_of(token: str) -> bytes:
    """What is kept of a token: it has 256 random bits, so a plain digest is enough."""
    return sha256(token.encode()).digest()
