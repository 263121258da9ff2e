"""Who of the staff acts: a pseudonym for the history, and the name behind it, kept beside for colleagues who must know
whom to ask.
"""

import hmac
from collections.abc import Collection
from hashlib import sha256
from unicodedata import normalize

from models.database import Connection
from models.errors import Refused
from models.settings import settings
from workflows.bodies.text import canonical

OFFICER, OPERATOR = (
    "officer",
    "operator",
)  # roles; `officer` is a caseworker in every event, and part of what is digested
LONGEST_NAME = 200  # characters
REMEMBER = "insert into staff_name (actor, name) values (%s, %s) on conflict do nothing"
NAMES = "select actor, name from staff_name where actor = any(%s)"


def sign(connection: Connection, role: str, name: str) -> str:
    """The pseudonym under which this person of the staff acts, its name remembered.

    Raises Refused for a name that says nothing.
    """
    shown = name_shown(name)
    actor = pseudonym(role, shown)
    connection.execute(REMEMBER, [actor, shown])
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
