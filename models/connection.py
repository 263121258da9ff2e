"""How this program connects: every connection of ours is made here, by libpq, from the one address, and says in its
session what correctness rests on.

What the server, the database, the role or the address set otherwise counts for others' sessions, not for ours.
"""

import secrets
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import Jsonb

from models.errors import Unavailable
from models.settings import settings

Connection = psycopg.Connection[Any]
PROCESS = secrets.token_hex(8)  # this process, among all of all hosts: hosts may share a name, and processes a number
PROGRAM = "sijil"
APPLICATION = f"{PROGRAM} {PROCESS}"  # as the server names our sessions
SCHEMES = ("postgresql://", "postgres://", "postgresql+psycopg://")
# One that swallows packets is away, too: noticed within half a minute, whether an answer is awaited or not.
CONNECTED: dict[str, Any] = {
    "connect_timeout": 10,
    "client_encoding": "UTF8",
    "application_name": APPLICATION,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
LOCK_SECONDS = (
    5  # for which a statement waits for what others hold; then it is tried another time, and counts against nobody
)
SESSION = {
    # What is written, and how what we send is read.
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "search_path": "public, pg_temp",
    # rows are never left out in silence: a policy that would is an error
    "default_transaction_isolation": "read committed",
    "row_security": "off",
    # How what we read is written.
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "client_min_messages": "warning",
    # What bounds us is ours: a batch is not ended in its middle by a bound that was meant for reports.
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "exit_on_error": "off",  # what one case is refused for would look like a database that is away
}
DURABLE = ("on", "remote_apply")  # of synchronous_commit: what was committed is on disk; an operator may ask for more
SET = f"""
    select pg_catalog.set_config(name, value, false), pg_catalog.current_setting('session_replication_role')
    from pg_catalog.jsonb_each_text(%s::pg_catalog.jsonb) as chosen (name, value)
    union all select pg_catalog.set_config('synchronous_commit', case when now in {DURABLE} then now
        else 'on' end, false), null
    from pg_catalog.current_setting('synchronous_commit') as now
"""
bounds: dict[str, str] = {
    "lock_timeout": f"{LOCK_SECONDS}s",
    "transaction_timeout": "0",
}  # of this process's sessions from now on


def known_url() -> str:
    """The address in the settings.

    Raises Unavailable where there is none: libpq would look for a server of its own choice.
    """
    url = settings().database_url
    if not url:
        raise Unavailable(
            "No database address. Set SIJIL_DATABASE_URL, or start one with `sijil demo` or `sijil serve`."
        )
    return url


def address() -> Mapping[str, Any]:
    """The parts of the address, as libpq reads them.

    Of several hosts the one that takes writes is meant. Raises Unavailable where it is none.
    """
    url = known_url()
    try:
        scheme = next(each for each in SCHEMES if url.startswith(each))
        parts = conninfo_to_dict("postgresql://" + url.removeprefix(scheme))
        named = Counter(name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True))
    except (StopIteration, ValueError, psycopg.ProgrammingError):
        text = (
            "SIJIL_DATABASE_URL is not an address of a PostgreSQL: it looks like postgresql://user:password@host/name."
        )
        raise Unavailable(text) from None  # what libpq says may quote a password
    if twice := [name for name, times in named.items() if times > 1]:
        raise Unavailable(
            f"SIJIL_DATABASE_URL names {twice[0]} twice. Several hosts are written "
            f"postgresql://user:password@one:5432,other:5432/name."
        )
    several = any("," in str(parts.get(name, "")) for name in ("host", "hostaddr"))
    return {**parts, **({"target_session_attrs": "read-write"} if several else {})}


def autocommit_connection() -> Connection:
    """A connection of its own, outside the pool, each statement committed by itself.

    Raises psycopg's OperationalError where none comes about, Unavailable where the session cannot be made what it must
    be.
    """
    connection = psycopg.connect(autocommit=True, **{**address(), **CONNECTED})
    try:
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: Connection) -> None:
    """Makes the session what it must be.

    Raises Unavailable where it is told to fire no trigger: that only a superuser may take back.
    """
    fires = connection.execute(SET, [Jsonb({**SESSION, **bounds})]).fetchone()
    assert fires is not None
    if fires[1] != "origin":
        raise Unavailable(
            "session_replication_role is set for this role or database, so that no trigger guards anything. Reset it "
            "there."
        )
