"""Migrates a database's tables, and checks that the database is one that Sijil can use."""

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
def translate_connection_errors() -> Iterator[None]:
    """Raises DatabaseAway if the database does not answer, Unavailable if it refuses the connection."""
    try:
        yield
    except (OperationalError, psycopg.OperationalError) as error:
        why = reason_for_refusal(str(error.orig if isinstance(error, OperationalError) else error))
        kind = Unavailable if why else DatabaseAway
        raise kind(
            f"The database at {settings().database_url_shown()} cannot be reached{why}. SIJIL_DATABASE_URL names it."
        ) from error


@translate_connection_errors()
def current_version() -> str | None:
    """The version of the database's tables; None if it has none. Raises Unavailable if it cannot be reached."""
    with engine().connect() as connection:
        if connection.execute(text("select to_regclass('alembic_version')")).scalar() is None:
            return None
        found = connection.execute(text("select version_num from alembic_version")).scalar()
        return str(found) if found else None


def reason_for_refusal(message: str) -> str:
    """Why a server that answers takes no connection, in our words. Libpq says it only in a text, which quotes names."""
    if "authentication failed" in message or ("role" in message and "does not exist" in message):
        return ": it refuses this user or password"
    if "database" in message and "does not exist" in message:
        return ": the server has no such database"
    return ""


@translate_connection_errors()
def require_usable() -> None:
    """Raises Unavailable if the database cannot store Arabic (it is not UTF8), or is read-only."""
    where = settings().database_url_shown()
    with engine().connect() as connection:
        encoding, read_only = connection.execute(
            text("select current_setting('server_encoding'), current_setting('transaction_read_only')")
        ).one()
    if encoding != "UTF8":
        raise Unavailable(
            f"The database at {where} is encoded in {encoding}. It must be UTF8: "
            "createdb --encoding=UTF8 --template=template0."
        )
    if read_only == "on":
        raise Unavailable(f"The database at {where} is read-only: SIJIL_DATABASE_URL must name the primary.")


@translate_connection_errors()
def require_session_pooling() -> None:
    """Raises Unavailable if a pooler gives each transaction to another session of the server.

    Our session settings, and the locks that show which workers live, would then belong to no connection of ours.
    Such a pooler shows: two open connections of ours share a session of the server, or one has several.
    """
    with autocommit_connection() as mine, autocommit_connection() as other:
        ours = {scalar(mine, BACKEND) for _ in range(3)}
        with other.transaction():
            theirs = scalar(other, BACKEND)
            moved = theirs in ours or scalar(mine, BACKEND) not in ours
    if moved or len(ours) > 1:
        where = settings().database_url_shown()
        raise Unavailable(
            f"The connection pooler at {where} pools by transaction or statement. "
            "It must pool by session (pool_mode = session)."
        )


def upgrade(to: str = NEWEST) -> bool:
    """Migrates the tables to this version. Returns whether there was anything to do.

    Raises Broken if a row breaks a constraint of the version, Unavailable for tables that this program did not make.
    """
    if (found := current_version()) == to:
        return False
    require_known_version(found)
    require_usable()
    try:
        migrate(to)
    except IntegrityError as error:
        if not isinstance(error.orig, psycopg.Error):
            raise
        rule = error.orig.diag
        raise Broken(
            f"A row of {rule.table_name} breaks {rule.constraint_name}. "
            "Nothing was changed: correct the row, then migrate again."
        ) from error
    return True


def migrate(to: str) -> None:
    """Runs the migrations up to this version, all or nothing."""
    from alembic import command  # takes half a second to import, and nothing else needs it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine().begin() as connection:
        connection.execute(text("set local lock_timeout = 0"))  # waits for another migration, and for batches in hand
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def require_known_version(found: str | None) -> None:
    """Raises Unavailable for tables of a newer program, or from before the first release: no migration starts there."""
    if found and not any((Path(__file__).parent / "migrations/versions").glob(f"{found}_*.py")):
        where = settings().database_url_shown()
        raise Unavailable(
            f"The tables in {where} are at version {found}, which this program does not know. "
            "Give it an empty one, or for the embedded one another SIJIL_HOME."
        )


def require_migrated() -> None:
    """Raises Unavailable if the tables are not those that this program needs."""
    if (found := current_version()) != NEWEST:
        where = settings().database_url_shown()
        raise Unavailable(
            f"The tables in {where} are at version {found or 'none'}, this program needs {NEWEST}. Run `sijil migrate`."
        )
    require_usable()
