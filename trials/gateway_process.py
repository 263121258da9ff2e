"""Starts the trial gateway as a process."""

import subprocess
from pathlib import Path

from models.errors import Unavailable
from sijil.processes import set_settings, start


def start_gateway(log: Path, *, port: int = 0, delay_ms: int = 0) -> "subprocess.Popen[bytes]":
    """Starts the trial gateway and sets its address in the settings; port 0 takes a free port.

    Raises Unavailable where the process ends at once.
    """
    gateway = start(
        "trials.gateway", "--port", str(port), "--log", str(log), "--delay-ms", str(delay_ms), stdout=subprocess.PIPE
    )
    assert gateway.stdout is not None
    address = gateway.stdout.readline().decode().strip()
    if not address:
        raise Unavailable(
            f"The message gateway did not start; its error is printed above. "
            f"It needs port {port or '(any free one)'} and writes into {log}."
        )
    set_settings(gateway_url=address, text_hours="")  # nobody waits for the morning
    return gateway
