"""Who runs the embedded servers: where their programs are, and which user they run as."""

import os
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

from models.errors import Unavailable


def folder_of(package: str) -> Path:
    """Where a package is installed."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise Unavailable(
            f"The package {package} is not installed. Run `make setup`, or set SIJIL_DATABASE_URL and SIJIL_BROKER_URL."
        )
    return Path(spec.origin).parent


@cache
def unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root: a user namespace of its own gives it another name, and leaves every file
    root's.
    """
    if os.geteuid() != 0:
        return []
    command = ["unshare", "-U", "--map-user=65534", "--map-group=65534"]
    return (
        command
        if which("unshare") and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
        else []
    )


def as_nobody() -> dict[str, Any]:
    """Where user namespaces are forbidden, root starts it as `nobody`."""
    if os.geteuid() != 0 or unprivileged():
        return {}
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def give_to_nobody(folder: Path, programs: Path) -> None:
    """Makes that possible. Raises Unavailable where `nobody` cannot reach the programs."""
    if not as_nobody():
        return
    closed = [path for path in programs.parents if not path.stat().st_mode & 0o001]
    if closed:
        raise Unavailable(
            f"PostgreSQL does not run as root, user namespaces are forbidden here, and `nobody` may not enter "
            f"{closed[0]}. "
            "Run as another user, or set SIJIL_DATABASE_URL to a PostgreSQL 18."
        )
    subprocess.run(["chown", "-R", "nobody:nogroup", str(folder)], check=True)


def is_running(pid: int, name: str) -> bool:
    """Whether this process lives and is one of these."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == name
    except OSError:
        return False
