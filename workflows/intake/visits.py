"""The visit that a receipt's secret opens: typed once, it shows and does things for a while, of one reference alone.

A cookie names the visit; the row in the database knows the cookie by its digest. So a closed visit is over for every
copy of the cookie, and what was typed in a form waits here and in no address. Wrong secrets make everybody wait who
tries that reference, longer each time, and lock nobody out for ever.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import msgspec

from models.database import Connection
from workflows.intake.receipts import opens

IDLE, LONGEST = timedelta(minutes=10), timedelta(minutes=30)  # a phone may be lent, or lie on a counter
NOTED = timedelta(minutes=1)  # as exactly is known when a visit was last seen: a page view seldom writes
FREE_TRIES = 5  # wrong secrets in a row before the first wait
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)
FORGOTTEN = timedelta(days=1)  # after the last of them, wrong secrets count no more
MOST_SWEPT = 100  # rows that one opened visit clears away

# The row is locked until the commit, so that guesses at once are counted one after the other.
TRIED = """
    insert into wrong_secret as w (reference, tries, at) values (%(reference)s, 0, %(now)s)
    on conflict (reference) do update set tries = case when w.at < %(forgotten)s then 0 else w.tries end
    returning tries, at
"""
WRONG = "update wrong_secret set tries = tries + 1, at = %s where reference = %s"
RIGHT = "delete from wrong_secret where reference = %s"
INSERT = "insert into receipt_session (token, reference, begun_at, seen_at, draft) values (%s, %s, %s, %s, %s)"
FIND = """
    select draft::text, seen_at from receipt_session
    where token = %(token)s and reference = %(reference)s and begun_at > %(begun)s and seen_at > %(seen)s
"""
SEEN = "update receipt_session set seen_at = %s where token = %s"
DRAFT = "update receipt_session set draft = %s where token = %s"
LOCK = "select from receipt_session where token = %s for update"
END = "delete from receipt_session where token = %s"
SWEEP = """
    delete from receipt_session where token in (select token from receipt_session
        where begun_at < %s order by begun_at limit %s for update skip locked)
"""
SWEEP_WRONG = """
    delete from wrong_secret where reference in (select reference from wrong_secret
        where at < %s order by at limit %s for update skip locked)
"""


class Draft(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was typed and is not sent yet: the values of each field.

    `key`: by which a form that is sent twice is known. `lodged`: the appeal that this visit sent, to show its receipt.
    """

    typed: dict[str, list[str]] = {}
    key: str = ""
    lodged: str = ""

    def first(self, name: str) -> str:
        """The first value of a field; empty where nothing was typed."""
        return self.typed.get(name, [""])[0]


class Visit(NamedTuple):
    """A visit under way: what its cookie holds, the reference that it is about, and what was typed so far."""

    token: str
    reference: str
    draft: Draft


class Attempt(NamedTuple):
    """What came of a secret: the token of a new visit, or how long nobody may try again; neither: it was wrong."""

    token: str = ""
    wait: timedelta = timedelta(0)


def begin(connection: Connection, reference: str, secret: str, now: datetime, draft: Draft | None = None) -> Attempt:
    """Opens a visit of this reference with the secret of its receipt; counts a wrong secret. The caller commits both.

    Call it for a reference that exists: one that does not would be kept here.
    """
    asked = {"reference": reference, "now": now, "forgotten": now - FORGOTTEN}
    tries, last = connection.execute(TRIED, asked).fetchone() or (0, now)
    if (wait := last + wait_after(tries) - now) > timedelta(0):
        return Attempt(wait=wait)
    if not opens(connection, reference, secret):
        connection.execute(WRONG, [now, reference])
        return Attempt(wait=wait_after(tries + 1))
    connection.execute(RIGHT, [reference])
    sweep(connection, now)
    return Attempt(started(connection, reference, now, draft or Draft()))


def started(connection: Connection, reference: str, now: datetime, draft: Draft) -> str:
    """The token of a new visit of this reference, whose right to it was seen before."""
    token = secrets.token_urlsafe(32)
    connection.execute(INSERT, [digest(token), reference, now, now, encoded(draft)])
    return token


def wait_after(tries: int) -> timedelta:
    """How long nobody may try again after so many wrong secrets in a row."""
    if tries < FREE_TRIES:
        return timedelta(0)
    doubled: int = 2 ** min(tries - FREE_TRIES, 20)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def visit_of(connection: Connection, token: str, reference: str, now: datetime) -> Visit | None:
    """The visit of this token, if it is about this reference and not over; notes that it was seen."""
    if not token:
        return None
    asked = {"token": digest(token), "reference": reference, "begun": now - LONGEST, "seen": now - IDLE}
    row = connection.execute(FIND, asked).fetchone()
    if row is None:
        return None
    if row[1] < now - NOTED:
        connection.execute(SEEN, [now, digest(token)])
    return Visit(token, reference, msgspec.json.decode(row[0], type=Draft) if row[0] else Draft())


def lock(connection: Connection, token: str) -> None:
    """Has another request of the same visit wait: of two presses of a button the second sees what the first did."""
    connection.execute(LOCK, [digest(token)])


def keep_draft(connection: Connection, token: str, draft: Draft) -> None:
    """Keeps what was typed."""
    connection.execute(DRAFT, [encoded(draft), digest(token)])


def end(connection: Connection, token: str) -> None:
    """Ends a visit, for every copy of its cookie."""
    connection.execute(END, [digest(token)])


def sweep(connection: Connection, now: datetime, most: int = MOST_SWEPT) -> int:
    """Deletes visits that are over, and wrong secrets of long ago; returns the number of visits."""
    connection.execute(SWEEP_WRONG, [now - FORGOTTEN, most])
    return connection.execute(SWEEP, [now - LONGEST, most]).rowcount


def digest(token: str) -> bytes:
    """How the database knows a token."""
    return sha256(token.encode()).digest()


def encoded(draft: Draft) -> str:
    """A draft as it is kept."""
    return msgspec.json.encode(draft).decode()
