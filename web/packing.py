"""Packs the citizens' pages with gzip: as they are, the longest take eight seconds at 30 kbit/s.

Not the console's: its pages show what an address says (a search) beside the mark of a form, and the length of a packed
page tells somebody who watches the line how much of the one is in the other (BREACH). A citizen's page shows nothing of
its address, and its cookie comes with no request that another site begins.
"""

import gzip
from collections.abc import Iterable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

Headers = Iterable[tuple[bytes, bytes]]
UNDER = ("/console", "/api")  # that are not packed
PACKED = (b"text/html", b"text/css", b"image/svg+xml")
LEAST = 500  # bytes; a smaller answer is one packet as it is
LEVEL = 1  # a page takes a tenth of the time that it takes at the usual level, and is a fifth longer


class PackingMiddleware:
    """Packs what a browser takes packed."""

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one ASGI connection."""
        if scope["type"] != ScopeType.HTTP or scope["path"].startswith(UNDER):
            await self.inner(scope, receive, send)
            return
        await self.inner(scope, receive, Packing(send, takes_gzip(scope["headers"])).answer)


class Packing:
    """One answer: it is held until its body is whole, and then goes out packed."""

    def __init__(self, send: Send, taken: bool) -> None:
        self.send, self.taken = send, taken
        self.start: HTTPResponseStartEvent | None = None
        self.body = bytearray()

    async def answer(self, message: Message) -> None:
        """Takes one message of the application."""
        if message["type"] == "http.response.start" and may_be_packed(message["headers"]):
            self.start = message
        elif message["type"] == "http.response.body" and self.start is not None:
            self.body += message["body"]
            if not message["more_body"]:
                await self.send_all(self.start)
        else:
            await self.send(message)

    async def send_all(self, start: HTTPResponseStartEvent) -> None:
        """Sends the whole answer."""
        body, headers = bytes(self.body), [*start["headers"], (b"vary", b"Accept-Encoding")]
        if self.taken and len(body) >= LEAST:
            body = gzip.compress(body, LEVEL, mtime=0)
            headers = [*packed(headers), (b"content-encoding", b"gzip"), (b"content-length", str(len(body)).encode())]
        await self.send({**start, "headers": headers})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})


def takes_gzip(headers: Headers) -> bool:
    """Whether a browser takes packed answers (RFC 9110, 12.5.3); one that names a weight of 0 does not."""
    taken = b",".join(value for name, value in headers if name == b"accept-encoding").decode("latin-1").lower()
    named = [each.replace(" ", "").partition(";") for each in taken.split(",")]
    return any(coding == "gzip" and weight not in ("q=0", "q=0.0", "q=0.00", "q=0.000") for coding, _, weight in named)


def may_be_packed(headers: Headers) -> bool:
    """Whether an answer is of a kind that becomes shorter, and is not packed yet."""
    found = {name.lower(): value for name, value in headers}
    return found.get(b"content-type", b"").startswith(PACKED) and b"content-encoding" not in found


def packed(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The headers of the packed answer: it has another length, and is not byte for byte what its tag names."""
    return [
        (name, b"W/" + value if name.lower() == b"etag" and not value.startswith(b"W/") else value)
        for name, value in headers
        if name.lower() != b"content-length"
    ]
