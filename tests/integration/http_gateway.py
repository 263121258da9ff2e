"""A gateway behind a real socket that answers as a test says, and counts its calls."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple


class Said(NamedTuple):
    """A whole HTTP answer."""

    status: int
    body: str | bytes = b""
    headers: Mapping[str, str] = {"Content-Type": "application/json"}


def results(references: list[str], status: str) -> Said:
    """Every one of these has this status."""
    return Said(200, json.dumps({"results": [{"reference": each, "status": status} for each in references]}))


@dataclass
class HttpBook:
    """Says `refusal` to every sending while there is one; else it accepts, and knows what it accepted."""

    refusal: Said | None = None
    writes_first: bool = (
        False  # it accepts, and says the refusal all the same, as a proxy does that lost the gateway's answer
    )
    accepted: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, body: dict[str, Any]) -> Said:
        self.calls.append(path)
        if path == "/messages/status":
            known = [
                {"reference": each, "status": "accepted" if each in self.accepted else "unknown"}
                for each in body["references"]
            ]
            return Said(200, json.dumps({"results": known}))
        references = [each["reference"] for each in body["messages"]]
        if self.refusal is None or self.writes_first:
            self.accepted += references
        return self.refusal or results(references, "accepted")


@contextmanager
def serving(answer: Callable[[str, dict[str, Any]], Said]) -> Iterator[str]:
    """Its address, for as long as it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = answer(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = said.body.encode() if isinstance(said.body, str) else said.body
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except ConnectionError:
                pass

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
