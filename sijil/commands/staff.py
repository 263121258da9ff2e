"""Commands for the accounts of the staff, and by which a shell signs in as one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from models import clock
from models.database import Connection, transact, transaction
from models.errors import Refused
from models.staff import ROLES
from sijil.acting import acting, forget_token, keep_token, kept_token, staff_may
from sijil.embedded import needed_servers
from sijil.output import Json, print_result
from sijil.signing_in import signed_in_by_hand
from workflows.audit.acts import Act, Purpose
from workflows.staff import accounts
from workflows.staff.accounts import Account
from workflows.staff.guard import Acting
from workflows.staff.noting import Doing, note_act
from workflows.staff.roles import Grant, shown, territory
from workflows.staff.sign_in import sign_out as sign_out_session
from workflows.staff.signatures import OPERATOR, OWNER_NAME, pseudonym

app = typer.Typer()
staff_app = typer.Typer(
    no_args_is_help=True, help="Makes accounts of the staff, gives them roles, locks and resets them; signs a shell in."
)
app.add_typer(staff_app, name="staff")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the account, however it is typed.")]
Region = Annotated[int | None, typer.Option(help="In this region alone: 1 to 12.")]
Province = Annotated[str | None, typer.Option(help="In this province or prefecture alone, by ISO 3166-2:MA: MA-CAS.")]
KNOWN = ", ".join(ROLES)
HAND_ON = "Hand it on in person. It lets in once, within a week, to choose another; nobody can show it again."


@staff_app.command("add")
def add(
    name: Name,
    role: Annotated[list[str] | None, typer.Option(help=f"A role, repeatable: {KNOWN}.")] = None,
    region: Region = None,
    province: Province = None,
    issuer: Annotated[str, typer.Option(help="The identity provider that proves this person, by its address.")] = "",
    subject: Annotated[str, typer.Option(help="Who it is there (the claim `sub`).")] = "",
    as_json: Json = False,
) -> None:
    """Makes an account, and prints the password with which its owner signs in for the first time."""
    if bool(issuer) != bool(subject):
        raise Refused("not_whole", "A person of an identity provider needs both --issuer and --subject.")
    grants = [Grant(each, territory(region, province)) for each in role or ()]
    provider = (issuer, subject) if issuer else None
    with needed_servers():

        def work(connection: Any) -> tuple[Account, str]:
            who = staff_may(connection, "change_staff")
            accounts.require_charge(who, grants)
            made = accounts.add(connection, name, grants, clock.now(), provider)
            note_change(connection, who, made[0].id, "added")
            return made

        made, password = transact(work)
    lines = [f"{made.name}: {shown(made.grants)}"]
    lines += [f"Password for the first sign-in: {password}", HAND_ON] if password else [f"Signs in at {issuer}."]
    print_result(summary(made) | ({"password": password} if password else {}), as_json, *lines)


@staff_app.command("role")
def change_role(
    name: Name,
    give: Annotated[list[str] | None, typer.Option(help=f"A role to give, repeatable: {KNOWN}.")] = None,
    take: Annotated[list[str] | None, typer.Option(help="A role to take away, in this same territory.")] = None,
    region: Region = None,
    province: Province = None,
    as_json: Json = False,
) -> None:
    """Gives an account roles in a territory and takes others away. Its sessions end."""
    if not (give or take):
        raise Refused("no_role", "Say which role to --give or to --take.")
    where = territory(region, province)
    with needed_servers(), transaction() as connection:
        given, taken = ([Grant(each, where) for each in roles or ()] for roles in (give, take))
        account = account_to_change(connection, name, "roles", [*given, *taken])
        accounts.change_roles(connection, account.id, clock.now(), give=given, take=taken)
        account = accounts.find_account(connection, name)
    print_result(summary(account), as_json, f"{account.name}: {shown(account.grants)}")


@staff_app.command("lock")
def lock(
    name: Name,
    unlock: Annotated[bool, typer.Option("--unlock", help="Let it sign in again.")] = False,
    as_json: Json = False,
) -> None:
    """Locks an account: its sessions end at once, and nobody signs in to it."""
    with needed_servers(), transaction() as connection:
        account = account_to_change(connection, name, "unlocked" if unlock else "locked")
        if unlock:
            accounts.unlock(connection, account)
        else:
            accounts.lock(connection, account, clock.now())
        account = accounts.find_account(connection, name)
    print_result(summary(account), as_json, f"{account.name} is {'open' if unlock else 'locked'}")


@staff_app.command("reset")
def reset(name: Name, as_json: Json = False) -> None:
    """Prints a new password for an account, and forgets its authenticator app. Its sessions end."""
    with needed_servers(), transaction() as connection:
        account = account_to_change(connection, name, "reset")
        password = accounts.reset(connection, account, clock.now())
    lines = [f"Password for the next sign-in of {account.name}: {password}", HAND_ON]
    print_result({"name": account.name, "password": password}, as_json, *lines)


@staff_app.command("list")
def list_accounts(as_json: Json = False) -> None:
    """Lists the accounts with their roles and territories."""
    with needed_servers(), transaction() as connection:
        staff_may(connection, "read_staff")
        found = accounts.all_accounts(connection)
    lines = [f"{each.name}: {shown(each.grants)}{' - locked' if each.locked_at else ''}" for each in found]
    nobody = "no account: commands act by the name that --as gives, which nobody proves"
    print_result({"accounts": [summary(each) for each in found]}, as_json, *(lines or [nobody]))


@staff_app.command("sign-in")
def sign_in(name: Name, as_json: Json = False) -> None:
    """Signs this shell in: asks for the password and the code, or reads them from standard input, line by line.

    Later commands act as this account, until `sijil staff sign-out`, 30 minutes without a command, or 12 hours.
    """
    with needed_servers():
        end_session(clock.now())
        begun, lines = signed_in_by_hand(name)
        keep_token(begun.token)
        with transaction() as connection:
            who = acting(connection)
    print_result({"name": who.name, "roles": who.roles}, as_json, *lines, f"{who.name}: {shown(who.grants)}")


@staff_app.command("sign-out")
def sign_out(as_json: Json = False) -> None:
    """Ends the session of this shell."""
    with needed_servers():
        ended = end_session(clock.now())
    print_result({"ended": ended}, as_json, "signed out" if ended else "nobody was signed in here")


def account_to_change(connection: Connection, name: str, what: str, grants: Sequence[Grant] = ()) -> Account:
    """The account of a name, where who acts may change it and give or take these roles, which the audit notes.

    Raises NotFound and Refused.
    """
    who = staff_may(connection, "change_staff")
    account = accounts.find_account(connection, name)
    accounts.require_charge(who, [*account.grants, *grants], account.id)
    note_change(connection, who, account.id, what)
    return account


def note_change(connection: Connection, who: Acting, account_id: int, what: str) -> None:
    """Notes in the audit that somebody changed an account, and what of it."""
    detail: dict[str, str | int | bool] = {"account": account_id, "what": what}
    doing = Doing(Act.CHANGE_STAFF, clock.now(), purpose=Purpose.OPERATION, detail=detail)
    name = who.name or OWNER_NAME
    note_act(connection, pseudonym(OPERATOR, name), name, doing)


def end_session(now: datetime) -> bool:
    """Ends the session of this shell, if there is one; whether it lasted still."""
    token = kept_token()
    if token is None:
        return False
    with transaction() as connection:
        ended = sign_out_session(connection, token, now)
    forget_token()
    return ended


def summary(account: Account) -> dict[str, Any]:
    """An account as --json shows it."""
    return {
        "name": account.name,
        "roles": [
            {"role": each.role, "region": each.territory.region, "province": each.territory.province}
            for each in account.grants
        ],
        "locked": account.locked_at is not None,
        "provider": account.issuer,
    }
