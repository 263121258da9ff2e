"""Our children, told by the settings: each in a session of its own, so that a terminal's Ctrl-C reaches only us, and
ending when we end.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from shutil import which
from types import FrameType
from typing import Any

from models.errors import Refused
from models.settings import PREFIX, settings
from tasks.supervisor import stop_processes

PATIENCE_SECONDS = 30.0


def set_settings(**changes: object) -> None:
    """Sets settings for this process and its children; None leaves one as it is."""
    for name, value in changes.items():
        if value is not None:
            os.environ[PREFIX + name.upper()] = str(value)  # noqa: TID251 - children are told by it
    settings.cache_clear()


def start(module: str, *arguments: str, under: Sequence[str] = (), **options: Any) -> "subprocess.Popen[bytes]":
    """Runs one of our modules as a process, `under` a command that runs another one; `options` are those of Popen."""
    command = [*under, *ending_with_us("TERM"), sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **options)


def ending_with_us(name: str) -> list[str]:
    """Has the kernel send this signal when our process is gone, even by SIGKILL.

    Where `setpriv` is missing, nothing.
    """
    return ["setpriv", "--pdeathsig", name] if which("setpriv") else []


def stop(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Ends them in good order, as a supervisor ends its workers."""
    stop_processes(processes, PATIENCE_SECONDS)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does; while cleaning up afterwards, neither can interrupt."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, interrupt)
    yield


def require_free(host: str, port: int) -> None:
    """Raises Refused where somebody else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            text = (
                f"Port {port} on {host} cannot be used ({error.strerror}). Choose another with --port, or for make: "
                f"SIJIL_PORT=8080 make demo."
            )
            raise Refused("port_taken", text) from None
