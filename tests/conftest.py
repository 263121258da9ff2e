"""Real servers, one pair for each test process; each test has an empty database and a broker namespace of its own."""

import os
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from models.connection import APPLICATION, timeouts
from models.database import close_pool
from models.migrate import upgrade
from models.settings import settings
from sijil.embedded.postgres import Postgres
from sijil.embedded.valkey import Valkey
from tasks.broker import broker as the_broker
from tests.scrubbing import Databases
from workflows import policies
from workflows.policies import published

TEMPLATE = "template_migrated"
LOST = ["Protocol error", "Target page, context or browser has been closed", "Execution context was destroyed"]
PAGES = {"portal", "console"}  # the folders of tests of pages, which leave settings of sessions and locks alone
OPEN = {"url": ""}  # the database to which the connections stay open
MEMORY, ROOM = Path("/dev/shm"), 2 * 2**30  # a file system in memory, and the bytes that must be free


@dataclass(frozen=True)
class Servers:
    """A running PostgreSQL and Valkey."""

    postgres: Postgres
    valkey: Valkey


def forget_settings() -> None:
    """Makes this process read its settings and open its connections again.

    From one test of pages to the next the connections stay open: each new one reads the catalogues anew, which takes as
    long as some pages do.
    """
    settings.cache_clear()
    the_broker.cache_clear()
    if os.environ.get("SIJIL_DATABASE_URL") != OPEN["url"] or timeouts["transaction_timeout"] != "0":  # noqa: TID251 - as the test set it
        close_pool()


def memory_if_roomy() -> Path | None:
    """The parent of the servers' folders: in memory, where durable settings cost no wait; None for the usual place."""
    return MEMORY if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--servers", type=Path, help="the folder of a running pair of servers, which is used and left running"
    )
    parser.addoption("--pictures", type=Path, help="the folder in which browser tests keep a picture of each page")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the longest tests first: begun last, one would keep the other cores waiting for a minute.

    A test in a browser begins again, twice at most, when the browser's driver fails (`LOST`). What is asserted of a
    page is never tried again.
    """
    items.sort(key=lambda item: item.get_closest_marker("fault") is None)
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=2, only_rerun=LOST))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says at the end what was not tried for want of a program, and how to get it."""
    skipped = [each.longrepr for each in terminalreporter.getreports("skipped")]
    reasons = Counter(each[2].removeprefix("Skipped: ") for each in skipped if isinstance(each, tuple))
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"NOT TRIED: {count} tests: {reason}", yellow=True, bold=True)


@pytest.fixture(scope="session", autouse=True)
def own_session_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No command of a test acts by a session of whoever runs the tests, and none leaves one behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIJIL_NICE", "0")  # the tests themselves take all cores: workers would wait for them
        patch.setenv("SIJIL_SESSION_FILE", str(tmp_path_factory.mktemp("shell") / "session"))
        yield


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Iterator[Servers]:
    """PostgreSQL with a migrated template, and Valkey, in a folder with a short path: sockets live in it."""
    with TemporaryDirectory(prefix="sijil-test-", dir=memory_if_roomy()) as own, pytest.MonkeyPatch.context() as patch:
        folder = pytestconfig.getoption("--servers") or Path(own)
        pair = Servers(Postgres(folder / "pg"), Valkey(folder / "vk"))
        try:
            pair.postgres.start()
            pair.valkey.start()
            patch.setenv("SIJIL_DATABASE_URL", pair.postgres.url_of(TEMPLATE))
            forget_settings()
            if execute(pair.postgres, f"select from pg_database where datname = '{TEMPLATE}'").rowcount == 0:
                execute(pair.postgres, f"create database {TEMPLATE}")
                upgrade()
            forget_settings()
            yield pair
        finally:
            administrator(pair.postgres.url_of("postgres")).close()
            pair.valkey.stop()
            pair.postgres.stop()


@cache
def administrator(url: str) -> psycopg.Connection:
    """A connection for what is done with whole databases, before and after each test."""
    return psycopg.connect(url, autocommit=True)


def execute(postgres: Postgres, statement: str) -> psycopg.Cursor:
    """Executes a statement on the database `postgres`."""
    return administrator(postgres.url_of("postgres")).execute(statement)


@pytest.fixture(scope="session")
def databases(servers: Servers) -> Iterator[Databases]:
    """The database that tests share, one after the other."""
    shared = Databases(servers.postgres, TEMPLATE, lambda statement: execute(servers.postgres, statement))
    yield shared
    close_pool()
    shared.drop()


@pytest.fixture
def database(
    request: pytest.FixtureRequest,
    servers: Servers,
    databases: Databases,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """The address of an empty migrated database, to which the settings point."""
    name = databases.take()
    of_pages = request.path.parent.name in PAGES
    if not of_pages or OPEN["url"] != servers.postgres.url_of(name):
        close_pool()
    OPEN["url"] = servers.postgres.url_of(name) if of_pages else ""
    monkeypatch.setenv("SIJIL_DATABASE_URL", servers.postgres.url_of(name))
    monkeypatch.setenv("SIJIL_SECRET_KEY", "a key for the tests")
    monkeypatch.setenv("SIJIL_GATEWAY_SECRET", "with which a gateway signs")  # so reports can come
    monkeypatch.setenv("SIJIL_TEXT_HOURS", "")  # whatever the hour at which the tests run
    monkeypatch.setenv("SIJIL_TRIES_SPREAD", "73")  # seconds: the waits are 1, 8 and 64
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SIJIL_SESSION_FILE", str(tmp_path / "session"))
    forget_settings()
    yield servers.postgres.url_of(name)
    forget_settings()
    if not databases.give_back(APPLICATION if of_pages else ""):
        close_pool()


@pytest.fixture
def policy_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the policies, which the code reads instead of its own ones."""
    folder = tmp_path / "policies"
    shutil.copytree(policies.HERE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setattr(policies, "HERE", folder)
    forget_policies()
    yield folder
    forget_policies()


def forget_policies() -> None:
    """Makes the code read the policy files again."""
    for cached in (
        policies.indexes,
        policies.index_in_force,
        policies.thresholds,
        policies.thresholds_in_force,
        policies.terms,
        policies.periods,
        published.index_files,
        published.thresholds_published,
        published.offices_file,
    ):
        cached.cache_clear()


@pytest.fixture
def broker(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a broker in which this test has a namespace of its own."""
    monkeypatch.setenv("SIJIL_BROKER_URL", servers.valkey.url)
    monkeypatch.setenv("SIJIL_BROKER_NAMESPACE", f"test_{uuid.uuid4().hex[:12]}")
    forget_settings()
    yield servers.valkey.url
    forget_settings()
