"""Each command as a process of its own, which has imported nothing but what it asks for: within the tests' process it
may live on their imports.
"""

import subprocess
import sys

from tests.filing import Worker, drain_all, file_clean
from workflows.intake.submit import Accepted

LOOKING = (
    "reviews show REFERENCE",
    "show REFERENCE",
    "messages list",
    "doctor",
    "replay",
    "audit verify",
    "retention --dry-run",
)


def test_commands_work_as_processes_of_their_own(
    reviewed: tuple[Accepted, Accepted], broker: str, worker: Worker
) -> None:
    file_clean(1)
    drain_all(worker())

    ended = {command: alone(*command.replace("REFERENCE", reviewed[1].reference).split()) for command in LOOKING}

    assert ended == dict.fromkeys(LOOKING, (0, ""))


def alone(*words: str) -> tuple[int, str]:
    """How a command ended, and what it said was wrong."""
    ran = subprocess.run(
        [sys.executable, "-m", "sijil", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return ran.returncode, ran.stderr
