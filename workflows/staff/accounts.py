"""The accounts of the staff: made, given roles, locked, reset and listed by an administrator or the owner."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from models.database import Connection, scalar
from models.errors import NotFound, Refused
from workflows.staff.guard import Acting, Subject, permit
from workflows.staff.passwords import hashed, new_password
from workflows.staff.roles import (
    CASEWORKER,
    SUPERVISOR,
    Grant,
    Territory,
    require_compatible,
    require_known,
    shown,
)
from workflows.staff.sessions import end_all, grants_of
from workflows.staff.signatures import OWNER_NAME, name_key, name_shown

MAY_HOLD = (CASEWORKER, SUPERVISOR)  # an appeal
GIVEN_FOR = timedelta(days=7)  # how long a password that was handed on can be used (assumed)
ANY = "select exists (select from staff_account)"
COLUMNS = "id, name, locked_at, password, password_until, app_secret, issuer"
FIND = f"select {COLUMNS} from staff_account where key = %s"
ALL = f"select {COLUMNS} from staff_account order by name, id"
LOCK_ROW = "select from staff_account where id = %s for update"
ADD = """
    insert into staff_account (key, name, made_at, issuer, subject) values (%s, %s, %s, %s, %s)
    on conflict (key) do nothing returning id
"""
GIVE = "insert into staff_role (account_id, role, region, province) values (%s, %s, %s, %s) on conflict do nothing"
TAKE = """
    delete from staff_role where account_id = %s and role = %s and region is not distinct from %s
        and province is not distinct from %s
"""
SET_PASSWORD = "update staff_account set password = %s, password_until = %s where id = %s"
FORGET_APP = "update staff_account set app_secret = null, app_step = 0, recovery = '{}' where id = %s"
SET_LOCKED = "update staff_account set locked_at = %s where id = %s"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stands. `password` is the kept hash, `app` the sealed secret of its authenticator."""

    id: int
    name: str
    locked_at: datetime | None
    password: str | None
    password_until: datetime | None
    app: bytes | None
    issuer: str | None
    grants: tuple[Grant, ...] = ()


def exist(connection: Connection) -> bool:
    """Whether there are accounts: then nobody acts by a name that nobody proves."""
    return bool(scalar(connection, ANY))


def find_account(connection: Connection, name: str) -> Account:
    """The account of this name, however it is typed. Raises NotFound."""
    row = connection.execute(FIND, [name_key(name)]).fetchone()
    if row is None:
        raise NotFound(f"There is no account '{name}'. List them: sijil staff list")
    return Account(*[*row, grants_of(connection, row[0])])


def stands(connection: Connection, account: Account) -> bool:
    """Whether an account is still as it was read; nobody changes it until the transaction ends."""
    connection.execute(LOCK_ROW, [account.id])
    return find_account(connection, account.name) == account


def all_accounts(connection: Connection) -> list[Account]:
    """Every account with its roles, by name."""
    return [Account(*[*row, grants_of(connection, row[0])]) for row in connection.execute(ALL).fetchall()]


def add(
    connection: Connection, name: str, grants: Iterable[Grant], now: datetime, provider: tuple[str, str] | None = None
) -> tuple[Account, str]:
    """Makes an account with these roles; returns it with the password to hand on, '' where a provider proves it.

    `provider`: the issuer and the subject there. Raises Refused for a name that is taken, and for roles that exclude
    each other.
    """
    its_name = name_shown(name)
    if name_key(its_name) == name_key(OWNER_NAME):
        raise Refused("name_taken", f"'{its_name}' is nobody's name: choose another.")
    try:
        row = connection.execute(ADD, [name_key(its_name), its_name, now, *(provider or (None, None))]).fetchone()
    except psycopg.errors.UniqueViolation:
        raise Refused("name_taken", "This person of the identity provider has an account already.") from None
    if row is None:
        raise Refused("name_taken", f"There is an account '{its_name}' already. Another person needs another name.")
    change_roles(connection, row[0], now, give=grants)
    password = "" if provider else give_password(connection, row[0], now)
    return find_account(connection, its_name), password


def change_roles(
    connection: Connection, account_id: int, now: datetime, *, give: Iterable[Grant] = (), take: Iterable[Grant] = ()
) -> tuple[Grant, ...]:
    """Gives an account roles and takes some from it, and ends its sessions; returns the roles that it has then.

    Raises Refused for a role that there is not, that it does not have, or that excludes another of its roles.
    """
    connection.execute(LOCK_ROW, [account_id])
    for each in take:
        require_known(each.role)
        if not connection.execute(TAKE, [account_id, each.role, *each.territory]).rowcount:
            raise Refused("no_such_role", f"The account is no {each.role} there. `sijil staff list` says where.")
    for each in give:
        require_known(each.role)
        require_compatible([*(had.role for had in grants_of(connection, account_id)), each.role])
        connection.execute(GIVE, [account_id, each.role, *each.territory])
    end_all(connection, account_id, now)
    return grants_of(connection, account_id)


def give_password(connection: Connection, account_id: int, now: datetime) -> str:
    """Gives an account a new password to hand on, which its owner replaces at the first sign-in."""
    given = new_password()
    connection.execute(SET_PASSWORD, [hashed(given), now + GIVEN_FOR, account_id])
    return given


def keep_password(connection: Connection, account_id: int, kept: str) -> None:
    """Keeps the hash of the password that a person chose."""
    connection.execute(SET_PASSWORD, [kept, None, account_id])


def reset(connection: Connection, account: Account, now: datetime) -> str:
    """Gives an account a new password to hand on, forgets its authenticator, and ends its sessions."""
    require_local(account)
    connection.execute(FORGET_APP, [account.id])
    end_all(connection, account.id, now)
    return give_password(connection, account.id, now)


def require_charge(who: Acting, grants: Iterable[Grant], account_id: int | None = None) -> None:
    """Raises Refused for roles outside the territory in which somebody keeps accounts, and for their own account."""
    if account_id is not None and account_id == who.account:
        raise Refused("not_yours", "It is your own account: another administrator or the owner changes it.")
    for each in grants:
        permit(who, "change_staff", Subject(each.territory))


def require_local(account: Account) -> None:
    """Raises Refused for an account of an identity provider, which keeps its password."""
    if account.issuer:
        raise Refused("of_provider", f"{account.name} signs in at {account.issuer}: that has the password to reset.")


def lock(connection: Connection, account: Account, now: datetime) -> None:
    """Locks an account: its sessions end at once, and nobody signs in to it."""
    connection.execute(SET_LOCKED, [now, account.id])
    end_all(connection, account.id, now)


def unlock(connection: Connection, account: Account) -> None:
    """Lets an account sign in again."""
    connection.execute(SET_LOCKED, [None, account.id])


def colleague(connection: Connection, name: str, roles: Collection[str], where: Territory) -> str:
    """The name of the colleague who is named so, however it is typed; as it is where there are no accounts.

    Raises NotFound, and Refused unless it is an account that can act in one of these roles there.
    """
    if not exist(connection):
        return name
    account = find_account(connection, name)
    if account.locked_at or not any(covers(account.grants, role, where) for role in roles):
        said = f"'{account.name}' is no {' and no '.join(roles)} for this case: {shown(account.grants)}"
        raise Refused("not_a_colleague", f"{said}{', locked' if account.locked_at else ''}. See: sijil staff list")
    return account.name


def covers(grants: Iterable[Grant], role: str, where: Territory) -> bool:
    """Whether one of these is this role for this territory."""
    return any(each.role == role and each.territory.covers(where) for each in grants)
