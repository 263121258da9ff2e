"""Our children, told by the settings: each in a session of its own, so that a terminal's Ctrl-C reaches only us, and ending when we end."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from types import FrameType
from typing import Any

from models.errors import Refused, Unavailable
from models.settings import PREFIX, settings
from tasks.supervisor import end

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
    """Has the kernel send this signal when our process is gone, even by SIGKILL. Where `setpriv` is missing, nothing."""
    return ["setpriv", "--pdeathsig", name] if which("setpriv") else []


def stop(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Ends them in good order, as a supervisor ends its workers."""
    end(processes, PATIENCE_SECONDS)


def start_gateway(log: Path, *, port: int = 0, delay_ms: int = 0) -> "subprocess.Popen[bytes]":
    """The demo's message gateway as a process, whose address the settings then name; port 0 takes a free one. Raises Unavailable where it ends at once."""
    gateway = start("sijil.trial_gateway", "--port", str(port), "--log", str(log), "--delay-ms", str(delay_ms), stdout=subprocess.PIPE)
    assert gateway.stdout is not None
    address = gateway.stdout.readline().decode().strip()
    if not address:
        raise Unavailable(f"The message gateway does not start; it says why above. It takes port {port or 'any'} and writes into {log}.")
    set_settings(gateway_url=address)
    return gateway


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
            text = f"Port {port} on {host} cannot be used ({error.strerror}). Choose another with --port, or for make: SIJIL_PORT=8080 make demo."
            raise Refused("port_taken", text) from None
