"""Issues identifiers to enrolments: one transaction after the other, so that each sees whom the one before enrolled.

Whoever writes new people into the register takes its turn here, whether it searches for them or brings them in a file:
who is written beside a search, and not committed, would be enrolled twice.
"""

from collections.abc import Sequence

import psycopg

from models.database import Connection
from models.errors import Unavailable
from workflows.identifiers.issuing import issue

HOLD_LOCK = 7227  # advisory; a transaction holds it until it ends
HOLD = f"select pg_advisory_xact_lock({HOLD_LOCK})"


def hold(connection: Connection) -> None:
    """Waits until every other transaction that writes new people has ended; others wait for this one.

    Raises Unavailable where one lasts longer than anybody waits.
    """
    try:
        connection.execute(HOLD)
    except psycopg.errors.LockNotAvailable as error:
        raise Unavailable("Another transaction writes new people into the register, and has not ended.") from error


class LocalIdentifiers:
    """Answers the port `Identifiers` from our own table."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def hold(self) -> None:
        """Lets no other transaction search and issue until this one ends.

        Raises Unavailable where another one does so for longer than anybody waits.
        """
        hold(self.connection)

    def issue(self, count: int) -> Sequence[str]:
        """So many identifiers, each for ever for one person."""
        return issue(self.connection, count).identifiers if count else []
