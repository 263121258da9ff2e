"""What every proof stands on: real servers of its own with durability on, databases, and copies of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from shutil import rmtree

import psycopg

from models.database import close_pool
from models.errors import Refused
from models.migrate import upgrade
from models.settings import settings
from sijil.embedded.postgres import Postgres
from sijil.embedded.server import make_private
from sijil.embedded.valkey import Valkey
from sijil.processes import set_settings
from tasks.broker import broker


@dataclass(frozen=True)
class ProofServers:
    """Running servers. `use` points the settings of this process and its children at one database."""

    postgres: Postgres
    valkey: Valkey
    folder: Path  # of their own

    def use(self, database: str) -> None:
        """All settings now name this database, and a namespace of the broker that belongs to it."""
        close()
        set_settings(
            database_url=self.postgres.url_of(database),
            broker_url=self.valkey.url,
            broker_namespace=f"proof:{database}",
        )

    def execute(self, statement: str) -> None:
        """One statement on the server, outside all databases that are measured."""
        with psycopg.connect(self.postgres.url_of("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def create(self, database: str) -> None:
        """A fresh migrated database, and its use."""
        self.execute(f"drop database if exists {database} with (force)")
        self.execute(f"create database {database}")
        self.use(database)
        upgrade()

    def copy(self, source: str, database: str) -> None:
        """An exact copy, and its use. Its files are on disk before anything is measured."""
        close()
        self.execute(f"drop database if exists {database} with (force)")
        self.execute(f"create database {database} template {source} strategy file_copy")
        self.execute("checkpoint")
        self.use(database)

    def drop(self, database: str) -> None:
        """The database goes."""
        self.execute(f"drop database if exists {database} with (force)")


@contextmanager
def proof_servers(name: str) -> Iterator[ProofServers]:
    """Servers in a folder of their own inside SIJIL_HOME, which is the home of all that runs on them; removed
    afterwards.
    """
    folder = (settings().home / name).absolute()
    with only_one(folder):
        rmtree(folder, ignore_errors=True)
        made = ProofServers(Postgres(folder / "pg"), Valkey(folder / "vk"), folder)
        set_settings(home=str(folder / "home"))
        try:
            made.postgres.start()
            made.valkey.start()
            yield made
        finally:
            close()
            made.valkey.stop()
            made.postgres.stop()
            rmtree(folder, ignore_errors=True)
            set_settings(home=str(folder.parent))


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Nobody else may use this folder meanwhile.

    Raises Refused where somebody does: each would remove the servers of the other.
    """
    make_private(folder.parent)
    with folder.with_suffix(".lock").open("wb") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except OSError:
            raise Refused(
                "runs_already",
                f"Another proof or measurement runs in {folder}. Wait for it, or give this one a SIJIL_HOME of its "
                f"own.",
            ) from None
        yield


def close() -> None:
    """Ends this process's own connections."""
    close_pool()
    broker.cache_clear()
