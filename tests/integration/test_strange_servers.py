"""A database that cannot hold what we write is refused in one sentence; what belongs to others in its cluster or broker
harms nothing.
"""

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from redis import Redis
from sqlalchemy import make_url

from models.database import bound_transactions, close_pool, is_disconnect, transaction
from models.errors import Unavailable
from models.migrate import require_migrated
from sijil.embedded.postgres import Postgres
from tasks.broker import broker as the_broker
from tests.conftest import Servers, execute, forget_settings
from tests.filing import rows, value
from tests.integration.running import Run
from workflows.queue.attempts import WORKER_LOCK
from workflows.queue.monitor import workers


@pytest.fixture
def made(servers: Servers) -> Iterator[Callable[[str, str], Postgres]]:
    """Makes a database of another kind; the server goes with the tests."""

    def make(name: str, options: str) -> Postgres:
        execute(servers.postgres, f"drop database if exists {name}")
        execute(servers.postgres, f"create database {name} template template0 {options}")
        return servers.postgres

    yield make
    forget_settings()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_arabic_is_refused_before_anything_is_made(
    made: Callable[[str, str], Postgres], sijil: Run, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    postgres = made("of_another_alphabet", f"encoding '{encoding}' locale_provider libc locale 'C'")
    monkeypatch.setenv("SIJIL_DATABASE_URL", postgres.url_of("of_another_alphabet"))

    ran = sijil("migrate")

    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert encoding in ran.err
    assert "createdb --encoding=UTF8" in ran.err


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("postgresql://sijil@/nowhere", "the server has no such database"),
        ("postgresql://nobody@/postgres", "it refuses this user or password"),
        ("postgresql://sijil@127.0.0.1:1/postgres", "cannot be reached. "),
    ],
)
def test_a_server_that_answers_and_refuses_is_not_said_to_be_away(
    servers: Servers, sijil: Run, monkeypatch: pytest.MonkeyPatch, address: str, why: str
) -> None:
    ours = make_url(servers.postgres.url_of("postgres"))
    theirs = make_url(address)
    there = ours.set(username=theirs.username, database=theirs.database) if theirs.host is None else theirs
    monkeypatch.setenv("SIJIL_DATABASE_URL", there.render_as_string(hide_password=False))

    ran = sijil("doctor")

    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert why in ran.err


def test_dates_are_read_whatever_style_the_server_writes_them_in(database: str, ready: Run) -> None:
    name = value("select current_database()")
    rows(f"alter database {name} set datestyle = 'German'")
    forget_settings()

    assert ready("doctor").code == 0
    assert ready("queues").code == 0


def test_a_database_that_takes_nothing_is_away_and_says_why(database: str) -> None:
    name = value("select current_database()")
    rows(f"alter database {name} set default_transaction_read_only = on")
    forget_settings()

    with pytest.raises(Unavailable, match="read-only"):
        require_migrated()
    with pytest.raises(Unavailable), transaction() as connection:
        connection.execute("delete from case_failure")
    assert not is_disconnect(psycopg.errors.UniqueViolation())


def test_a_bound_counts_for_connections_that_were_open_before(database: str) -> None:
    require_migrated()

    bound_transactions(7)

    assert value("select current_setting('transaction_timeout')") == "7s"
    close_pool()


def test_a_lock_in_another_database_of_the_cluster_makes_no_dead_worker_look_alive(
    database: str, servers: Servers
) -> None:
    rows(
        "insert into worker (host, pid, queues, since, seen_at, counters) values ('here', 1, '{}', now(), now(), '{}')"
    )
    number = value("select id from worker")
    with psycopg.connect(servers.postgres.url_of("postgres"), autocommit=True) as elsewhere:
        elsewhere.execute("select pg_advisory_lock(%s, %s)", [WORKER_LOCK, number])
        with transaction() as connection:
            (worker,) = workers(connection)

    assert worker["alive"] is False


def test_a_ring_that_is_no_text_does_not_end_the_listening(broker: str) -> None:
    doorbell = the_broker().doorbell
    thread = doorbell.listen()
    client = Redis.from_url(broker)
    end = time.monotonic() + 10
    while not client.publish(doorbell.channel, b"\xff\xfe"):
        assert time.monotonic() < end
        time.sleep(0.01)
    doorbell.bells["verification"].clear()

    doorbell.ring("verification")

    assert doorbell.bells["verification"].wait(10)
    assert thread.is_alive()
    doorbell.stopping = True
