"""Who of the staff acts: a pseudonym for the history, and the name behind it, kept beside for colleagues who must know
whom to ask.
"""

import hmac
from collections.abc import Collection
from hashlib import sha256
from unicodedata import normalize

from models.database import Connection, scalar
from models.errors import Refused
from models.settings import settings
from workflows.bodies.text import canonical

# Kinds of pseudonyms, part of what is digested; every event has `officer` for whoever decides, in whichever role.
OFFICER, OPERATOR = "officer", "operator"
LONGEST_NAME = 200  # characters
OWNER_NAME = "the owner of the installation"  # who has the servers and the key, and needs no account
# Where there are accounts, a name is remembered, and its pseudonym given, for one that is not locked and for the owner.
REMEMBER = """
    with proved as (
        select %(owner)s::bool or not exists (select from staff_account)
            or exists (select from staff_account where key = %(key)s and locked_at is null) as it_is
    ), remembered as (
        insert into staff_name (actor, name) select %(actor)s, %(name)s from proved where it_is on conflict do nothing
    )
    select it_is from proved
"""
NAMES = "select actor, name from staff_name where actor = any(%s)"


def sign(connection: Connection, role: str, name: str) -> str:
    """The pseudonym under which this person of the staff acts, its name remembered.

    Raises Refused for a name that says nothing, and, where there are accounts, for one that is nobody's account or a
    locked one: whatever led here, nobody acts under a name that nobody proved.
    """
    shown = name_shown(name)
    actor, key = pseudonym(role, shown), name_key(shown)
    named = {"actor": actor, "name": shown, "key": key, "owner": key == name_key(OWNER_NAME)}
    if not scalar(connection, REMEMBER, named):
        raise Refused("no_account", f"'{shown}' is no account that acts here. List them: sijil staff list")
    return actor


def name_shown(name: str) -> str:
    """A name as it is shown. Raises Refused for one that says nothing."""
    shown = " ".join(name.split())
    if not name_key(shown) or len(shown) > LONGEST_NAME or not shown.isprintable():
        raise Refused("no_name", f"Say who acts: a name of 1 to {LONGEST_NAME} characters.")
    return shown


def names_of(connection: Connection, actors: Collection[str]) -> dict[str, str]:
    """The names behind these pseudonyms, where they are known.

    One that does not make its pseudonym was changed by hand, and is nobody's.
    """
    found = connection.execute(NAMES, [list(actors)]).fetchall()
    return {actor: name for actor, name in found if pseudonym(actor.partition(":")[0], name) == actor}


def pseudonym(role: str, name: str) -> str:
    """Who acted, as the history shows it: the same person always the same, however the name is typed, nobody
    recognisable without the key.
    """
    return f"{role}:{hmac.digest(settings().key(), f'actor.{role}.{name_key(name)}'.encode(), sha256)[:8].hex()}"


def name_key(name: str) -> str:
    """A name as it is compared: however it is typed, in which letters and with which blanks."""
    return " ".join(canonical(normalize("NFKC", name)).split()).casefold()
