"""A proxy before the population register that fails: it loses calls and answers, tells nonsense, and answers late.

For proofs alone. It forwards a call as it came, since its signature covers the body. GET /counts tells how many calls
met which fault.
"""

import argparse
import json
import os
import random
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlsplit

from trials.gateway import Server, exit_with_parent

PASSED = ("sijil-partner", "signature", "content-type")
# Of the calls that fail: how many in which way.
FAULTS = {
    "error": 25,  # HTTP 500
    "page": 15,  # a page for people
    "half": 15,  # the answer ends in its middle
    "lost": 15,  # the register answered, and the answer is lost
    "other": 10,  # the answer to another question
    "inside": 10,  # 200 with an error inside
    "late": 8,  # after whoever asked has gone
    "down": 2,  # 503, for a second
}
COUNTS = "/counts"
ANSWER_SECONDS = 0.03  # a slow answer leaves batches open, in which a strike can hit


class Told(NamedTuple):
    """What the register told."""

    status: int
    kind: str
    body: bytes


class Handler(BaseHTTPRequestHandler):
    """Forwards what a register is asked, and spoils a share of the calls."""

    protocol_version = "HTTP/1.1"
    register: ClassVar[tuple[str, int]]
    share: ClassVar[float]
    late: ClassVar[float]
    counts: ClassVar[Counter[str]] = Counter()
    last: ClassVar[Told]  # a page of the feed that was told before
    lock: ClassVar[Lock] = Lock()

    def do_POST(self) -> None:
        """Forwards a call, or fails."""
        self.pass_on(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self) -> None:
        """Forwards a question for life events, or fails; tells how many calls met which fault."""
        if self.path == COUNTS:
            self.say(Told(200, "application/json", json.dumps(self.counts).encode()))
        else:
            self.pass_on(b"")

    def pass_on(self, body: bytes) -> None:
        """Forwards a call, or fails."""
        fault = random.choices(list(FAULTS), list(FAULTS.values()))[0] if random.random() < self.share else "answered"
        with self.lock:
            self.counts[fault] += 1
        time.sleep(self.late if fault == "late" else ANSWER_SECONDS)
        if fault == "error":
            self.say(Told(500, "application/json", b'{"error": {"code": "broken"}}'))
        elif fault == "page":
            self.say(Told(200, "text/html", b"<!doctype html><title>Welcome</title>"))
        elif fault == "inside":
            self.say(Told(200, "application/json", b'{"error": {"code": "unavailable"}}'))
        elif fault == "down":
            self.say(Told(503, "application/json", b"{}"), {"Retry-After": "1"})
        else:
            self.forward(body, fault)

    def forward(self, body: bytes, fault: str) -> None:
        """Gives the register's answer, or spoils it."""
        try:
            told = self.ask(body)
        except (OSError, HTTPException):
            self.say(Told(502, "text/html", b"<title>Bad gateway</title>"))
            return
        if fault == "lost":
            self.close_connection = True
        elif fault == "half":
            self.close_connection = True
            self.say(told._replace(body=told.body[: len(told.body) // 2]), {"Content-Length": str(len(told.body))})
        elif fault == "other":
            self.say(self.of_another(body, told))
        else:
            self.say(told)
        if not body:
            Handler.last = told

    def of_another(self, body: bytes, told: Told) -> Told:
        """The answer to another question: with another number, or the page of the feed that was told before."""
        if not body:
            return getattr(Handler, "last", told)
        number = json.loads(body)["id"].encode()
        return told._replace(body=told.body.replace(number, bytes(reversed(number))))

    def ask(self, body: bytes) -> Told:
        """The register's answer."""
        connection = HTTPConnection(*self.register, timeout=10)
        try:
            headers = {name: self.headers[name] for name in PASSED if name in self.headers}
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            return Told(response.status, response.headers.get("content-type", ""), response.read())
        finally:
            connection.close()

    def say(self, told: Told, headers: dict[str, str] | None = None) -> None:
        """Sends a response."""
        self.send_response(told.status)
        for name, value in {
            "Content-Type": told.kind,
            "Content-Length": str(len(told.body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(told.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Writes no access log."""


def main() -> None:
    """Serves until it is stopped, or its parent process is gone."""
    parser = argparse.ArgumentParser(prog="python -m trials.faulty_proxy", description="A register that fails.")
    parser.add_argument("--to", required=True, help="the register's address, as http://127.0.0.1:8010")
    parser.add_argument("--share", type=float, default=0.3, help="of the calls, how many fail")
    parser.add_argument("--late", type=float, default=2.0, help="seconds after which a late answer comes")
    options = parser.parse_args()
    address = urlsplit(options.to)
    Handler.register, Handler.share, Handler.late = (
        (address.hostname or "", address.port or 80),
        options.share,
        options.late,
    )
    server: ThreadingHTTPServer = Server(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    Thread(target=exit_with_parent, args=(os.getppid(),), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
