"""The phones of those who sign in: a message gateway that reads the codes, and hands each to whoever waits for it."""

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from models.settings import settings
from sijil.processes import set_settings

CODE = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")
AT_ONCE = 100  # calls that may wait to be answered


class Phones:
    """Every phone by its number, with the codes that came to it and that nobody read yet."""

    def __init__(self) -> None:
        self.codes: dict[str, asyncio.Queue[str]] = {}

    def of(self, number: str) -> "asyncio.Queue[str]":
        """What came to a phone."""
        return self.codes.setdefault(number, asyncio.Queue())

    def take(self, messages: Sequence[dict[str, Any]]) -> None:
        """Has each phone show its message, if that holds a code."""
        for each in messages:
            if found := CODE.search(each["body"]):
                self.of(each["recipient"]).put_nowait(found[0])


class Gateway(ThreadingHTTPServer):
    """Accepts whatever comes, on threads of its own: whoever sends waits for no page of the measurement."""

    request_queue_size = AT_ONCE
    daemon_threads = True

    def __init__(self, phones: Phones) -> None:
        self.phones, self.loop = phones, asyncio.get_running_loop()
        super().__init__(("127.0.0.1", 0), Call)


class Call(BaseHTTPRequestHandler):
    """One call of a worker."""

    server: Gateway

    def do_POST(self) -> None:
        """Accepts its messages, and answers that every message which is asked about was accepted."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        references = body.get("references") or [each["reference"] for each in body["messages"]]
        self.server.loop.call_soon_threadsafe(self.server.phones.take, body.get("messages", ()))
        said = json.dumps({"results": [{"reference": each, "status": "accepted"} for each in references]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:
        """Writes no access log."""


@contextmanager
def ringing(phones: Phones) -> Iterator[None]:
    """Runs the gateway on a free port and names it in the settings, for the workers that start in the block."""
    before = settings().gateway_url, settings().text_hours
    with Gateway(phones) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        set_settings(gateway_url=f"http://127.0.0.1:{server.server_port}", text_hours="")
        try:
            yield
        finally:
            server.shutdown()
            set_settings(gateway_url=before[0], text_hours=before[1])
