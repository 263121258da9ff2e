"""The hosts: each a `sijil work` for some of the queues, under a host name of its own where the kernel lets us give
one.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import which

from sijil.processes import start, stop
from workflows.flows import DELIVERY, all_queues

PROCESSES = 2
LAST_WORDS = 20  # lines
# The first half of the strikes one host serves everything and the other a part; then each a part of its own, and both
# have one name.
SHARED = {"east": all_queues(), "west": ("scoring", "fraud", "approval", DELIVERY)}
SPLIT = {
    "east": ("verification", "notification", DELIVERY),
    "west": ("scoring", "fraud", "approval", "notification", DELIVERY),
}


@dataclass
class Host:
    """One supervisor with its workers."""

    name: str
    queues: Sequence[str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def state(self) -> str:
        """Whether it runs; it should until it is closed."""
        code = self.process.poll() if self.process else None
        return "runs" if code is None else f"ended with {code}"

    def begin(self) -> None:
        """Starts it."""
        options = ("--processes", str(PROCESSES), "--queues", ",".join(self.queues))
        with self.log.open("ab") as log:
            self.process = start("sijil", "work", *options, under=named(self.name), stdout=log, stderr=log)

    def close(self) -> None:
        """Ends it in good order."""
        if self.process is not None:
            stop([self.process])

    def deploy(self, name: str, queues: Sequence[str]) -> None:
        """Ends it in good order, and starts it anew, as an operator who changes what it serves."""
        self.close()
        self.name, self.queues = name, queues
        self.begin()


def last_words(hosts: Sequence[Host], log: Path) -> list[str]:
    """Each host with what has become of it, and what their workers said last: what one asks first when nothing moves
    any more.
    """
    said = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return [
        *(f"{host.name} for {', '.join(host.queues)}: {host.state}" for host in hosts),
        *(f"  {line}" for line in said[-LAST_WORDS:]),
    ]


def named(host: str) -> list[str]:
    """A command that runs another one under this host name; nothing where the kernel forbids it."""
    return [*OF_ITS_OWN, "sh", "-c", 'hostname "$0" && exec "$@"', host] if may_name() else []


OF_ITS_OWN = ("unshare", "--user", "--map-root-user", "--uts")


@cache
def may_name() -> bool:
    """Whether a process of ours may have a host name of its own."""
    if not (which("unshare") and which("hostname")):
        return False
    return subprocess.run([*OF_ITS_OWN, "hostname", "tried"], capture_output=True, check=False).returncode == 0
