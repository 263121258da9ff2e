"""Signing in to a local account, step by step: the password, a code, and what is owed at the first time.

A session begins when the password is right, and may do nothing until nothing is owed; then it is replaced by a new one.
"""

from datetime import datetime
from typing import NamedTuple

from models.database import Connection, transaction
from models.errors import NotFound, Refused, Unavailable
from models.settings import settings
from workflows.audit.acts import Act, Purpose
from workflows.staff import sessions, throttle
from workflows.staff.accounts import Account, find_account, keep_password, stands
from workflows.staff.noting import Doing, note_act
from workflows.staff.passwords import hashed, is_right, require_good
from workflows.staff.second_factor import enrol_app, step_of, use_code
from workflows.staff.sessions import Session
from workflows.staff.signatures import OFFICER, pseudonym

CODE, PASSWORD, APP = "code", "password", "app"  # what may be owed: a code, a password of one's own, an authenticator
WRONG = "The name, the password or the code is not right."


class SignedIn(NamedTuple):
    """A session that began, and what it owes before it is complete (None: nothing)."""

    token: str
    owed: str | None
    name: str


class Attempt(NamedTuple):
    """Who tries: the name that was typed, the address that it comes from, and a device that is known for it."""

    name: str
    address: str
    device: str = ""


def sign_in(attempt: Attempt, password: str, now: datetime) -> SignedIn:
    """Begins a session for a name and its password. Three transactions: no password is tried while one is open.

    Raises Refused, in the same words for an unknown name as for a wrong password, and where a try has to wait.
    """
    if settings().local_accounts == "off":
        raise Refused("no_local_accounts", "Nobody signs in by a password here. Sign in at the identity provider.")
    counted = throttle.counters(*attempt)
    with transaction() as connection:
        throttle.count_try(connection, counted, now)
        try:
            account = find_account(connection, attempt.name)
        except NotFound:
            account = None
    right = tried(password, account, counted, now)
    if right and account is not None and not is_closed(account, now):
        with transaction() as connection:
            if stands(connection, account):  # nobody locked or reset it while the password was tried
                return begin_with_password(connection, account, counted, now)
    note_refused(account, now)
    raise Refused("wrong_sign_in", WRONG)


def tried(password: str, account: Account | None, counted: list[throttle.Counter], now: datetime) -> bool:
    """Whether the password is right. Raises Unavailable where too many try at once: then it was no try."""
    try:
        return is_right(password, account.password if account else None)
    except Unavailable:
        with transaction() as connection:
            throttle.take_back(connection, counted, now)
        raise


def begin_with_password(
    connection: Connection, account: Account, counted: list[throttle.Counter], now: datetime
) -> SignedIn:
    """Begins a session of somebody whose password is right, and takes back the try."""
    throttle.take_back(connection, counted, now)
    owed = owed_by(account, CODE if account.app else None)
    if owed != CODE:
        throttle.forget(connection, counted)
    return begin_session(connection, account, owed, now)


def begin_session(connection: Connection, account: Account, owed: str | None, now: datetime) -> SignedIn:
    """Begins a session of somebody who proved who they are; the audit notes it once nothing is owed any more."""
    if owed is None:
        note_act(connection, pseudonym(OFFICER, account.name), account.name, doing(Act.SIGN_IN, now))
    return SignedIn(sessions.begin(connection, account.id, now, owed), owed, account.name)


def sign_out(connection: Connection, token: str, now: datetime) -> bool:
    """Ends a session because its owner says so; whether it lasted still."""
    session = sessions.session_of(connection, token, now)
    ended = sessions.end(connection, token, now) is not None
    if session and ended:
        name = session.acting.name
        note_act(connection, pseudonym(OFFICER, name), name, doing(Act.SIGN_OUT, now))
    return ended


def note_refused(account: Account | None, now: datetime) -> None:
    """Notes that somebody could not sign in to an account that there is."""
    if account is not None:
        with transaction() as connection:
            note_act(connection, pseudonym(OFFICER, account.name), account.name, doing(Act.SIGN_IN_REFUSED, now))


def doing(act: Act, now: datetime) -> Doing:
    """What the audit says of a sign-in."""
    return Doing(act, now, purpose=Purpose.OPERATION)


def is_closed(account: Account, now: datetime) -> bool:
    """Whether nobody signs in to it: it is locked, or the password that was handed on is too old."""
    return account.locked_at is not None or (account.password_until is not None and now >= account.password_until)


def owed_by(account: Account, first: str | None = None) -> str | None:
    """What a sign-in to this account owes next, once its code is given."""
    if first:
        return first
    if account.password_until is not None:
        return PASSWORD
    if account.app is None and settings().second_factor == "required":
        return APP
    return None


def go_on(connection: Connection, token: str, name: str, now: datetime, *, alone: bool = False) -> SignedIn:
    """Replaces a session by its next one: each step has a token of its own. Raises Refused where it ended meanwhile.

    `alone`: every other session of the account ends, too. They began by what this step replaces.
    """
    if sessions.end(connection, token, now) is None:
        raise Refused("session_ended", "The sign-in took too long. Begin again.")
    account = find_account(connection, name)
    if alone:
        sessions.end_all(connection, account.id, now)
    owed = owed_by(account)
    return begin_session(connection, account, owed, now)


def require_owed(session: Session, step: str) -> None:
    """Raises Refused for a step that the sign-in does not owe now."""
    if session.owes != step:
        raise Refused("not_owed", "This step of the sign-in is done, or not yet due.")


def give_code(session: Session, token: str, attempt: Attempt, code: str, now: datetime) -> SignedIn:
    """Takes the code of the authenticator, or one for recovery. Raises Refused where it is wrong or was used."""
    require_owed(session, CODE)
    counted = throttle.counters(*attempt)
    with transaction() as connection:
        throttle.count_try(connection, counted, now)
    with transaction() as connection:
        account = find_account(connection, session.acting.name)
        if account.app is not None and use_code(connection, account.id, account.app, code, now):
            throttle.take_back(connection, counted, now)
            throttle.forget(connection, counted)
            return go_on(connection, token, account.name, now)
    note_refused(account, now)
    raise Refused("wrong_code", "This code is not right, or was used before. Wait for the next one.")


def give_password(session: Session, token: str, password: str, now: datetime) -> SignedIn:
    """Takes the password that a person chooses in place of the one that was handed on. Raises Refused."""
    require_owed(session, PASSWORD)
    with transaction() as connection:
        account = find_account(connection, session.acting.name)
    if is_right(password, account.password):
        raise Refused("bad_password", "Choose another password than the one that was handed to you.")
    require_good(password, account.name)
    kept = hashed(password)
    with transaction() as connection:
        keep_password(connection, account.id, kept)
        return go_on(connection, token, account.name, now, alone=True)


def give_app(session: Session, token: str, secret: str, code: str, now: datetime) -> tuple[SignedIn, list[str]]:
    """Keeps an authenticator whose code was shown; returns the recovery codes, too. Raises Refused for a wrong code."""
    require_owed(session, APP)
    step = step_of(secret, code, now)
    if step is None:
        raise Refused("wrong_code", "This is not the code that the app shows now. Check the clock of the phone.")
    with transaction() as connection:
        account = find_account(connection, session.acting.name)
        codes = enrol_app(connection, account.id, secret, step)
        return go_on(connection, token, account.name, now, alone=True), codes
