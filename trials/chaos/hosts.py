"""The hosts: each is a `sijil work` for some of the queues, with a host name of its own where the kernel allows one."""

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
# During the first half of the strikes one host serves all queues and the other some of them. Then each serves some, and
# both have the same name.
SHARED = {"east": all_queues(), "west": ("scoring", "fraud", "approval", DELIVERY)}
SPLIT = {
    "east": ("verification", "notification", "timers", DELIVERY),
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
        """Whether the host runs, or with which exit code it ended."""
        code = self.process.poll() if self.process else None
        return "runs" if code is None else f"ended with {code}"

    def begin(self) -> None:
        """Starts `sijil work`."""
        options = ("--processes", str(PROCESSES), "--queues", ",".join(self.queues))
        with self.log.open("ab") as log:
            self.process = start("sijil", "work", *options, under=host_name_command(self.name), stdout=log, stderr=log)

    def close(self) -> None:
        """Stops `sijil work`, as SIGTERM does."""
        if self.process is not None:
            stop([self.process])

    def deploy(self, name: str, queues: Sequence[str]) -> None:
        """Stops the host and starts it for other queues, as an operator does who changes what it serves."""
        self.close()
        self.name, self.queues = name, queues
        self.begin()


def last_words(hosts: Sequence[Host], log: Path) -> list[str]:
    """The state of each host, and the last lines of their log: the first questions where nothing moves any more."""
    return [
        *(f"{host.name} for {', '.join(host.queues)}: {host.state}" for host in hosts),
        *(f"  {line}" for line in last_lines(log)),
    ]


def last_lines(log: Path) -> list[str]:
    """The last lines of a log; none where there is no log."""
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_WORDS:] if log.exists() else []


def host_name_command(host: str) -> list[str]:
    """A command prefix that gives a program this host name; empty where the kernel forbids it."""
    return [*NEW_NAMESPACE, "sh", "-c", 'hostname "$0" && exec "$@"', host] if can_name_hosts() else []


NEW_NAMESPACE = ("unshare", "--user", "--map-root-user", "--uts")


@cache
def can_name_hosts() -> bool:
    """Whether the kernel lets a process of ours have a host name of its own."""
    if not (which("unshare") and which("hostname")):
        return False
    return subprocess.run([*NEW_NAMESPACE, "hostname", "tried"], capture_output=True, check=False).returncode == 0
