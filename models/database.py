"""The database: one pool a process, and the one place that commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from models.errors import Unavailable
from models.settings import settings

Connection = psycopg.Connection[Any]


def dialect_url(url: str) -> str:
    """The address as SQLAlchemy wants it, with the psycopg driver named."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


@cache
def engine() -> Engine:
    """The pool of this process. Raises Unavailable where no address is known."""
    url = settings().database_url
    if not url:
        raise Unavailable("No database address. Set SIJIL_DATABASE_URL, or start one with `sijil demo` or `sijil serve`.")
    return create_engine(dialect_url(url), pool_size=32, max_overflow=32, pool_pre_ping=True)


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


def lost(error: object) -> bool:
    """Whether this is about the connection (never made, ended, server shutting down) and not about what was asked."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return error.sqlstate is None or error.sqlstate[:2] == "08" or error.sqlstate.startswith("57P")


def dial() -> Connection:
    """A connection of its own, outside the pool, each statement committed by itself."""
    return psycopg.connect(settings().database_url or "", autocommit=True)


def raw(session: Session) -> Connection:
    """The psycopg connection under a session, for set-based SQL and COPY on hot paths."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection
