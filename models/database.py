"""The database: one pool a process, and the one place that commits."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from typing import Any, TypeVar

import psycopg
from psycopg import IsolationLevel
from sqlalchemy import Engine, create_engine

from models import clock
from models.connection import Connection as Connection
from models.connection import autocommit_connection as autocommit_connection
from models.connection import database_url as database_url
from models.connection import timeouts
from models.errors import DatabaseAway, Unavailable
from models.settings import settings

Result = TypeVar("Result")
# SQLSTATEs (or their beginnings) of a database that is away: no connection, no room, a transaction that timed out,
# shutting down or starting, read-only (a demoted primary). None of them is about the statement.
DISCONNECTED = ("08", "53000", "531", "533", "534", "25P03", "25P04", "57P", "25006")
# The database cannot read a file or gets no memory: the whole disk may fail, or one bad sector under the rows of one
# case. Whether other cases fail too tells which.
STORAGE_FAILED = ("58", "53200")
ROW_LOCATION = re.compile(r"\(\d+,\d+\)")  # of the row that a statement waited for; the same in every server language
# The database refuses the order of the locks, not the work: the same transaction succeeds when it is run again.
RETRYABLE = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
TIMES = 5  # that a transaction is run


@cache
def engine() -> Engine:
    """The pool of this process. Raises Unavailable if the settings name no PostgreSQL."""
    database_url()
    # It keeps whatever it opened: of 50 people at once, those beyond a smaller pool would each wait for a connection.
    return create_engine(
        "postgresql+psycopg://", creator=open_pool_connection, pool_size=64, max_overflow=0, pool_pre_ping=True
    )


def open_pool_connection() -> Connection:
    """A new connection for the pool; the process's clock follows the database's with each."""
    connection = autocommit_connection()
    follow_clock(connection)
    connection.autocommit = False
    return connection


def follow_clock(connection: Connection) -> None:
    """Sets this process's clock by the database's.

    An answer that took long (perhaps the process was stopped meanwhile) is old, and changes nothing.
    """
    asked = time.monotonic()
    database_now = scalar(connection, "select clock_timestamp()")
    if time.monotonic() - asked < clock.MOMENT.total_seconds():
        clock.synchronize(database_now)


def close_pool() -> None:
    """Closes the pool's connections; the next use opens new ones, with the settings of that moment."""
    if engine.cache_info().currsize:
        engine().dispose()
    engine.cache_clear()
    close_readers()
    timeouts["transaction_timeout"] = "0"


@cache
def readers() -> list[Connection]:
    """The connections outside the pool on which `read_rows` reads, while nobody uses them."""
    return []


def read_rows(statement: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """The rows of one statement that only reads, outside a transaction: one journey to the database, where a
    transaction of the pool takes five.

    A connection that ended while nobody used it is found by the statement itself, which then runs on another one.
    Raises Unavailable if the database is away.
    """
    try:
        kept = readers()
        if kept:
            with suppress(psycopg.OperationalError):
                return rows_from(kept.pop(), kept, statement, parameters)
        connection = autocommit_connection()
        follow_clock(connection)
        return rows_from(connection, kept, statement, parameters)
    except psycopg.Error as error:
        if (away := unavailable(error)) is None:
            raise
        raise away from error


def rows_from(
    connection: Connection, kept: list[Connection], statement: str, parameters: Mapping[str, object]
) -> list[tuple[Any, ...]]:
    """Reads on this connection, and keeps it for the next one unless that failed, or the pool was closed meanwhile."""
    try:
        rows = connection.execute(statement, parameters).fetchall()
    except BaseException:
        connection.close()
        raise
    if readers.cache_info().currsize and readers() is kept:
        kept.append(connection)
    else:
        connection.close()
    return rows


def close_readers() -> None:
    """Closes what `read_rows` keeps."""
    kept = readers()
    readers.cache_clear()
    while kept:
        kept.pop().close()


def bound_transactions(seconds: int) -> None:
    """Has the database end every transaction of this process that lasts longer than this.

    Closes the pool's connections, which were opened without that timeout.
    """
    timeouts["transaction_timeout"] = f"{seconds}s"
    engine().dispose()
    close_readers()


@contextmanager
def transaction(snapshot: bool = False) -> Iterator[Connection]:
    """All or nothing: commits at the end of the block, rolls back on any error.

    A `snapshot` reads the database as of one moment, and cannot write.
    Raises Unavailable if the database is away or ends the connection.
    """
    try:
        with pooled_connection() as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ if snapshot else None
            connection.read_only = snapshot or None
            yield connection
            connection.commit()
    except psycopg.Error as error:
        if (away := unavailable(error)) is None:
            raise
        raise away from error


@contextmanager
def pooled_connection() -> Iterator[Connection]:
    """A connection of the pool. The pool rolls back what is not committed when the block ends."""
    lender = engine().pool
    pooled = lender.connect()
    try:
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg.Connection)
        yield connection
    except psycopg.Error as error:
        if is_disconnect(error):
            pooled.invalidate()
        raise
    finally:
        is_open = engine.cache_info().currsize and engine().pool is lender
        if pooled.is_valid and not is_open:  # the pool was closed meanwhile, so nobody would close this
            pooled.invalidate()
        pooled.close()


def snapshot() -> AbstractContextManager[Connection]:
    """A transaction that reads the database as of one moment. Keep it short. Raises what `transaction` raises."""
    return transaction(snapshot=True)


def transact(work: Callable[[Connection], Result]) -> Result:
    """Runs `work` in a transaction of its own and returns its result; runs it again after a deadlock.

    Raises what `transaction` raises, and Unavailable if every run met a deadlock.
    """
    for attempt in range(TIMES):
        try:
            with transaction() as connection:
                return work(connection)
        except RETRYABLE:
            pass
        back_off(attempt)
    raise Unavailable("Other transactions keep changing the same rows. Try again shortly.")


def back_off(attempt: int) -> None:
    """Waits before a transaction is run again: longer each time, and not as long as the other party waits."""
    time.sleep(random.uniform(0.5, 1.0) * 0.02 * 2**attempt)


def is_disconnect(error: object) -> bool:
    """Whether the database itself failed (no connection, shutting down, full disk), not the statement."""
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(DISCONNECTED)


def unavailable(error: object) -> Unavailable | None:
    """The Unavailable that this error means; None if it is an error of the statement.

    A lock on a row (Unavailable) stops only the work that needs this row. A lock on a table (DatabaseAway) stops all.
    """
    where = settings().database_url_shown()
    if is_disconnect(error):
        return DatabaseAway(f"The database does not answer ({where}).")
    if isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(STORAGE_FAILED):
        return Unavailable(
            f"The database cannot read or write one of its files, or gets no memory ({where}). See the database's log."
        )
    if isinstance(error, psycopg.errors.LockNotAvailable):
        if ROW_LOCATION.search(error.diag.context or ""):
            return Unavailable(
                "Another session holds a lock on a row that this needs. Find it with "
                "`select * from pg_stat_activity where state = 'idle in transaction'`."
            )
        return DatabaseAway(
            f"Another session holds a lock on a whole table ({where}). Find it with "
            "`select * from pg_locks where mode like '%Exclusive%'`."
        )
    if isinstance(error, psycopg.errors.QueryCanceled):
        return DatabaseAway(f"An administrator or a statement_timeout cancelled a statement ({where}).")
    return None


def scalar(connection: Connection, statement: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Any:
    """The first column of the one row that a statement always returns, such as a count."""
    row = connection.execute(statement, parameters).fetchone()
    assert row is not None
    return row[0]
