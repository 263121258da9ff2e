"""What an address, a role or a database sets is for others: our own sessions say what correctness and durability rest
on.
"""

import socket
from collections.abc import Iterator

import psycopg
import pytest

from models.connection import SESSION_SETTINGS, timeouts
from models.database import autocommit_connection, close_pool, transaction
from models.errors import Unavailable
from models.migrate import require_migrated
from tests.conftest import Servers, execute, forget_settings
from tests.filing import Worker, drain_all, file_clean, rows, stages, value
from tests.integration.running import Run

# What somebody may have set, each unlike what we need.
STRANGE = {
    "standard_conforming_strings": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "search_path": "elsewhere, public",
    "default_transaction_isolation": "serializable",
    "row_security": "on",
    "datestyle": "German, DMY",
    "intervalstyle": "iso_8601",
    "timezone": "Africa/Casablanca",
    "bytea_output": "escape",
    "extra_float_digits": "-3",
    "client_min_messages": "debug1",
    "exit_on_error": "on",
    "statement_timeout": "50ms",
    "idle_in_transaction_session_timeout": "50ms",
    "idle_session_timeout": "50ms",
}
COUNTERPART = {"lock_timeout": "20ms", "transaction_timeout": "50ms", "synchronous_commit": "off"}


@pytest.fixture
def role(database: str, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A role of its own, by which the settings' address comes in; it may do what the owner may."""
    name = database_of(database).replace("test_", "role_")
    execute(servers.postgres, f"create role {name} login superuser")
    monkeypatch.setenv("SIJIL_DATABASE_URL", database.replace("sijil@", f"{name}@"))
    forget_settings()
    yield name
    close_pool()
    with psycopg.connect(database) as connection:
        connection.execute(f"drop owned by {name} cascade")
    execute(servers.postgres, f"drop role {name}")


def database_of(url: str) -> str:
    """The name of the database in an address."""
    return url.partition("?")[0].rpartition("/")[2]


def sessions() -> Iterator[psycopg.Connection]:
    """One of each way in which this program connects."""
    forget_settings()
    with transaction() as connection:
        yield connection
    with autocommit_connection() as connection:
        yield connection


@pytest.mark.parametrize("whose", ["role", "database"])
def test_whatever_is_set_for_the_role_or_the_database_our_sessions_are_the_same(
    role: str, database: str, whose: str
) -> None:
    target = f"role {role}" if whose == "role" else f"database {database_of(database)}"
    assert SESSION_SETTINGS.keys() == STRANGE.keys()

    for name, strange in (STRANGE | COUNTERPART).items():
        rows(f"alter {target} set {name} to {strange if name in ('search_path', 'datestyle') else repr(strange)}")

    for connection in sessions():
        for name, wanted in (SESSION_SETTINGS | timeouts | {"synchronous_commit": "on"}).items():
            found = connection.execute(
                "select setting || coalesce(unit, '') from pg_settings where lower(name) = %s", [name]
            ).fetchone()
            asked = connection.execute("select current_setting(%s)", [name]).fetchone()
            assert wanted.lower() in (str(asked[0]).lower(), str(found[0]).lower()), name  # type: ignore[index]


@pytest.mark.parametrize("strange", ["off", "local", "remote_write"])
def test_what_was_committed_is_on_disk_whoever_set_what(
    role: str, database: str, monkeypatch: pytest.MonkeyPatch, strange: str
) -> None:
    rows(f"alter role {role} set synchronous_commit to {strange}")
    rows(f"alter database {database_of(database)} set synchronous_commit to {strange}")
    joined = "&" if "?" in database else "?"
    monkeypatch.setenv("SIJIL_DATABASE_URL", f"{database}{joined}options=-csynchronous_commit%3D{strange}")

    assert [connection.execute("show synchronous_commit").fetchone() for connection in sessions()] == [("on",)] * 2


def test_an_operator_may_ask_for_more_than_that(role: str) -> None:
    rows(f"alter role {role} set synchronous_commit to remote_apply")

    assert [connection.execute("show synchronous_commit").fetchone() for connection in sessions()] == [
        ("remote_apply",)
    ] * 2


def test_the_history_verifies_and_the_cases_go_on_under_all_of_it(
    role: str, broker: str, sijil: Run, worker: Worker
) -> None:
    rows("create schema elsewhere")
    rows("create table elsewhere.cases (id bigint)")
    for name, strange in (STRANGE | COUNTERPART).items():
        rows(f"alter role {role} set {name} to {strange if name in ('search_path', 'datestyle') else repr(strange)}")
    forget_settings()

    file_clean(12)
    drain_all(worker())

    assert stages() == {"notified": 12}
    for command in (["audit", "verify"], ["replay"]):
        assert sijil(*command).code == 0


def test_one_bad_case_holds_up_no_other_though_the_role_ends_a_session_at_its_first_error(
    role: str, worker: Worker
) -> None:
    rows(f"alter role {role} set exit_on_error to on")
    forget_settings()
    bad, *_ = file_clean(6)
    rows(
        "insert into event select case_id, 2, kind, at, actor, evidence, facts, salt, commitment, hash, owed from "
        "event where case_id = %s",
        bad.case_id,
    )

    drain_all(worker())

    assert stages() == {"notified": 5, "submitted": 1}


def test_a_role_whose_sessions_fire_no_trigger_is_refused_in_one_sentence(role: str) -> None:
    rows(f"alter role {role} set session_replication_role to replica")
    forget_settings()

    with pytest.raises(Unavailable, match="session_replication_role"):
        require_migrated()
    with pytest.raises(Unavailable, match="session_replication_role"):
        autocommit_connection()


# Several hosts -------------------------------------------------------------------------------------


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.mark.parametrize(
    "form",
    [
        "postgresql://sijil@/{name}?host=127.0.0.1,{folder}&port={port},5432",
        "postgresql:///{name}?user=sijil&host=/nowhere,{folder}",
    ],
)
def test_of_several_hosts_each_connection_takes_the_one_that_lives(
    database: str, servers: Servers, nobody: int, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    folder = servers.postgres.sockets
    monkeypatch.setenv("SIJIL_DATABASE_URL", form.format(port=nobody, name=database_of(database), folder=folder))
    taken = [connection.info.host for connection in sessions()]

    assert taken == [str(folder)] * 2
    assert value("select current_database()") == database_of(database)


def test_of_several_hosts_one_that_takes_no_writes_is_passed_over(
    database: str, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows(f"alter database {database_of(database)} set default_transaction_read_only = on")
    monkeypatch.setenv(
        "SIJIL_DATABASE_URL",
        f"postgresql://sijil@/{database_of(database)}?host={servers.postgres.sockets},{servers.postgres.sockets}",
    )
    forget_settings()

    with pytest.raises(psycopg.OperationalError, match="read-only"):
        autocommit_connection()
    with pytest.raises(Unavailable):
        require_migrated()


def test_an_address_that_names_its_host_twice_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLAlchemy's way to write several: libpq takes the last of them alone."""
    monkeypatch.setenv("SIJIL_DATABASE_URL", "postgresql://sijil@/name?host=one:5432&host=other:5432")
    forget_settings()

    with pytest.raises(Unavailable, match="names host twice"):
        autocommit_connection()
    with pytest.raises(Unavailable, match="names host twice"):
        require_migrated()


def test_a_connection_that_comes_back_after_its_pool_was_closed_is_closed(database: str) -> None:
    with transaction() as connection:
        close_pool()
        connection.execute("select 1")
    assert connection.closed
    with transaction() as another:
        assert not another.closed
