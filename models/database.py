"""The database: one pool a process, and the one place that commits."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any, TypeVar

import psycopg
from psycopg import IsolationLevel
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError

from models import clock
from models.connection import Connection as Connection
from models.connection import autocommit_connection as autocommit_connection
from models.connection import bounds
from models.connection import known_url as known_url
from models.errors import DatabaseAway, Unavailable
from models.settings import settings

Result = TypeVar("Result")
# By SQLSTATE: no connection, no room, bounds of a transaction, shut down or starting, it takes no writes (a primary
# that was demoted). None is about what was asked.
AWAY = ("08", "53000", "531", "533", "534", "25P03", "25P04", "57P", "25006")
# A file that it cannot read, memory that it does not get: the whole disk fails, or one bad sector under the rows of one
# case. Others tell which.
FAILING = ("58", "53200")
ROW = re.compile(r"\(\d+,\d+\)")  # the place of a row, in whatever language the server says that it waits for one
# It refuses an order of locks or a moment, not the work: the same simply goes again.
RETRYABLE = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
TIMES = 5  # that the same goes again


@cache
def engine() -> Engine:
    """The pool of this process. Raises Unavailable where no address is known, or none of a PostgreSQL."""
    known_url()
    return create_engine("postgresql+psycopg://", creator=pooled, pool_size=32, max_overflow=32, pool_pre_ping=True)


def pooled() -> Connection:
    """A new connection of the pool, which tells the time."""
    connection = autocommit_connection()
    follow_clock(connection)
    connection.autocommit = False
    return connection


def follow_clock(connection: Connection) -> None:
    """From now on this process goes by the database's clock.

    An answer that took long, as of a process that was stopped meanwhile, tells no time.
    """
    asked = time.monotonic()
    told = scalar(connection, "select clock_timestamp()")
    if time.monotonic() - asked < clock.MOMENT.total_seconds():
        clock.follow(told)


def close_pool() -> None:
    """Ends this process's pooled connections; the next use opens them anew, by the settings of then."""
    if engine.cache_info().currsize:
        engine().dispose()
    engine.cache_clear()
    bounds["transaction_timeout"] = "0"


def bound_transactions(seconds: int) -> None:
    """From now on the database ends every transaction of this process that lasts longer; connections that are open
    already are given up.
    """
    bounds["transaction_timeout"] = f"{seconds}s"
    engine().dispose()


@contextmanager
def transaction(snapshot: bool = False) -> Iterator[Connection]:
    """All or nothing: commits at the end of the block, rolls back on any error.

    A `snapshot` reads at one moment, and writes nothing.

    Raises Unavailable where the database cannot be reached or ends the connection.

    """
    try:
        with borrowed() as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ if snapshot else None
            connection.read_only = snapshot or None
            yield connection
            connection.commit()
    except (DBAPIError, psycopg.Error) as error:
        if (away := unavailable(error.orig if isinstance(error, DBAPIError) else error)) is None:
            raise
        raise away from error


@contextmanager
def borrowed() -> Iterator[Connection]:
    """A connection of the pool, which rolls back what was not committed when it is given back."""
    pooled = engine().raw_connection()
    try:
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg.Connection)
        yield connection
    except psycopg.Error as error:
        if is_disconnect(error):
            pooled.invalidate()
        raise
    finally:
        pooled.close()


def snapshot() -> AbstractContextManager[Connection]:
    """One moment of the database to read in, short as any transaction should be. Raises what `transaction` raises."""
    return transaction(snapshot=True)


def transact(work: Callable[[Connection], Result]) -> Result:
    """What this work gives, in a transaction of its own; again where it met others in another order of locks.

    Raises what `transaction` raises.
    """
    for turn in range(TIMES):
        try:
            with transaction() as connection:
                return work(connection)
        except RETRYABLE:
            pass
        back_off(turn)
    raise Unavailable("Others change the same at this moment. Try again shortly.")


def back_off(turn: int) -> None:
    """Waits before the same goes again, each time longer, and not as long as whoever it met."""
    time.sleep(random.uniform(0.5, 1.0) * 0.02 * 2**turn)


def is_disconnect(error: object) -> bool:
    """Whether this is about the database itself (no connection, shutting down, its disk full) and not about what was
    asked.
    """
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(AWAY)


def unavailable(error: object) -> Unavailable | None:
    """This error told as something that is away; None where it is about what was asked.

    A lock on a row is about the work that meets it, and all others go on; a lock on a table and whatever else the
    database does are about no work.
    """
    where = settings().database_url_shown()
    if is_disconnect(error):
        return DatabaseAway(f"The database does not answer ({where}).")
    if isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(FAILING):
        return Unavailable(
            f"The database cannot read or write something it has, or gets no memory; its log says what ({where})."
        )
    if isinstance(error, psycopg.errors.LockNotAvailable):
        if ROW.search(error.diag.context or ""):
            return Unavailable(
                "Somebody holds a row that this needs. `select * from pg_stat_activity where state = 'idle in "
                "transaction'` may say who."
            )
        return DatabaseAway(
            f"Somebody holds a lock on a whole table ({where}). `select * from pg_locks where mode like '%Exclusive%'` "
            f"may say who."
        )
    if isinstance(error, psycopg.errors.QueryCanceled):
        return DatabaseAway(f"A statement was cancelled, by an administrator or by a statement_timeout ({where}).")
    return None


def scalar(connection: Connection, statement: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Any:
    """The first column of the one row that a statement always gives, such as a count."""
    row = connection.execute(statement, parameters).fetchone()
    assert row is not None
    return row[0]
