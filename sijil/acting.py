"""Who acts in a shell: an account that signed in there, else the owner of the installation; where there are no
accounts, whoever `--as` names.
"""

import os
from pathlib import Path

from models import clock
from models.database import Connection
from models.errors import Refused
from models.settings import settings
from workflows.intake.receipts import find
from workflows.staff import accounts, sessions
from workflows.staff.guard import ANYWHERE, OWNER, Acting, permit
from workflows.staff.subjects import subject_of

SIGN_IN = "sijil staff sign-in NAME"


def acting(connection: Connection, given: str = "") -> Acting:
    """Who acts now; `given` is the name of `--as`.

    Raises Refused where the session of this shell has ended, and for a given name where accounts exist: no name is a
    proof.
    """
    token = kept_token()
    if token is None and not accounts.exist(connection):
        return Acting(given, unproved=True)
    if given:
        raise Refused("no_proof", f"There are accounts here, so --as proves nothing. Sign in: {SIGN_IN}")
    if token is None:
        return OWNER
    session = sessions.session_of(connection, token, clock.now())
    if session is None or session.owes:
        text = f"The session of this shell has ended. Sign in again ({SIGN_IN}), or sign out (sijil staff sign-out)."
        raise Refused("session_ended", text)
    return session.acting


def staff_may(
    connection: Connection, act: str, given: str = "", reference: str = "", *, role: str | None = None
) -> Acting:
    """Who acts now, where they may do this to the case of a reference (none: to no case, or to many).

    Raises Refused, and NotFound for an unknown reference.
    """
    who = acting(connection, given)
    subject = subject_of(connection, find(connection, reference).id) if reference else ANYWHERE
    permit(who, act, subject, role=role)
    return who


def session_file() -> Path:
    """Where the session of this shell is kept."""
    return settings().session_file.expanduser()


def kept_token() -> str | None:
    """The token of this shell's session; None where nobody signed in here. Raises Refused for one that others read."""
    path = session_file()
    if not path.exists():
        return None
    if path.stat().st_mode & 0o077:
        raise Refused("session_open", f"Others can read {path}, which holds a session. Remove it and sign in again.")
    return path.read_text(encoding="ascii", errors="replace").strip()


def keep_token(token: str) -> None:
    """Keeps the token of a new session, for the user of this shell alone."""
    path = session_file()
    forget_token()
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(token)


def forget_token() -> None:
    """Forgets the session of this shell."""
    session_file().unlink(missing_ok=True)
