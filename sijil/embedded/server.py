"""An embedded server: how it is started over its folder, where its socket is, how it is stopped."""

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, flock
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

from models.errors import Unavailable
from sijil.embedded.hosting import nobody_options

SOCKET_PATH_LIMIT = 100  # bytes; the kernel allows 107 for a socket's path
START_SECONDS = 30.0
STOP_SECONDS = 30.0


@dataclass
class Server(ABC):
    """A server process over a folder. A server that already runs there is used, and `stop` leaves it running."""

    folder: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    name = ""
    end_signal = signal.SIGTERM

    @property
    @abstractmethod
    def url(self) -> str:
        """The address, as the settings take it."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server answers now."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command line that starts the server."""

    @abstractmethod
    def prepare(self) -> None:
        """Makes the folder ready for a start."""

    @property
    def sockets(self) -> Path:
        """The folder of the socket: inside the server's folder, or in a temporary one where that path is too long."""
        inside = self.folder / "run"
        if len(os.fsencode(inside.absolute())) + 20 < SOCKET_PATH_LIMIT:
            return inside.absolute()
        return Path(gettempdir()) / f"sijil-{os.getuid()}-{sha256(os.fsencode(inside.absolute())).hexdigest()[:12]}"

    def start(self) -> None:
        """Starts the server, unless one already runs over this folder.

        Raises Unavailable, with the last line of the server's log, where it does not start.
        """
        make_private(self.folder)
        with start_lock(self.folder):
            if self.answers():
                return
            make_private(self.sockets)
            self.prepare()
            until = time.monotonic() + START_SECONDS
            while not self.try_start(until):
                if time.monotonic() > until:
                    self.kill()
                    raise Unavailable(
                        f"The embedded {self.name} in {self.folder} did not start: {self.last_log_line()}"
                    )

    def try_start(self, until: float) -> bool:
        """Starts the process once; whether it answers by then.

        It may end at once: after a kill, the shared memory of the old server stays in use for a moment.
        """
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **nobody_options(),
            )
        while time.monotonic() < until and self.process.poll() is None:
            if self.answers():
                return True
            time.sleep(0.02)
        time.sleep(0.1)
        return False

    @property
    def log(self) -> Path:
        """The file of the server's own log."""
        return self.folder / f"{self.name}.log"

    def last_log_line(self) -> str:
        """The last line of the server's log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return lines[-1] if lines else f"its log {self.log} is empty"

    def stop(self) -> None:
        """Shuts the server down, if we started it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.end_signal)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def kill(self) -> None:
        """Kills the server with SIGKILL, if we started it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def make_private(folder: Path) -> None:
    """Makes a folder that only this user may enter. Raises Unavailable where the folder cannot be made."""
    with usable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid == os.getuid():
            folder.chmod(0o700)


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Turns an OSError of the block into Unavailable, which names this folder and the setting."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"{folder} cannot be used ({error.strerror}). Name another folder with SIJIL_HOME."
        ) from error


@contextmanager
def start_lock(folder: Path) -> Iterator[None]:
    """Lets one process at a time start a server over this folder."""
    with (folder / "start.lock").open("wb") as file:
        flock(file, LOCK_EX)
        yield
