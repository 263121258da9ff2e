"""The message gateway of the demo and of chaos, a process of its own.

It writes a message into a durable log before it answers that it accepted it. It accepts duplicates on purpose: chaos
counts them in the log. The log holds the reference, the length and a hash of the recipient, never a text or a number;
the last texts are in memory alone, for the outbox of the demo's invented people.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import ceil
from pathlib import Path
from threading import Lock, Thread
from typing import Any, ClassVar

from trials.outbox import Outbox

REFUSED = {"busy": HTTPStatus.TOO_MANY_REQUESTS, "down": HTTPStatus.SERVICE_UNAVAILABLE}
DRIP_SECONDS = 0.5  # between two bytes: each byte comes in time, the whole answer never


class DeliveryLog:
    """A log with one line of JSON for each accepted message."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        truncate_partial_line(path)
        self.known = (
            {json.loads(line)["reference"] for line in path.read_text(encoding="utf-8").splitlines()}
            if path.exists()
            else set[str]()
        )
        self.file = path.open("a", encoding="utf-8")
        self.lock = Lock()
        self.outbox = Outbox()

    def append(self, messages: Sequence[dict[str, Any]]) -> None:
        """Writes these messages to disk, with one fsync."""
        now = datetime.now(UTC)  # noqa: TID251 - the gateway stands for somebody else's program, with its own clock
        with self.lock:
            for each in messages:
                self.outbox.add(each, now)
                entry = {
                    "reference": each["reference"],
                    "at": now.isoformat(),
                    "channel": each["channel"],
                    "to": hashed(each["recipient"]),
                    "length": len(each["body"]),
                }
                self.file.write(json.dumps(entry) + "\n")
            self.file.flush()
            os.fsync(self.file.fileno())
            self.known.update(each["reference"] for each in messages)


def hashed(recipient: str | None) -> str | None:
    """A hash of the recipient, which tells recipients apart without naming them."""
    return sha256(recipient.encode()).hexdigest()[:16] if recipient else None


def truncate_partial_line(path: Path) -> None:
    """Cuts off a last line that a crash left half-written: its message was not answered as accepted."""
    if path.exists() and not (content := path.read_bytes()).endswith(b"\n") and content:
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)


class Handler(BaseHTTPRequestHandler):
    """Handles POST /messages and POST /messages/status, GET /outbox, and for proofs GET /calls and POST /slow.

    GET /calls lists the calls in hand, by the port of the caller. POST /slow takes `{"how": "drip", "seconds": 5}`: for
    so long every answer goes out a byte at a time. Other values of `how` are `freeze` (no answer), `busy` (429 with
    Retry-After) and `down` (503).
    """

    protocol_version = "HTTP/1.1"
    log: DeliveryLog
    delay: float
    in_hand: ClassVar[set[int]] = set()
    # Until when each kind of slowness lasts, on the monotonic clock.
    slow: ClassVar[dict[str, float]] = {"drip": 0.0, "freeze": 0.0, "busy": 0.0, "down": 0.0}

    def do_POST(self) -> None:
        """Accepts messages, answers which references are known, or becomes slow."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.startswith("/messages") and self.refuses():
            return
        if self.path == "/messages":
            self.in_hand.add(self.client_address[1])
            try:
                time.sleep(self.delay / 2)
                self.log.append(body["messages"])
                time.sleep(self.delay / 2)
            finally:
                self.in_hand.discard(self.client_address[1])
            self.reply(
                {"results": [{"reference": each["reference"], "status": "accepted"} for each in body["messages"]]}
            )
        elif self.path == "/messages/status":
            self.reply(
                {
                    "results": [
                        {"reference": each, "status": "accepted" if each in self.log.known else "unknown"}
                        for each in body["references"]
                    ]
                }
            )
        elif self.path == "/slow" and body.get("how") in self.slow:
            self.slow[body["how"]] = time.monotonic() + float(body["seconds"])
            self.send_whole(b"{}")
        else:
            self.send_error(404)

    def do_GET(self) -> None:
        """Answers with the ports of the callers whose messages are in hand, or shows the last messages."""
        if self.path == "/calls":
            self.send_whole(json.dumps({"ports": list(self.in_hand)}).encode())
        elif self.path == "/outbox":
            self.send_whole(self.log.outbox.page().encode(), "text/html; charset=utf-8")
        else:
            self.send_error(404)

    def refuses(self) -> bool:
        """Whether the gateway accepts nothing now; sends the refusal."""
        for how, status in REFUSED.items():
            if (left := self.slow[how] - time.monotonic()) > 0:
                self.send_response(status)
                if status == HTTPStatus.TOO_MANY_REQUESTS:
                    self.send_header("Retry-After", str(ceil(left)))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return True
        return False

    def reply(self, answer: dict[str, Any]) -> None:
        """Sends this as JSON with status 200, once the gateway is no longer frozen."""
        while time.monotonic() < self.slow["freeze"]:
            time.sleep(0.05)
        self.send_whole(json.dumps(answer).encode())

    def send_whole(self, payload: bytes, kind: str = "application/json") -> None:
        """Sends headers and body; the body a byte at a time while the gateway drips."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        while len(payload) > 1 and time.monotonic() < self.slow["drip"] and self.path.startswith("/messages"):
            self.wfile.write(payload[:1])
            payload = payload[1:]
            time.sleep(DRIP_SECONDS)
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:
        """Writes no access log."""


class Server(ThreadingHTTPServer):
    """The HTTP server, for which a caller that hung up or was killed is no error."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints an error, unless the caller hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def main() -> None:
    """Serves until it is stopped, or its parent process is gone."""
    parser = argparse.ArgumentParser(
        prog="python -m trials.gateway", description="A message gateway for demos and proofs."
    )
    parser.add_argument(
        "--port", type=int, default=8001, help="0 takes a free port; the first line printed is the address"
    )
    parser.add_argument("--log", type=Path, required=True, help="the file into which accepted messages are written")
    parser.add_argument(
        "--delay-ms", type=float, default=0, help="how long a call takes; half of it comes after the log is written"
    )
    options = parser.parse_args()
    Handler.log, Handler.delay = DeliveryLog(options.log), options.delay_ms / 1000
    server = Server(("127.0.0.1", options.port), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    Thread(target=exit_with_parent, args=(os.getppid(),), daemon=True).start()
    server.serve_forever()


def exit_with_parent(parent: int) -> None:
    """Ends this process when its parent process is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    main()
