"""Accounts of the staff for tests, and how they sign in through the pages as a person does."""

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import pyotp
from litestar import Litestar
from litestar.testing import TestClient

from models import clock
from models.database import transaction
from sijil.acting import keep_token
from web.console.cookies import SESSION
from web.console.forms import form_token
from workflows.staff import accounts, passwords, second_factor, sessions
from workflows.staff.guard import Acting
from workflows.staff.roles import COUNTRY, Grant, Territory

PASSWORD = "a few words that nobody knows"
APP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
Client = TestClient[Litestar]


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    name: str
    account: int


@cache
def kept_password() -> str:
    """The hash of the one password, which takes its time once."""
    return passwords.hashed(PASSWORD)


def a_person(name: str, *roles: str, within: Territory = COUNTRY, app: bool = True) -> Person:
    """An account with these roles, a chosen password and, unless it says so, an authenticator."""
    with transaction() as connection:
        provider = ("test", name)  # makes no password to hand on, which would take its time
        made, _ = accounts.add(connection, name, [Grant(role, within) for role in roles], clock.now(), provider)
        connection.execute(
            "update staff_account set issuer = null, subject = null, password = %s, app_secret = %s where id = %s",
            [kept_password(), second_factor.seal(made.id, APP_SECRET) if app else None, made.id],
        )
    return Person(made.name, made.id)


def an_acting(name: str, role: str, within: Territory = COUNTRY) -> Acting:
    """Somebody with an account that nobody signs in to, as the guard knows them."""
    grants = (Grant(role, within),)
    with transaction() as connection:
        made, _ = accounts.add(connection, name, grants, clock.now(), ("test", name))
    return Acting(made.name, made.id, grants)


def token_in(page: str) -> str:
    """The token of the forms of a page."""
    found = re.search(r'name="token" value="([0-9a-f]+)"', page)
    assert found, page
    return found[1]


def code_now(back: int = 0) -> str:
    """The code that the authenticator shows now, or showed some steps ago."""
    return pyotp.TOTP(APP_SECRET).at(clock.now() - timedelta(seconds=30 * back))


def sign_in(client: Client, person: Person, where: str = "/console") -> str:
    """Signs a browser in, by the forms; returns the page to which that led."""
    page = client.get("/console/sign-in", params={"next": where}).text
    form = {"token": token_in(page), "name": person.name, "password": PASSWORD, "next": where}
    asked = client.post("/console/sign-in", data=form)
    assert "/console/sign-in/code" in str(asked.url), asked.text
    form = {"token": token_in(asked.text), "code": code_now(), "next": where}
    shown = client.post("/console/sign-in/code", data=form)
    assert (shown.status_code, str(shown.url).endswith(where)) == (200, True), shown.text
    with transaction() as connection:  # of the same half minute, another sign-in of a test needs the code again
        connection.execute("update staff_account set app_step = 0 where id = %s", [person.account])
    return shown.text


def in_shell(person: Person) -> None:
    """Signs the shell of this test in, without the password and the code."""
    with transaction() as connection:
        keep_token(sessions.begin(connection, person.account, clock.now()))


def signed_in(client: Client, person: Person) -> str:
    """Puts a session into a browser, without the password and the code; returns the token of its forms."""
    with transaction() as connection:
        token = sessions.begin(connection, person.account, clock.now())
    client.cookies.clear()
    client.cookies.set(SESSION, token)
    return form_token(sessions.digest_of(token))
