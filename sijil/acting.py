"""Who acts in a shell: an account that signed in there, else the owner of the installation; where there are no
accounts, whoever `--as` names. Every command asks here first, but those of `UNGUARDED`.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from models import clock
from models.database import Connection, transaction
from models.errors import Refused
from models.settings import settings
from sijil.embedded import needed_servers
from workflows.audit.acts import Act
from workflows.intake.receipts import find
from workflows.staff import accounts, sessions
from workflows.staff.guard import ANYWHERE, OWNER, Acting, Subject, permit
from workflows.staff.noting import Doing, note_reading
from workflows.staff.refusals import WITHOUT_RIGHT, note_without_right
from workflows.staff.roles import Territory
from workflows.staff.signatures import OPERATOR
from workflows.staff.subjects import subject_of, territory_of

SIGN_IN = "sijil staff sign-in NAME"
ANYBODY = "YOUR-NAME"  # a reader who does not say who they are
# Commands that ask nobody who they are, each with its reason; a command stands here or asks the guard.
UNGUARDED = {
    "sijil serve": "runs the service for whoever has the servers",
    "sijil work": "runs the service for whoever has the servers",
    "sijil migrate": "makes the tables in which accounts are",
    "sijil flow": "reads no data",
    "sijil score": "reads the file that it is given, and nothing else",
    "sijil match": "reads the names or the file that it is given, and nothing else",
    "sijil generate": "invents a population",
    "sijil demo": "files what it invents",
    "sijil chaos": "files what it invents",
    "sijil bench": "measures on what it invents",
    "sijil population key": "makes a new pair of keys, and reads no data",
    "sijil population migrate": "makes the tables in which accounts are",
    "sijil staff sign-in": "is how somebody proves who they are",
    "sijil staff sign-out": "ends the session of this shell alone",
}


class InRole(NamedTuple):
    """Who acts, and in which role: `owner` for the owner, the given one or none for a name that nobody proves."""

    who: Acting
    role: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at a case, for the commands that are shown with it: those that this reader may give."""

    who: Acting
    subject: Subject
    role: str = ""  # in which they look
    case_id: int = 0

    @property
    def named(self) -> Acting:
        """Who looks, under the name by which the audit knows them."""
        return replace(self.who, name=name_of(self.who, OPERATOR))

    def may(self, act: str, role: str | None = None) -> bool:
        """Whether the reader may do this there, in this role; whose work it is, the case itself says."""
        try:
            permit(self.who, act, self.subject, role=role)
        except Refused:
            return False
        return True

    @property
    def is_anybody(self) -> bool:
        """Whether the reader does not say who they are."""
        return self.who.unproved and not self.who.name

    @property
    def signature(self) -> str:
        """How a command that the reader gives is signed: an account by its session, a name that nobody proves here."""
        return f" --as {quote(self.who.name or ANYBODY)}" if self.who.unproved else ""


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
        text = (
            f"The session of this shell has ended, or is of another database. Sign in again ({SIGN_IN}), or sign out "
            "(sijil staff sign-out)."
        )
        raise Refused("session_ended", text)
    return session.acting


def in_role(
    connection: Connection, act: str, given: str = "", reference: str = "", *, role: str | None = None
) -> InRole:
    """Who acts now and in which role, where they may do this to the case of a reference (none: to no case, or to many).

    Raises Refused, and NotFound for an unknown reference.
    """
    who = acting(connection, given)
    with noted_where_refused(who, act, reference):
        found = permit(who, act, ANYWHERE, role=role)
        if reference:
            found = permit(who, act, subject_of(connection, find(connection, reference).id, act, who), role=role)
    return InRole(who, found)


def in_role_at(connection: Connection, act: str, there: Territory, given: str = "") -> InRole:
    """Who acts now and in which role, where they may open a case in a territory by this act. Raises Refused."""
    who = acting(connection, given)
    with noted_where_refused(who, act):
        return InRole(who, permit(who, act, Subject(there)))


@contextmanager
def noted_where_refused(who: Acting, act: str, reference: str = "") -> Iterator[None]:
    """Notes in the audit that an account tried what it has no right to."""
    try:
        yield
    except Refused as refused:
        if who.account and refused.code in WITHOUT_RIGHT:
            note_without_right(who, act, refused.code, reference)
        raise


def staff_may(
    connection: Connection, act: str, given: str = "", reference: str = "", *, role: str | None = None
) -> Acting:
    """Who acts now, where they may do this. Raises what `in_role` raises."""
    return in_role(connection, act, given, reference, role=role).who


def signed(connection: Connection, act: str, given: str = "", reference: str = "", otherwise: str = "") -> str:
    """The name by which the history will know who does this now; `otherwise` where nobody says it.

    Raises what `in_role` raises, and Refused where a name is needed and there is none.
    """
    return name_of(staff_may(connection, act, given, reference), otherwise)


def name_of(who: Acting, otherwise: str = "") -> str:
    """The name by which the history knows who acts. Raises Refused where there is none."""
    if name := who.name or otherwise:
        return name
    raise Refused("no_name", f"Say who acts: --as NAME. Where there are accounts, sign in instead: {SIGN_IN}")


@contextmanager
def servers_for(act: str, given: str = "", reference: str = "") -> Iterator[Acting]:
    """The servers of a command that does this in transactions of its own. Raises what `in_role` raises."""
    with needed_servers():
        with transaction() as connection:
            who = staff_may(connection, act, given, reference)
        yield who


def reader_of(connection: Connection, act: str, given: str, reference: str) -> Reader:
    """Who looks at a case now, where they may. Raises what `in_role` raises."""
    who, role = in_role(connection, act, given, reference)
    case_id = find(connection, reference).id
    return Reader(who, subject_of(connection, case_id, act, who), role, case_id)


def note_look(connection: Connection, reader: Reader, others: Sequence[str] = (), persons: Sequence[str] = ()) -> None:
    """Notes in the audit that somebody looked at a case, at those of these references, and at these persons (keyed
    pseudonyms), shown beside it.
    """
    case_ids = [reader.case_id, *sorted(find(connection, each).id for each in others)]
    note_reading(connection, reader.named, Doing(Act.READ_CASE, clock.now(), case_ids, reader.role), persons)


def note_list(connection: Connection, listed: InRole, name: str, case_ids: Sequence[int]) -> None:
    """Notes in the audit that somebody read a list of cases, as a page of the queues notes it."""
    who = replace(listed.who, name=name_of(listed.who, OPERATOR))
    note_reading(connection, who, Doing(Act.READ_QUEUE, clock.now(), case_ids, listed.role, detail={"list": name}))


def colleague(connection: Connection, name: str, reference: str, roles: Collection[str]) -> str:
    """The name of a colleague whom an act on a case names. Raises what `accounts.colleague` raises."""
    return accounts.colleague(connection, name, roles, territory_of(connection, find(connection, reference).id))


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
