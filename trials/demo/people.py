"""Accounts to try the console of a demo with: one for each role, two where a decision takes two people."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from models.database import Connection, transaction
from models.errors import NotFound
from models.staff import ROLES
from workflows.staff import accounts
from workflows.staff.passwords import hashed, new_password
from workflows.staff.roles import CASEWORKER, COMMISSION, POPULATION_OFFICER, Grant

TWICE = (CASEWORKER, COMMISSION, POPULATION_OFFICER)
IS_DEMOS = "select bool_and(starts_with(name, %s)) from staff_account"
UNLOCK = "update staff_account set locked_at = null, app_secret = null, app_step = 0, recovery = '{}' where id = %s"
BEGIN = "demo "  # how their names begin


class Trial(NamedTuple):
    """The accounts by name, and the one password with which each of them signs in."""

    names: Sequence[str]
    password: str


def names() -> list[str]:
    """An account for each role: `demo caseworker`, `demo caseworker 2` ..."""
    return [
        f"{BEGIN}{role.replace('_', ' ')}{f' {number}' if number > 1 else ''}"
        for role in ROLES
        for number in ((1, 2) if role in TWICE else (1,))
    ]


def make_people(now: datetime) -> Trial | None:
    """Makes the accounts, or gives those of the last demo another password; None where real accounts are here."""
    with transaction() as connection:
        (are_demos,) = connection.execute(IS_DEMOS, [BEGIN]).fetchone() or (None,)
        if are_demos is False:
            return None
    password = new_password()
    kept = hashed(password)
    with transaction() as connection:
        for name in names():
            account_id = make(connection, name, now)
            connection.execute(UNLOCK, [account_id])
            accounts.keep_password(connection, account_id, kept)
    return Trial(names(), password)


def make(connection: Connection, name: str, now: datetime) -> int:
    """The number of the account of this name, which is made where it is not there."""
    try:
        return accounts.find_account(connection, name).id
    except NotFound:
        role = name.removeprefix(BEGIN).rstrip(" 2").replace(" ", "_")
        made, _ = accounts.add(connection, name, [Grant(role)], now, ("demo", name))
        connection.execute("update staff_account set issuer = null, subject = null where id = %s", [made.id])
        return made.id
