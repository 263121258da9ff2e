"""How this program connects to PostgreSQL: every connection is made here, by libpq, from one address.

Each session sets what correctness rests on, so that no setting of the server, the database, the role or the address
can change it.
"""

import os
import secrets
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import Jsonb
from psycopg.types.string import BytesBinaryDumper

from models.errors import Unavailable
from models.priority import lower
from models.settings import settings

Connection = psycopg.Connection[Any]
# Names this process among all processes of all hosts: two hosts may share a name, and two processes a number.
PROCESS = secrets.token_hex(8)
PROGRAM = "sijil"
APPLICATION = f"{PROGRAM} {PROCESS}"  # the name of our sessions in pg_stat_activity
SCHEMES = ("postgresql://", "postgres://", "postgresql+psycopg://")
# A server that swallows packets is noticed within half a minute, whether we wait for an answer or not.
CONNECT_OPTIONS: dict[str, Any] = {
    "connect_timeout": 10,
    "client_encoding": "UTF8",
    "application_name": APPLICATION,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# A statement waits so long for a lock that another session holds. Then it is tried later, and counts against no case.
LOCK_TIMEOUT_SECONDS = 5
SESSION_SETTINGS = {
    # How the server reads what we send.
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "search_path": "public, pg_temp",
    "default_transaction_isolation": "read committed",
    "row_security": "off",  # a policy that would hide rows from us is an error, and hides none in silence
    # How the server writes what we read.
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "client_min_messages": "warning",
    # Our own timeouts alone count: one that was meant for reports must not end a batch in its middle.
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "exit_on_error": "off",  # an error of one case would end the session, and look like a database that is away
}
# Values of synchronous_commit under which a committed row is on disk; an operator may choose the stricter one.
DURABLE = ("on", "remote_apply")
SET_SESSION = f"""
    select pg_catalog.set_config(name, value, false), pg_catalog.current_setting('session_replication_role')
    from pg_catalog.jsonb_each_text(%s::pg_catalog.jsonb) as chosen (name, value)
    union all
    select pg_catalog.set_config('synchronous_commit', case when now in {DURABLE} then now else 'on' end, false), null
    from pg_catalog.current_setting('synchronous_commit') as now
"""
# psycopg writes bytes by a function in Python, which leaves room for `Binary` objects, of which we have none.
psycopg.adapters.register_dumper(bytes, BytesBinaryDumper)
# Every session that this process opens from now on has these.
timeouts: dict[str, str] = {"lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s", "transaction_timeout": "0"}


def database_url() -> str:
    """The address in the settings.

    Raises Unavailable if there is none: libpq would choose a server by itself.
    """
    url = settings().database_url
    if not url:
        raise Unavailable(
            "No database address. Set SIJIL_DATABASE_URL, or start one with `sijil demo` or `sijil serve`."
        )
    return url


def connection_parameters() -> Mapping[str, Any]:
    """The parts of the address, as libpq reads them; of several hosts, libpq chooses the one that takes writes.

    Raises Unavailable if the address is not one of a PostgreSQL.
    """
    url = database_url()
    try:
        scheme = next(each for each in SCHEMES if url.startswith(each))
        parts = conninfo_to_dict("postgresql://" + url.removeprefix(scheme))
        named = Counter(name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True))
    except (StopIteration, ValueError, psycopg.ProgrammingError):
        text = "SIJIL_DATABASE_URL is not an address of a PostgreSQL: write postgresql://user:password@host/name."
        raise Unavailable(text) from None  # libpq's own message may quote a password
    if twice := [name for name, times in named.items() if times > 1]:
        raise Unavailable(
            f"SIJIL_DATABASE_URL names {twice[0]} twice. "
            "Several hosts are written postgresql://user:password@one:5432,other:5432/name."
        )
    several = any("," in str(parts.get(name, "")) for name in ("host", "hostaddr"))
    return {**parts, **({"target_session_attrs": "read-write"} if several else {})}


def autocommit_connection() -> Connection:
    """A new connection outside the pool, which commits each statement by itself.

    Raises psycopg's OperationalError if the server takes no connection, Unavailable if `configure_session` does.
    """
    connection = psycopg.connect(autocommit=True, **{**connection_parameters(), **CONNECT_OPTIONS})
    try:
        configure_session(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def configure_session(connection: Connection) -> None:
    """Gives the session our settings and timeouts.

    Raises Unavailable if the session fires no triggers, which only a superuser can change.
    """
    row = connection.execute(SET_SESSION, [Jsonb({**SESSION_SETTINGS, **timeouts})]).fetchone()
    assert row is not None
    _, replication_role = row
    if replication_role != "origin":
        raise Unavailable(
            "session_replication_role is set for this role or database, so no trigger guards the tables. Reset it."
        )
    share_priority(connection)


def share_priority(connection: Connection) -> None:
    """Lowers the server's process of this session to the priority of ours, where both run on one machine and it may.

    Else workers that give way would have their statements run before those of who they give way to.
    """
    nice, server = os.getpriority(os.PRIO_PROCESS, 0), connection.info.backend_pid
    if nice <= 0 or not connection.info.host.startswith("/"):
        return
    with suppress(OSError):  # the server runs for another user, or as another container's process
        if Path(f"/proc/{server}/comm").read_text(encoding="ascii").startswith("postgres"):
            lower(server, nice)
