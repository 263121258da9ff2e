"""What is told of the work never stops the work."""

import os
import subprocess
import sys

import pytest

TELLS = """
import structlog
from tasks.logs import configure_logs
configure_logs()
for turn in range(3):
    structlog.get_logger().error("something is away", reason="x" * 10_000, half="\\ud800")
print("went on")
"""


@pytest.mark.parametrize("where", ["a full disk", "nobody"])
def test_a_log_that_cannot_be_written_ends_no_thread(where: str) -> None:
    """Else a full disk would end the sweep, the heartbeats and the deliveries for good, each at its first word."""
    if where == "nobody":
        reads, writes = os.pipe()
        os.close(reads)
    else:
        writes = os.open("/dev/full", os.O_WRONLY)

    ran = subprocess.run([sys.executable, "-c", TELLS], stdout=subprocess.PIPE, stderr=writes, check=False)

    os.close(writes)
    assert ran.stdout == b"went on\n"
