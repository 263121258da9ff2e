"""The database: one pool a process, and the one place that commits."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import psycopg
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlmodel import Session

from models import clock
from models.errors import Unavailable
from models.settings import settings

Connection = psycopg.Connection[Any]
Result = TypeVar("Result")
CONNECTED: dict[str, Any] = {"connect_timeout": 10, "client_encoding": "UTF8"}  # one that swallows packets is away, too
DATES = "set datestyle = 'ISO'"  # whatever the server's own is
# By SQLSTATE: no connection, no room or memory, a statement that took too long, shut down or starting, its disk fails. None is about what was asked.
AWAY = ("08", "53", "57014", "57P", "58")
# It refuses an order of locks or a moment, not the work: the same simply goes again.
AGAIN = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure, psycopg.errors.LockNotAvailable)
TIMES = 5  # that a person's or a file's transaction goes again


def address(url: str) -> URL:
    """The address in its parts. Raises Unavailable where it is none of a PostgreSQL."""
    try:
        parts = make_url(dialect_url(url))
    except (ArgumentError, ValueError):
        parts = None
    if parts is None or parts.drivername != "postgresql+psycopg":
        raise Unavailable("SIJIL_DATABASE_URL is not an address of a PostgreSQL: it looks like postgresql://user:password@host/name.")
    return parts


def dialect_url(url: str) -> str:
    """The address as SQLAlchemy wants it, with the psycopg driver named."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


@cache
def engine() -> Engine:
    """The pool of this process. Raises Unavailable where no address is known, or none of a PostgreSQL."""
    made = create_engine(address(known_url()), pool_size=32, max_overflow=32, pool_pre_ping=True, connect_args=CONNECTED)
    event.listen(made, "connect", first_word)
    return made


def first_word(made: Any, record: object) -> None:
    """A new connection writes dates as we read them, and tells the time."""
    made.execute(DATES)
    follow_clock(made)
    made.commit()


def follow_clock(connection: Connection) -> None:
    """From now on this process goes by the database's clock. An answer that took long, as of a process that was stopped meanwhile, tells no time."""
    asked = time.monotonic()
    told = value(connection, "select clock_timestamp()")
    if time.monotonic() - asked < clock.MOMENT.total_seconds():
        clock.follow(told)


def known_url() -> str:
    """The address in the settings. Raises Unavailable where there is none: libpq would look for a server of its own choice."""
    url = settings().database_url
    if not url:
        raise Unavailable("No database address. Set SIJIL_DATABASE_URL, or start one with `sijil demo` or `sijil serve`.")
    return url


def close_pool() -> None:
    """Ends this process's pooled connections; the next use opens them anew, by the settings of then."""
    if engine.cache_info().currsize:
        engine().dispose()
    engine.cache_clear()


def bound_transactions(seconds: int) -> None:
    """From now on the database ends every transaction of this process that lasts longer; connections that are open already are given up."""

    def bound(connection: Any, record: object) -> None:
        connection.execute(f"set transaction_timeout = '{seconds}s'")
        connection.commit()

    event.listen(engine(), "connect", bound)
    engine().dispose()


@contextmanager
def transaction() -> Iterator[Session]:
    """All or nothing: commits at the end of the block, rolls back on any error.

    Raises Unavailable where the database cannot be reached or ends the connection.
    """
    session = Session(engine(), expire_on_commit=False)
    try:
        with session.begin():
            yield session
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not lost(cause):
            raise
        session.invalidate()
        raise Unavailable(f"The database does not answer ({settings().database_url_shown()}).") from error
    finally:
        session.close()


@contextmanager
def snapshot() -> Iterator[Connection]:
    """One moment of the database to read in, short as any transaction should be. Raises what `transaction` raises."""
    with transaction() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        yield raw(session)


def transact(work: Callable[[Session], Result]) -> Result:
    """What this work gives, in a transaction of its own; again where it met others in another order of locks. Raises what `transaction` raises."""
    for _ in range(TIMES):
        try:
            with transaction() as session:
                return work(session)
        except AGAIN:
            continue
        except DBAPIError as error:
            if not isinstance(error.orig, AGAIN):
                raise
    raise Unavailable("Others change the same at this moment. Try again shortly.")


def lost(error: object) -> bool:
    """Whether this is about the database itself (no connection, shutting down, its disk full) and not about what was asked."""
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):  # a primary that was demoted
        return True
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(AWAY)


def dial() -> Connection:
    """A connection of its own, outside the pool, each statement committed by itself. Raises psycopg's OperationalError where none comes about."""
    connection = psycopg.connect(known_url(), autocommit=True, **CONNECTED)
    connection.execute(DATES)
    return connection


def raw(session: Session) -> Connection:
    """The psycopg connection under a session, for set-based SQL and COPY on hot paths."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def value(connection: Connection, statement: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Any:
    """The first column of the one row that a statement always gives, such as a count."""
    row = connection.execute(statement, parameters).fetchone()
    assert row is not None
    return row[0]
