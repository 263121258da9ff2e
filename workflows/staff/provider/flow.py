"""A sign-in at the identity provider: it begins here, goes on there, and its answer counts once, in the same browser.

No transaction is open while the provider is asked.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from models.database import Connection, transaction
from models.errors import Refused
from models.settings import settings
from workflows.staff.accounts import Account, find_account, stands
from workflows.staff.provider.calls import turn
from workflows.staff.provider.client import exchange, leaving_address, meant, request_address
from workflows.staff.provider.discovery import Metadata, provider
from workflows.staff.provider.id_tokens import Expected, subject_in
from workflows.staff.sessions import digest_of
from workflows.staff.sign_in import SignedIn, begin_session, note_refused

LASTS = timedelta(minutes=10)
LONGEST = 4000  # characters of a code
KEEP = """
    insert into sign_in_flow (state, browser, verifier, nonce, next, begun_at) values (%s, %s, %s, %s, %s, %s)
"""
TAKE = """
    delete from sign_in_flow where state = %s and browser = %s and begun_at > %s returning verifier, nonce, next
"""
FORGET = """
    delete from sign_in_flow where state in (
        select state from sign_in_flow where begun_at <= %s order by begun_at limit 100 for update skip locked
    )
"""
FIND = "select name from staff_account where issuer = %s and subject = %s"
WHOSE = "select issuer from staff_account where id = %s"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider's answer has in its address; '' for what it has not."""

    state: str = ""
    code: str = ""
    error: str = ""
    issuer: str = ""


class Flow(NamedTuple):
    """A sign-in that began."""

    verifier: str
    nonce: str
    next: str


class UnknownPerson(Refused):
    """Somebody whom the provider proves, and who has no account here. `subject`: who they are there."""

    def __init__(self, subject: str) -> None:
        super().__init__("unknown_person", "The provider knows this person, but no account is theirs.")
        self.subject = subject


def begin(browser: str, next_page: str, now: datetime) -> str:
    """Begins a sign-in of this browser; returns the address at the provider. Raises ProviderAway."""
    with turn():
        metadata = provider().metadata()
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    with transaction() as connection:
        connection.execute(FORGET, [now - LASTS])
        connection.execute(KEEP, [digest_of(state), digest_of(browser), verifier, nonce, next_page, now])
    return request_address(metadata, state, nonce, verifier)


def finish(answer: Answer, browser: str, now: datetime) -> tuple[SignedIn, str]:
    """The session of whom the provider proved, and where they wanted to go.

    Raises Refused for an answer that this browser did not ask for or that came before, for one that proves nothing,
    and for a person without an open account; and ProviderAway. Nothing is begun then.
    """
    flow = take(answer.state, browser, now)
    with turn():
        subject = proved(answer, flow, now)
    account = account_of(subject)
    if account.locked_at is None:
        with transaction() as connection:
            if stands(connection, account):
                return begin_session(connection, account, None, now), flow.next
    note_refused(account, now)
    raise Refused("locked", "This account is locked.")


def account_of(subject: str) -> Account:
    """The account of a person whom the provider knows so. Raises UnknownPerson."""
    with transaction() as connection:
        row = connection.execute(FIND, [settings().oidc_issuer, subject]).fetchone()
        if row is None:
            raise UnknownPerson(subject)
        return find_account(connection, row[0])


def take(state: str, browser: str, now: datetime) -> Flow:
    """The sign-in that this browser began with this state, once. Raises Refused."""
    with transaction() as connection:
        row = connection.execute(TAKE, [digest_of(state), digest_of(browser), now - LASTS]).fetchone()
    if row is None:
        raise Refused("no_such_sign_in", "This browser began no such sign-in, or its answer came before.")
    return Flow(*row)


def proved(answer: Answer, flow: Flow, now: datetime) -> str:
    """The subject whom the provider proves by the token that it gives for its code. Raises Refused and ProviderAway."""
    metadata = provider().metadata()
    require_code(answer, metadata)
    token, access_token = exchange(metadata, answer.code, flow.verifier)
    acr = settings().oidc_acr.split()
    expected = Expected(metadata.issuer, settings().oidc_client_id, flow.nonce, access_token, acr)
    return subject_in(token, provider().key_of, expected, now)


def require_code(answer: Answer, metadata: Metadata) -> None:
    """Raises Refused, or ProviderAway, for an answer without a code, and for one of another provider (RFC 9207)."""
    if answer.issuer != metadata.issuer and (answer.issuer or metadata.authorization_response_iss_parameter_supported):
        raise Refused("bad_proof", "iss")
    if answer.error:
        raise meant(answer.error)
    if not 0 < len(answer.code) <= LONGEST:
        raise Refused("bad_proof", "code")


def leaving() -> str:
    """The address at which the provider ends its own session; '' where it has none. Raises ProviderAway."""
    with turn():
        return leaving_address(provider().metadata())


def is_of_provider(connection: Connection, account_id: int | None) -> bool:
    """Whether an account signs in at the provider that is set now."""
    row = connection.execute(WHOSE, [account_id]).fetchone()
    return bool(row and row[0] and row[0] == settings().oidc_issuer)
