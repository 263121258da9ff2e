"""Signs a shell in, step by step, by what is typed at a terminal or comes on standard input."""

import os
import sys
from getpass import getpass, getuser
from socket import gethostname

import typer

from models import clock
from models.database import transaction
from models.errors import Refused
from workflows.staff import sign_in
from workflows.staff.second_factor import app_address, new_app_secret
from workflows.staff.sessions import Session, session_of
from workflows.staff.sign_in import APP, CODE, Attempt, SignedIn


def signed_in_by_hand(name: str) -> tuple[SignedIn, list[str]]:
    """A complete session of this account, and what its owner must write down. Raises Refused."""
    attempt = Attempt(name, f"shell of {getuser()} on {gethostname()}")
    begun = sign_in.sign_in(attempt, ask(f"Password of {name}: "), clock.now())
    shown: list[str] = []
    while begun.owed:
        begun = next_step(begun, attempt, shown)
    return begun, shown


def next_step(begun: SignedIn, attempt: Attempt, shown: list[str]) -> SignedIn:
    """Takes what the sign-in owes next."""
    with transaction() as connection:
        session = session_of(connection, begun.token, clock.now())
    if session is None:
        raise Refused("session_ended", "The sign-in took too long. Begin again.")
    if begun.owed == CODE:
        return sign_in.give_code(session, begun.token, attempt, ask("Code of the authenticator app: "), clock.now())
    if begun.owed == APP:
        return set_up_app(session, begun, shown)
    return sign_in.give_password(session, begun.token, ask("Your own password from now on: "), clock.now())


def set_up_app(session: Session, begun: SignedIn, shown: list[str]) -> SignedIn:
    """Sets up an authenticator app, which needs its secret and shows that it has it."""
    secret = new_app_secret()
    typer.echo(f"Set up an authenticator app with this key: {secret}", err=True)
    typer.echo(f"or with this address: {app_address(secret, session.acting.name)}", err=True)
    begun, codes = sign_in.give_app(session, begun.token, secret, ask("The code that it shows: "), clock.now())
    shown += ["Write down these codes; each lets you in once without the app:", *(f"  {code}" for code in codes)]
    return begun


def ask(question: str) -> str:
    """What is typed, unseen, at a terminal; else the next line of standard input. Raises Refused at its end."""
    if os.isatty(0):
        return getpass(question)
    line = sys.stdin.readline()
    if not line:
        raise Refused("no_input", f"Standard input ended where this was asked: {question.strip()}")
    return line.rstrip("\r\n")
