"""Where the programs of the embedded servers are, and as which user they run."""

import os
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

from models.errors import Unavailable


def folder_of(package: str) -> Path:
    """The folder in which a package is installed. Raises Unavailable where it is not installed."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise Unavailable(
            f"The package {package} is not installed. Run `make setup`, or set SIJIL_DATABASE_URL and SIJIL_BROKER_URL."
        )
    return Path(spec.origin).parent


@cache
def unprivileged() -> list[str]:
    """A command prefix that runs a program in a user namespace, where root has another user id.

    PostgreSQL refuses to run as root; in the namespace it runs, and every file still belongs to root. The prefix is
    empty where it is not needed, or where user namespaces are forbidden.
    """
    if os.geteuid() != 0 or not which("unshare"):
        return []
    command = ["unshare", "-U", "--map-user=65534", "--map-group=65534"]
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if tried.returncode == 0 else []


def nobody_options() -> dict[str, Any]:
    """Options of Popen: where user namespaces are forbidden, root starts a server as `nobody`."""
    if os.geteuid() != 0 or unprivileged():
        return {}
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def give_to_nobody(folder: Path, programs: Path) -> None:
    """Gives the folder to `nobody` where the server runs as `nobody`.

    Raises Unavailable where `nobody` cannot reach the programs.
    """
    if not nobody_options():
        return
    closed = [path for path in programs.parents if not path.stat().st_mode & 0o001]
    if closed:
        raise Unavailable(
            "PostgreSQL does not run as root, user namespaces are forbidden here, "
            f"and `nobody` may not enter {closed[0]}. "
            "Run as another user, or set SIJIL_DATABASE_URL to a PostgreSQL 18."
        )
    subprocess.run(["chown", "-R", "nobody:nogroup", str(folder)], check=True)


def is_running(pid: int, name: str) -> bool:
    """Whether a process with this id runs a program of this name."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == name
    except OSError:
        return False
