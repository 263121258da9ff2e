"""A light HTTP client for load: it takes 50 to 150 microseconds a request, so that the portal is what is measured."""

import asyncio
import gzip
import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import NamedTuple
from urllib.parse import urlencode

from models.errors import Broken

LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
COOKIE = re.compile(rb"\r\nset-cookie: *([^=;\r]+)=\"?([^;\r\"]*)", re.IGNORECASE)
LOCATION = re.compile(rb"\r\nlocation: *([^\r]+)", re.IGNORECASE)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')
END = b"\r\n\r\n"
PACKED = b"content-encoding: gzip\r\n"
SEE_OTHER = 303
PATIENCE_SECONDS = 120.0  # for one answer; whoever waits longer counts as lost


class Answer(NamedTuple):
    """What came back: the status, the headers as they came, and the body, unpacked."""

    status: int
    head: bytes
    body: bytes


class Link(asyncio.Protocol):
    """One connection, for one request after the other."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.waits: asyncio.Future[Answer] | None = None
        self.transport: asyncio.Transport | None = None
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps where requests are written."""
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.is_open = transport, True

    def data_received(self, data: bytes) -> None:
        """Hands over the answer once all of it is here."""
        self.buffer += data
        end = self.buffer.find(END)
        if end < 0 or self.waits is None or self.waits.done():
            return
        head = bytes(self.buffer[: end + len(END)])
        found = LENGTH.search(head)
        whole = end + len(END) + (int(found[1]) if found else 0)
        if len(self.buffer) >= whole:
            body = bytes(self.buffer[end + len(END) : whole])
            self.buffer.clear()
            self.waits.set_result(Answer(int(head[9:12]), head, gzip.decompress(body) if PACKED in head else body))

    def connection_lost(self, error: Exception | None) -> None:
        """Tells who waits that no answer comes. The portal hangs up where nobody asked for some seconds."""
        self.is_open = False
        if self.waits is not None and not self.waits.done():
            self.waits.set_exception(ConnectionError("The portal closed the connection."))

    async def ask(self, request: bytes) -> Answer:
        """Sends a whole request; its answer. Raises ConnectionError, and TimeoutError after PATIENCE_SECONDS."""
        if self.transport is None or not self.is_open:
            raise ConnectionError("The portal closed the connection.")
        self.waits = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await asyncio.wait_for(self.waits, PATIENCE_SECONDS)

    def close(self) -> None:
        """Hangs up."""
        if self.transport is not None:
            self.transport.close()


async def connect(port: int) -> Link:
    """A connection to a port of this machine."""
    _, link = await asyncio.get_running_loop().create_connection(Link, "127.0.0.1", port)
    return link


def get(path: str, cookie: str = "") -> bytes:
    """A request for a page."""
    return request_of("GET", path, cookie)


def request_of(method: str, path: str, cookie: str, body: bytes | None = None) -> bytes:
    """A request as a browser of a phone sends it, as far as the portal reads it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept-Language: ar", "Sec-Fetch-Site: same-origin"]
    lines += ["Accept-Encoding: gzip"]
    lines += [f"Cookie: {cookie}"] if cookie else []
    if body is not None:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + END + (body or b"")


class Page(NamedTuple):
    """A page that somebody sees: where it is, and its text."""

    path: str
    status: int
    html: str

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields of its forms."""
        return {name: unescape(value) for name, value in HIDDEN.findall(self.html)}


class Browser:
    """Somebody's browser: it keeps cookies and follows redirects. Of many at once so many have a connection."""

    def __init__(self, port: int, sockets: asyncio.Semaphore) -> None:
        self.port, self.sockets = port, sockets
        self.cookies: dict[str, str] = {}

    async def read(self, path: str) -> Page:
        """Reads a page."""
        return await self.follow("GET", path, None)

    async def send(self, path: str, fields: Mapping[str, str | Sequence[str]]) -> Page:
        """Sends a form, and sees the page that it leads to."""
        return await self.follow("POST", path, urlencode(fields, doseq=True).encode())

    async def follow(self, method: str, path: str, body: bytes | None) -> Page:
        """A request, and those that its redirects lead to, on one connection. Raises Broken for an error."""
        async with self.sockets:
            link = await connect(self.port)
            try:
                answer = await self.ask(link, method, path, body)
                while answer.status == SEE_OTHER:
                    path = location_of(answer)
                    answer = await self.ask(link, "GET", path, None)
            finally:
                link.close()
        if answer.status != 200:
            raise Broken(f"The portal of the measurement answered {answer.status} to {method} {address_of(path)}.")
        return Page(path.partition("?")[0], answer.status, answer.body.decode())

    async def ask(self, link: Link, method: str, path: str, body: bytes | None) -> Answer:
        """One request with this browser's cookies, and keeps those that come."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await link.ask(request_of(method, path, cookie, body))
        for name, value in COOKIE.findall(answer.head):
            self.cookies[name.decode()] = value.decode()
        self.cookies = {name: value for name, value in self.cookies.items() if value}
        return answer


def location_of(answer: Answer) -> str:
    """Where a redirect leads."""
    found = LOCATION.search(answer.head)
    assert found is not None
    return found[1].decode().strip()


def address_of(path: str) -> str:
    """A path without its reference, for a message."""
    return re.sub(r"RSU-[0-9A-Z-]+", "REFERENCE", path)
