"""Codes by SMS: whoever types one has the phone of a household at hand.

A code opens the household's file in place of the receipt's secret, and proves the phone of who applies. It is kept
nowhere: it follows from the token of the browser that asked and the installation's key. It serves once, for a quarter
of an hour, for five tries, in that browser alone. Whoever asks for an unknown household gets the same answers.
"""

import hmac
import secrets
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

from psycopg.errors import UniqueViolation

from models.database import Connection
from models.errors import NotFound, Refused
from models.settings import settings
from workflows.casework.changes import registered_household
from workflows.engine.load import CaseRow
from workflows.flows.registration import FLOW
from workflows.identifiers.typed import identifier
from workflows.intake.phones import key_of, number_key, phone_of
from workflows.intake.receipts import find, is_whole, normal
from workflows.staff.throttle import network_of

LIFE = timedelta(minutes=15)
TRIES = 5
APART, A_DAY = timedelta(seconds=60), 5  # codes for one number
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Of requests at once for one number the second sees what the first did.
IN_TURN = "select pg_advisory_xact_lock(%s)"
OF_NUMBER = "select count(*), max(at) from phone_code where number_key = %s and at > %s and status <> 'none'"
# They count no further than the limit.
FROM_ADDRESS = """
    select count(*) from (select from phone_code where address_key = %s and at > %s limit %s) as asked
"""
OF_ALL = "select count(*) from (select from phone_code where at > %s and number_key is not null limit %s) as sent"
INSERT = """
    insert into phone_code (token, reference, recipient, number_key, address_key, language, own_phone, status, at)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
FRESH = """
    select true from phone_code where token = %s and at > %s and status in ('none', 'owed', 'sent') and tries = 0
        and reference is not distinct from %s and number_key is not distinct from %s
"""
FORGET = "delete from phone_code where token = %s"
ASKED = "select reference, number_key, own_phone, at from phone_code where token = %s"
TRY = """
    update phone_code set tries = tries + 1
    where token = %s and status <> 'used' and tries < %s and at > %s
    returning reference, number_key, own_phone, tries
"""
LAST = "select status, tries, at from phone_code where token = %s"
USE = "update phone_code set status = 'used' where token = %s"
# The registration that a person declared: of the household that the register has, else one that is under way.
OF_DECLARANT = """
    select r.reference from person_claim p join household h on h.id = p.household_id
    join receipt r on r.case_id = h.registered_by where p.idcs = %(idcs)s
    union all
    select r.reference from cases c join receipt r on r.case_id = c.id
    where c.open and c.kind = 'registration' and c.proved_at is not null and c.applicant_idcs = %(idcs)s
    limit 1
"""
HOUSEHOLD_OF = "select c.household_id from receipt r join cases c on c.id = r.case_id where r.reference = %s"
# It stays without proof where another one that is proved is under way: one of the two is a mistake, or worse.
PROVE = """
    update cases set proved_at = %(now)s where id = (select case_id from receipt where reference = %(reference)s)
        and kind = %(kind)s and proved_at is null and not (open and exists (
            select from cases other where other.open and other.kind = %(kind)s and other.proved_at is not null
                and other.applicant_idcs = cases.applicant_idcs
        ))
"""


class TooManyCodes(Exception):
    """Of one network or of all citizens, more codes were asked for within the hour than are given."""


class Wanted(NamedTuple):
    """A code that is asked for: what it opens, the number that gets it (none: nobody does), and who asks."""

    reference: str | None
    phone: str | None
    language: str
    address: str
    own_phone: bool = False


class Verdict(Enum):
    """What a typed code is."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"  # used, tried too often, too old, or never asked for


class Tried(NamedTuple):
    """What came of a try: what the code opens where it is right, and how many tries are left where it is wrong.

    `number`: the keyed digest of the number that the code went to.
    """

    verdict: Verdict
    reference: str = ""
    own_phone: bool = False
    left: int = 0
    number: bytes = b""


def ask(connection: Connection, wanted: Wanted, now: datetime, before: str = "") -> str:
    """Asks for a code; returns the token of the browser that may type it. `before`: its token so far, which ends,
    unless it asked for the same a moment ago: the message is on its way.

    A number that got one a minute ago, or five within a day, gets none, and nobody is told so: else everybody could
    learn which household is known. Raises TooManyCodes where too many are asked for from one network, or at all. The
    caller commits, and then wakes the deliverer.
    """
    number = number_key(wanted.phone) if wanted.phone else None
    if before and connection.execute(FRESH, [digest(before), now - APART, wanted.reference, number]).fetchone():
        return before
    address_key = key_of(f"address:{network_of(wanted.address)}")
    refuse_too_many(connection, address_key, now)
    connection.execute(FORGET, [digest(before)])
    token = secrets.token_urlsafe(32)
    status = "owed" if number and may_send(connection, number, now) else "none"
    recipient = wanted.phone if status == "owed" else None
    row = (wanted.reference, recipient, number, address_key, wanted.language, wanted.own_phone, status, now)
    connection.execute(INSERT, [digest(token), *row])
    return token


def refuse_too_many(connection: Connection, address_key: bytes, now: datetime) -> None:
    """Raises TooManyCodes where none is given for a while: SMS cost money, and thieves of it ask for many."""
    limits = settings()
    (from_here,) = connection.execute(
        FROM_ADDRESS, [address_key, now - HOUR, limits.codes_from_network]
    ).fetchone() or (0,)
    (sent,) = connection.execute(OF_ALL, [now - HOUR, limits.codes_an_hour]).fetchone() or (0,)
    if from_here >= limits.codes_from_network or sent >= limits.codes_an_hour:
        raise TooManyCodes


def may_send(connection: Connection, number: bytes, now: datetime) -> bool:
    """Whether this number may get another code now."""
    connection.execute(IN_TURN, [int.from_bytes(number[:8], "big", signed=True)])
    count, last = connection.execute(OF_NUMBER, [number, now - DAY]).fetchone() or (0, None)
    return count < A_DAY and (last is None or last <= now - APART)


def try_code(connection: Connection, token: str, typed: str, now: datetime) -> Tried:
    """Tries a code, and counts the try: of a thousand at once five count. The caller commits whatever comes of it."""
    row = connection.execute(TRY, [digest(token), TRIES, now - LIFE]).fetchone()
    if row is None:
        return Tried(Verdict.OVER)
    reference, number, own_phone, tries = row
    if number is None or not hmac.compare_digest(code_of(digest(token)).encode(), digits_in(typed).encode()):
        return Tried(Verdict.WRONG, left=TRIES - tries) if tries < TRIES else Tried(Verdict.OVER)
    connection.execute(USE, [digest(token)])
    return Tried(Verdict.RIGHT, reference or "", own_phone, number=number)


def last_try(connection: Connection, token: str, now: datetime) -> Tried | None:
    """What came of the last try of this browser's code, for a page that says so once more; None: none was tried."""
    row = connection.execute(LAST, [digest(token)]).fetchone()
    if row is None:
        return Tried(Verdict.OVER)
    status, tries, at = row
    if status == "used" or tries >= TRIES or at <= now - LIFE:
        return Tried(Verdict.OVER)
    return Tried(Verdict.WRONG, left=TRIES - tries) if tries else None


def try_to_open(connection: Connection, token: str, typed: str, now: datetime) -> Tried:
    """Tries a code that is to open a household's file. It opens none unless it went to the phone that the file has now.

    Whoever applies or changes a number gets codes of the same kind for numbers of their own, which show that number
    alone.
    """
    tried = try_code(connection, token, typed, now)
    if tried.verdict is not Verdict.RIGHT:
        return tried
    phone = phone_of(connection, tried.reference)
    return tried if phone and tried.number == number_key(phone) else Tried(Verdict.OVER)


def asked_for(connection: Connection, token: str, reference: str, phone: str) -> bool:
    """Whether this browser asked for a code of this number for this application."""
    row = connection.execute(ASKED, [digest(token)]).fetchone()
    return row is not None and row[0] == reference and row[1] == number_key(phone)


def prove(connection: Connection, reference: str, now: datetime) -> None:
    """Notes that the household of a registration has its phone at hand; of two of a person at once one is noted."""
    connection.execute("savepoint unproved")
    try:
        connection.execute(PROVE, {"reference": reference, "kind": FLOW.kind, "now": now})
    except UniqueViolation:
        connection.execute("rollback to savepoint unproved")


def reached_at(connection: Connection, typed: str) -> tuple[str | None, str | None]:
    """The reference and the phone of what was typed, a reference or the declarant's identifier; None for what is not
    known, or has no phone. Raises NotAnIdentifier.
    """
    if is_whole(typed):
        idcs, reference = None, normal(typed)
    else:
        idcs = identifier(typed)
        row = connection.execute(OF_DECLARANT, {"idcs": idcs}).fetchone()
        reference = row[0] if row else ""
    try:
        case = find(connection, reference)
    except NotFound:
        return None, None
    if idcs and not is_declarant(connection, case, idcs):
        return None, None
    return reference, phone_of(connection, reference)


def is_declarant(connection: Connection, case: CaseRow, idcs: str) -> bool:
    """Whether this person declared the household as it is registered; true where it is not registered."""
    try:
        return registered_household(connection, case).declaration.declarant.idcs == idcs
    except Refused:
        return True


def household_of(connection: Connection, reference: str) -> int | None:
    """The household of a case."""
    row = connection.execute(HOUSEHOLD_OF, [reference]).fetchone()
    return row[0] if row else None


def code_of(token: bytes) -> str:
    """The six digits that belong to a token, by its digest."""
    made = hmac.digest(settings().key(), b"code\0" + token, sha256)
    return f"{int.from_bytes(made[:8], 'big') % 1_000_000:06}"


def digits_in(typed: str) -> str:
    """The digits of what was typed, of any script, without blanks and marks."""
    return "".join(str(int(each)) for each in typed[:100] if each.isdecimal())


def digest(token: str) -> bytes:
    """How the database knows a token."""
    return sha256(token.encode()).digest()
