"""Servers for proofs and measurements, with durability on; their databases, and copies of these."""

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


@dataclass
class ProofServers:
    """A running PostgreSQL and Valkey, of which `use` chooses one database."""

    postgres: Postgres
    valkey: Valkey
    folder: Path
    keep: bool = False  # their folder at the end, under the name `kept`

    @property
    def kept(self) -> Path:
        """Where their folder is kept, if it is."""
        return self.folder.with_name(f"{self.folder.name}-kept")

    def use(self, database: str) -> None:
        """Points the settings of this process and its children at a database and a namespace of the broker for it."""
        close_connections()
        set_settings(
            database_url=self.postgres.url_of(database),
            broker_url=self.valkey.url,
            broker_namespace=f"proof:{database}",
        )

    def execute(self, statement: str) -> None:
        """Executes a statement on the database `postgres`, outside all databases that are measured."""
        with psycopg.connect(self.postgres.url_of("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def create(self, database: str) -> None:
        """Creates a migrated database and uses it."""
        self.execute(f"drop database if exists {database} with (force)")
        self.execute(f"create database {database}")
        self.use(database)
        upgrade()

    def copy(self, source: str, database: str) -> None:
        """Copies a database file by file and uses the copy, whose files are on disk by then."""
        close_connections()
        self.execute(f"drop database if exists {database} with (force)")
        self.execute(f"create database {database} template {source} strategy file_copy")
        self.execute("checkpoint")
        self.use(database)

    def drop(self, database: str) -> None:
        """Drops a database."""
        self.execute(f"drop database if exists {database} with (force)")


@contextmanager
def proof_servers(name: str) -> Iterator[ProofServers]:
    """Servers in a folder inside SIJIL_HOME, in which all that runs on them has its home; removes it afterwards,
    unless it is to be kept.
    """
    folder = (settings().home / name).absolute()
    with only_one(folder):
        rmtree(folder, ignore_errors=True)
        made = ProofServers(Postgres(folder / "pg"), Valkey(folder / "vk"), folder)
        # Whoever signed in at this shell did so in another database.
        signed_in = settings().session_file
        set_settings(home=str(folder / "home"), session_file=str(folder / "session"))
        try:
            made.postgres.start()
            made.valkey.start()
            yield made
        finally:
            close_connections()
            made.valkey.stop()
            made.postgres.stop()
            if made.keep:
                rmtree(made.kept, ignore_errors=True)
                folder.rename(made.kept)
            rmtree(folder, ignore_errors=True)
            set_settings(home=str(folder.parent), session_file=str(signed_in))


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Locks this folder for one proof or measurement.

    Raises Refused where another one holds it: each would remove the servers of the other.
    """
    make_private(folder.parent)
    with folder.with_suffix(".lock").open("wb") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except OSError:
            raise Refused(
                "runs_already",
                f"Another proof or measurement runs in {folder}. Wait for it, or name another folder with SIJIL_HOME.",
            ) from None
        yield


def close_connections() -> None:
    """Closes this process's own connections to the database and the broker."""
    close_pool()
    broker.cache_clear()
