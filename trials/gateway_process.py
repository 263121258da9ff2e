"""The trial gateway as a process of its own."""

import subprocess
from pathlib import Path

from models.errors import Unavailable
from sijil.processes import set_settings, start


def start_gateway(log: Path, *, port: int = 0, delay_ms: int = 0) -> "subprocess.Popen[bytes]":
    """The demo's message gateway as a process, whose address the settings then name; port 0 takes a free one.

    Raises Unavailable where it ends at once.
    """
    gateway = start(
        "trials.gateway", "--port", str(port), "--log", str(log), "--delay-ms", str(delay_ms), stdout=subprocess.PIPE
    )
    assert gateway.stdout is not None
    address = gateway.stdout.readline().decode().strip()
    if not address:
        raise Unavailable(
            f"The message gateway does not start; it says why above. It takes port {port or 'any'} and writes into "
            f"{log}."
        )
    set_settings(gateway_url=address)
    return gateway
