"""Starts and stops child processes, which read their settings from the environment.

Each child has a session of its own, so that a terminal's Ctrl-C reaches only this process; it ends when this one ends.
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
            os.environ[PREFIX + name.upper()] = str(value)  # noqa: TID251 - children read their settings from it
    settings.cache_clear()


@contextmanager
def other_settings(**changes: object) -> Iterator[None]:
    """Sets settings for this block, and puts back what was there before."""
    names = [PREFIX + name.upper() for name in changes]
    before = {name: os.environ.get(name) for name in names}  # noqa: TID251 - put back at the end
    set_settings(**changes)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)  # noqa: TID251 - as it was
            if value is not None:
                os.environ[name] = value  # noqa: TID251 - as it was
        settings.cache_clear()


def start(module: str, *arguments: str, under: Sequence[str] = (), **options: Any) -> "subprocess.Popen[bytes]":
    """Starts one of our modules as a process.

    `under` is a command that runs another command; `options` are those of Popen.
    """
    command = [*under, *signal_at_parent_death("TERM"), sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **options)


def signal_at_parent_death(name: str) -> list[str]:
    """A command prefix with which the kernel sends the child this signal when our process is gone, even by SIGKILL.

    It is empty where `setpriv` is not installed.
    """
    return ["setpriv", "--pdeathsig", name] if which("setpriv") else []


def stop(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Asks these processes to end, as a supervisor asks its workers, and kills those that do not."""
    stop_processes(processes, PATIENCE_SECONDS)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does; none of them interrupts the cleaning up afterwards."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, interrupt)
    yield


def require_free_port(host: str, port: int) -> None:
    """Raises Refused where another process listens on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refused(
                "port_taken",
                f"Port {port} on {host} cannot be used ({error.strerror}). "
                "Choose another with --port, or for make: SIJIL_PORT=8080 make demo.",
            ) from None
