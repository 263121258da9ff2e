"""A verification service behind a real socket: it believes only what is signed, and answers as a test says."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from joserfc import jws
from joserfc.jwk import OKPKey

from models.settings import Settings
from tasks.registers.population import RemoteRegister
from tests.integration.http_gateway import Said
from workflows.population.signatures import REGISTRY

SAME = {"known": True, "token": "t", "status": "alive", "name": "same", "score": 1.0, "birth": "same"}
PARTNER = "social-register"


@dataclass
class Service:
    """Answers `SAME` about everybody, unless `says` gives something else for a call."""

    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519", {"kid": "one"}))
    says: Callable[[dict[str, Any]], Said | None] = lambda asked: None
    drips: float = 0.0  # seconds between two bytes
    calls: list[dict[str, Any]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    ports: set[int] = field(default_factory=set)  # of who called: one for each connection
    url: str = ""

    def answer(self, path: str, headers: Any, body: bytes) -> Said:
        """What it says to a call; 401 to one that is not signed as it must be."""
        head, _, tail = headers["signature"].partition("..")
        proved = jws.deserialize_compact(f"{head}..{tail}", self.key, registry=REGISTRY, payload=body)
        asked = json.loads(body)
        self.calls.append(asked)
        believed = proved.protected["path"] == path and abs(time.time() - proved.protected["iat"]) < 60
        if not believed or headers["sijil-partner"] != PARTNER or asked["id"] in self.ids:
            return Said(401, '{"error": {"code": "not_signed", "message": ""}}')
        self.ids.add(asked["id"])
        if said := self.says(asked):
            return said
        return told(asked, [{"ref": each["ref"], **SAME} for each in asked.get("people", [])])

    def register(self, folder: Path, **changes: Any) -> RemoteRegister:
        """A client of it, as the settings make one."""
        file = folder / "partner.pem"
        file.write_bytes(self.key.as_pem(private=True))
        chosen = {"population_timeout": 2.0} | changes
        return RemoteRegister.from_settings(
            Settings(population_url=self.url, population_partner=PARTNER, population_key=file, **chosen)
        )


def told(asked: dict[str, Any], answers: Sequence[dict[str, Any]], **more: Any) -> Said:
    """An answer to this question."""
    return Said(200, json.dumps({"id": asked["id"], "answers": answers, **more}))


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Serves for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            service.ports.add(self.client_address[1])
            body = self.rfile.read(int(self.headers["Content-Length"]))
            said = service.answer(self.path, self.headers, body)
            content = said.body.encode() if isinstance(said.body, str) else said.body
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(content)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for byte in content if service.drips else ():
                    self.wfile.write(bytes([byte]))
                    time.sleep(service.drips)
                self.wfile.write(b"" if service.drips else content)
            except ConnectionError:
                pass

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        service.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield service
        server.shutdown()
