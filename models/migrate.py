"""Bringing a database's tables up to date."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from models.database import autocommit_connection, engine, scalar
from models.errors import Broken, DatabaseAway, Unavailable
from models.settings import settings

NEWEST = "0005"  # the version that this program needs: that of the newest file in migrations/versions
BACKEND = "select pg_backend_pid()"  # the session of the server, whoever stands in between
MIGRATION_LOCK = 7220  # advisory; two at once take turns


@contextmanager
def reaching() -> Iterator[None]:
    """Raises DatabaseAway where the database does not answer, and Unavailable where it answers and takes no connection
    of ours.
    """
    try:
        yield
    except (OperationalError, psycopg.OperationalError) as error:
        why = refusal(str(error.orig if isinstance(error, OperationalError) else error))
        kind = Unavailable if why else DatabaseAway
        raise kind(
            f"The database at {settings().database_url_shown()} cannot be reached{why}. SIJIL_DATABASE_URL names it."
        ) from error


@reaching()
def current() -> str | None:
    """The version that the database has; None for an empty one. Raises Unavailable where it cannot be reached."""
    with engine().connect() as connection:
        if connection.execute(text("select to_regclass('alembic_version')")).scalar() is None:
            return None
        found = connection.execute(text("select version_num from alembic_version")).scalar()
        return str(found) if found else None


def refusal(said: str) -> str:
    """Why a server that answers takes no connection, without what it quotes. Libpq tells it in words alone."""
    if "authentication failed" in said or ("role" in said and "does not exist" in said):
        return ": it refuses this user or password"
    if "database" in said and "does not exist" in said:
        return ": the server has no such database"
    return ""


@reaching()
def fit() -> None:
    """Raises Unavailable where the database cannot hold names as they are written, or cannot be written to."""
    where = settings().database_url_shown()
    with engine().connect() as connection:
        encoding, read_only = connection.execute(
            text("select current_setting('server_encoding'), current_setting('transaction_read_only')")
        ).one()
    if encoding != "UTF8":
        raise Unavailable(
            f"The database at {where} is encoded in {encoding}. It must be UTF8: createdb --encoding=UTF8 "
            f"--template=template0."
        )
    if read_only == "on":
        raise Unavailable(f"The database at {where} is read-only: SIJIL_DATABASE_URL must name the primary.")


@reaching()
def require_sessions() -> None:
    """Raises Unavailable where a pooler gives each transaction to another session of the server: what a session says,
    and who lives, is then nobody's.

    Two of our connections that are open at a time would be one of the server's, or one of ours several.

    """
    with autocommit_connection() as mine, autocommit_connection() as other:
        ours = {scalar(mine, BACKEND) for _ in range(3)}
        with other.transaction():
            theirs = scalar(other, BACKEND)
            moved = theirs in ours or scalar(mine, BACKEND) not in ours
    if moved or len(ours) > 1:
        where = settings().database_url_shown()
        raise Unavailable(
            f"A connection pooler stands at {where} that pools by transaction or statement. It must pool by session "
            f"(pool_mode = session)."
        )


def upgrade(to: str = NEWEST) -> bool:
    """Brings the tables up to this version; whether there was anything to do.

    Raises Broken where a row breaks what the version asks for, Unavailable for tables that this program never made.
    """
    if (found := current()) == to:
        return False
    require_known(found)
    fit()
    try:
        migrate(to)
    except IntegrityError as error:
        if not isinstance(error.orig, psycopg.Error):
            raise
        rule = error.orig.diag
        raise Broken(
            f"A row of {rule.table_name} breaks {rule.constraint_name}. Nothing was changed: mend the row, then "
            f"migrate again."
        ) from error
    return True


def migrate(to: str) -> None:
    """The migrations up to this version, all or nothing."""
    from alembic import command  # half a second to import, which only this needs
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine().begin() as connection:
        connection.execute(text("set local lock_timeout = 0"))  # it waits for its turn, and for whoever works still
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        made.attributes["connection"] = connection
        command.upgrade(made, to)


def require_known(found: str | None) -> None:
    """Raises Unavailable for tables of a program before the first release, or of a newer one: no migration leads from
    there.
    """
    if found and not any((Path(__file__).parent / "migrations/versions").glob(f"{found}_*.py")):
        where = settings().database_url_shown()
        raise Unavailable(
            f"The tables in {where} are at version {found}, which this program does not know. "
            "Give it an empty one, or for the embedded one another SIJIL_HOME."
        )


def require() -> None:
    """Raises Unavailable where the tables are not those that this program needs."""
    if (found := current()) != NEWEST:
        where = settings().database_url_shown()
        raise Unavailable(
            f"The tables in {where} are at version {found or 'none'}, this program needs {NEWEST}. Run `sijil migrate`."
        )
    fit()
