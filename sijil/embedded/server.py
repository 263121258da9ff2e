"""A server process over a folder: how it is started, where its socket is, how it ends."""

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
from sijil.embedded.hosting import as_nobody

SOCKET_PATH_LIMIT = 100  # bytes; the kernel takes 107 for a socket's path
START_SECONDS = 30.0
STOP_SECONDS = 30.0


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
        """Starts it, if none runs there yet.

        Raises Unavailable with the last line of its log where it does not come up.
        """
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
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **as_nobody()
            )
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
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
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


def private(folder: Path) -> None:
    """A folder that only we may enter. Raises Unavailable where it is somebody else's."""
    with usable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid == os.getuid():
            folder.chmod(0o700)


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Raises Unavailable where something cannot be done in a folder of the home."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{folder} cannot be used ({error.strerror}). SIJIL_HOME names another place.") from error


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """One starter at a time."""
    with (folder / "start.lock").open("wb") as file:
        flock(file, LOCK_EX)
        yield
