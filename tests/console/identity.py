"""Identity providers for tests: a real one of npm, and one that says whatever a test wants."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest

from models import clock
from models.database import transaction
from tests.conftest import forget_settings
from tests.console.conftest import SECURE
from tests.id_tokens import CLIENT, SUBJECT, claims, public_keys, signed
from tests.portal.conftest import Client
from tests.staffing import token_in
from workflows.staff import accounts
from workflows.staff.roles import Grant

HERE = Path(__file__).parent
NODE = shutil.which("node")
LEAST_NODE = 20
NEEDED = f"needs Node {LEAST_NODE} or later, and oidc-provider: make setup-provider"
SECRET = "of the client: +/%&="
BACK = "/console/sign-in/provider/back"


def is_missing() -> bool:
    """Whether the real provider cannot run here."""
    if NODE is None or not (HERE / "node_modules" / "oidc-provider").exists():
        return True
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True, encoding="utf-8", check=True).stdout
    return int(version.removeprefix("v").partition(".")[0]) < LEAST_NODE


@contextmanager
def real_provider(at: str = SECURE, host: str = "127.0.0.1", **client: Any) -> Iterator[str]:
    """The issuer, on this host, of an `oidc-provider` that knows the console at this address."""
    known = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uris": [at + BACK],
        "post_logout_redirect_uris": [f"{at}/console/sign-in"],
    }
    told = {name: value for name, value in (known | client).items() if value is not None}
    argument = json.dumps({"host": host, "client": told})
    with subprocess.Popen(
        [str(NODE), str(HERE / "provider.mjs"), argument],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdin
        assert process.stdout
        yield json.loads(process.stdout.readline())["issuer"]
        process.stdin.close()
        process.wait(10)


def trust(monkeypatch: pytest.MonkeyPatch, issuer: str, at: str = SECURE, **settings: str) -> None:
    """Has the console trust a provider."""
    given = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET, "CONSOLE_URL": at}
    for name, value in (given | settings).items():
        monkeypatch.setenv(f"SIJIL_{name}", value)
    forget_settings()


def a_member(name: str, issuer: str, subject: str = SUBJECT, *roles: str) -> int:
    """An account whose owner the provider proves; returns its number."""
    with transaction() as connection:
        grants = [Grant(role) for role in roles or ("caseworker",)]
        return accounts.add(connection, name, grants, clock.now(), (issuer, subject))[0].id


def begin(client: Client, next_page: str = "/console") -> str:
    """The address at the provider to which the button leads."""
    page = client.get("/console/sign-in", params={"next": next_page}).text
    shown = client.post("/console/sign-in/provider", data={"token": token_in(page), "next": next_page})
    assert shown.status_code == 200, shown.text
    return leads_to(shown.text)


def leads_to(page: str) -> str:
    """Where a page leads at once."""
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page)
    assert found, page
    return unescape(found[1])


def asked(address: str) -> dict[str, str]:
    """What an address asks for."""
    return dict(parse_qsl(urlsplit(address).query))


def prove(address: str, subject: str = SUBJECT, *, cancel: bool = False) -> str:
    """Signs in at the real provider by its forms; returns the path by which it leads back."""
    with httpx.Client(timeout=20) as browser:
        answer = browser.get(address)
        while BACK not in (answer.headers.get("location") or "").partition("?")[0]:
            answer = (
                browser.send(answer.next_request) if answer.next_request else give(browser, answer, subject, cancel)
            )
        back = urlsplit(answer.headers["location"])
        return f"{back.path}?{back.query}"


def give(browser: httpx.Client, answer: httpx.Response, subject: str, cancel: bool) -> httpx.Response:
    """Fills in a form of the provider: who signs in, or that they agree."""
    action = re.search(r'action="([^"]+)"', answer.text)
    prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
    assert answer.status_code == 200, answer.text
    assert action, answer.text
    assert prompt, answer.text
    if cancel:
        return browser.get(f"{unescape(action[1])}/abort")
    return browser.post(unescape(action[1]), data={"prompt": prompt[1], "login": subject, "password": "any"})


@dataclass
class Lying:
    """A provider that tells the truth, but for what a test changes in it."""

    issuer: str = ""
    make_token: Callable[[dict[str, Any]], str] = signed
    changes: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: Any = field(default_factory=public_keys)
    status: int = 200
    token_answer: Mapping[str, Any] | None = None
    nonce: str = ""
    calls: list[str] = field(default_factory=list)
    form: dict[str, list[str]] = field(default_factory=dict)
    authorization: str = ""

    def lead_back(self, path: str) -> str:
        """Where the browser goes with a code, once somebody signed in."""
        given = asked(path)
        self.nonce = given["nonce"]
        return f"{given['redirect_uri']}?{urlencode({'state': given['state'], 'code': 'a code'})}"

    def answer(self, path: str) -> Any:
        """The document at a path."""
        self.calls.append(path)
        if path == "/.well-known/openid-configuration":
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint")
            return {"issuer": self.issuer} | {each: f"{self.issuer}/{each}" for each in names} | self.metadata
        if path == "/jwks_uri":
            return {"keys": self.keys}
        if self.token_answer is not None:
            return self.token_answer
        said = claims(clock.now(), **({"iss": self.issuer, "nonce": self.nonce} | self.changes))
        return {"access_token": "an access token", "token_type": "Bearer", "id_token": self.make_token(said)}


@contextmanager
def lying_provider(**changes: Any) -> Iterator[Lying]:
    """A provider on a port of its own."""
    lying = Lying(**changes)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/authorization_endpoint?"):
                self.send_response(303)
                self.send_header("Location", lying.lead_back(self.path))
                self.end_headers()
                return
            body = json.dumps(lying.answer(self.path)).encode()
            self.send_response(lying.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            lying.form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            lying.authorization = self.headers.get("Authorization", "")
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        lying.issuer = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield lying
        server.shutdown()
        thread.join(10)
