"""The visit that a receipt's secret opens, or a code by SMS: it shows and does things for a while.

The secret opens one reference alone, a code all cases of its household, for as long as its number is the household's.

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
from workflows.intake.phones import PHONE_OF, number_key
from workflows.intake.receipts import opens

Lasts = tuple[timedelta, timedelta]  # for how long without a page, and in all
IDLE, LONGEST = timedelta(minutes=10), timedelta(minutes=30)  # a phone may be lent, or lie on a counter
OWN = timedelta(minutes=30), timedelta(hours=12)  # the same on a phone that nobody else uses, as its reader says
APPLYING = timedelta(minutes=30), timedelta(hours=3)  # the same for who fills in an application: papers must be found
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
LAST = "select tries, at from wrong_secret where reference = %s and tries > 0 and at >= %s"
RIGHT = "delete from wrong_secret where reference = %s"
INSERT = """
    insert into receipt_session (token, reference, begun_at, seen_at, draft, household_id, own_phone, number_keys)
    values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
# A visit of a household is of any case of it. The database has no key: we compare the phone that it has now.
FIND = f"""
    select reference, draft::text, seen_at, household_id is not null, number_keys,
        case when household_id is not null then ({PHONE_OF}) end
    from receipt_session
    where token = %(token)s
        and begun_at > case when own_phone then least(%(begun)s, %(own_begun)s) else %(begun)s end
        and seen_at > case when own_phone then least(%(seen)s, %(own_seen)s) else %(seen)s end
        and (reference = %(reference)s or household_id = (
            select c.household_id from receipt r join cases c on c.id = r.case_id where r.reference = %(reference)s
        ))
"""
ABOUT = "select reference from receipt_session where token = %s"
TURN = "update receipt_session set reference = %s, draft = null where token = %s"
# On a phone of their own the visit lasts as long in all as it would have.
GO_ON_TO = """
    update receipt_session set token = %(new)s, reference = %(reference)s, draft = null, seen_at = %(now)s,
        begun_at = case when own_phone then begun_at else %(now)s end
    where token = %(token)s returning own_phone
"""
SHOWN = "update receipt_session set number_keys = number_keys || %s where token = %s and number_keys is not null"
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
    `to`: the page on which it was typed, where several pages ask by the same names.
    """

    typed: dict[str, list[str]] = {}
    key: str = ""
    lodged: str = ""
    to: str = ""

    def first(self, name: str) -> str:
        """The first value of a field; empty where nothing was typed."""
        return self.typed.get(name, [""])[0]


class Visit(NamedTuple):
    """A visit under way: what its cookie holds, the reference that it is about, and what was typed so far."""

    token: str
    reference: str
    draft: Draft
    by_code: bool = False  # a code by SMS opened it, for all cases of the household


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


def last_wrong(connection: Connection, reference: str, now: datetime) -> Attempt | None:
    """What came of the last secret, for a page that says so once more; None where it was right, or none was given."""
    row = connection.execute(LAST, [reference, now - FORGOTTEN]).fetchone()
    return Attempt(wait=max(row[1] + wait_after(row[0]) - now, timedelta(0))) if row else None


def started(  # noqa: PLR0913 - a visit is of one case, or by a code of a whole household
    connection: Connection,
    reference: str,
    now: datetime,
    draft: Draft,
    household_id: int | None = None,
    *,
    own_phone: bool = False,
    number: bytes | None = None,
) -> str:
    """The token of a new visit of this reference, or of all cases of a household, whose right to it was seen before.

    `number`: the keyed digest of the number whose code opened it.
    """
    token = secrets.token_urlsafe(32)
    of_household = (household_id, own_phone, [number] if number else None)
    connection.execute(INSERT, [digest(token), reference, now, now, encoded(draft), *of_household])
    return token


def go_on_to(connection: Connection, visit: Visit, reference: str, now: datetime) -> tuple[str, timedelta]:
    """The token of the visit that takes this one's place, about what was just sent in it, and how long it may last.

    Whoever sent it is shown its secret, and need not type it.
    """
    token = secrets.token_urlsafe(32)
    asked = {"new": digest(token), "reference": reference, "now": now, "token": digest(visit.token)}
    row = connection.execute(GO_ON_TO, asked).fetchone()
    return token, OWN[1] if row and row[0] else LONGEST


def wait_after(tries: int) -> timedelta:
    """How long nobody may try again after so many wrong secrets in a row."""
    if tries < FREE_TRIES:
        return timedelta(0)
    doubled: int = 2 ** min(tries - FREE_TRIES, 20)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def visit_of(
    connection: Connection, token: str, reference: str, now: datetime, lasts: Lasts = (IDLE, LONGEST)
) -> Visit | None:
    """The visit of this token, if it is about this reference and not over; notes that it was seen.

    One that a code opened is over once the household has another phone, but for one that was shown in it.

    A household that goes on to another case of its own leaves there what it typed about the one before.
    """
    if not token:
        return None
    (idle, longest), (own_idle, own_longest) = lasts, OWN
    asked = {"token": digest(token), "reference": reference, "begun": now - longest, "seen": now - idle}
    asked |= {"own_begun": now - own_longest, "own_seen": now - own_idle}
    row = connection.execute(FIND, asked).fetchone()
    if row is None:
        return None
    about, draft, seen_at, by_code, numbers, phone = row
    if by_code and not (phone and number_key(phone) in (numbers or ())):
        return None
    if about != reference:
        connection.execute(TURN, [reference, digest(token)])
        draft = None
    if seen_at < now - NOTED:
        connection.execute(SEEN, [now, digest(token)])
    return Visit(token, reference, msgspec.json.decode(draft, type=Draft) if draft else Draft(), by_code)


def about(connection: Connection, token: str) -> str:
    """The reference that a visit is about, be it over; empty where there is no such visit."""
    row = connection.execute(ABOUT, [digest(token)]).fetchone() if token else None
    return row[0] if row else ""


def lock(connection: Connection, token: str) -> None:
    """Has another request of the same visit wait: of two presses of a button the second sees what the first did."""
    connection.execute(LOCK, [digest(token)])


def also_shown(connection: Connection, token: str, phone: str) -> None:
    """Notes that a code showed this phone in a visit that a code opened, which goes on when it is the household's."""
    connection.execute(SHOWN, [[number_key(phone)], digest(token)])


def keep_draft(connection: Connection, token: str, draft: Draft) -> None:
    """Keeps what was typed."""
    connection.execute(DRAFT, [encoded(draft), digest(token)])


def end(connection: Connection, token: str) -> None:
    """Ends a visit, for every copy of its cookie."""
    connection.execute(END, [digest(token)])


def sweep(connection: Connection, now: datetime, most: int = MOST_SWEPT) -> int:
    """Deletes visits that are over, and wrong secrets of long ago; returns the number of visits."""
    connection.execute(SWEEP_WRONG, [now - FORGOTTEN, most])
    return connection.execute(SWEEP, [now - max(LONGEST, *APPLYING, *OWN), most]).rowcount


def digest(token: str) -> bytes:
    """How the database knows a token."""
    return sha256(token.encode()).digest()


def encoded(draft: Draft) -> str:
    """A draft as it is kept."""
    return msgspec.json.encode(draft).decode()
