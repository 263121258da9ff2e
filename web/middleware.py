"""Rules for every request and every response, also for responses that the framework gives by itself."""

from collections.abc import Iterable
from typing import Any

from litestar import Request
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from models.errors import Problem, Refused

HEADERS = {
    b"content-security-policy": b"default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cache-control": b"no-store",  # phones are shared, so no browser keeps a page about a case; static files it may
}


async def refuse_unreadable(request: Request[Any, Any, Any]) -> None:
    """Raises what answers an address that nothing has, and a body that nobody unpacks.

    A coroutine: Litestar would send a function into a thread, for every request.
    """
    if "\0" in request.url.path:  # neither the database nor the name of a file holds one
        raise NotFoundException
    refuse_encoded(request)


def refuse_encoded(request: Request[Any, Any, Any]) -> None:
    """Raises Refused for a compressed body: nothing here unpacks one."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        problem = Problem("Content-Encoding", "Must be left out: the body must not be compressed.")
        raise Refused("encoded", "The body must be sent as it is, without Content-Encoding.", problems=[problem])


class HeadersMiddleware:
    """Adds our headers to every response, and answers HEAD as GET without its body."""

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one ASGI connection."""
        if scope["type"] != ScopeType.HTTP:
            await self.inner(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        if head:
            scope["method"] = "GET"

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                hangs_up = scope.get("state", {}).get("hang_up")  # its sender may send on for ever
                last = [(b"connection", b"close")] if hangs_up else []
                message["headers"] = [*message["headers"], *headers_to_add(message["headers"]), *last]
            elif head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        await self.inner(scope, receive, answer)


def headers_to_add(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Our headers that a response does not have yet."""
    has = {name.lower() for name, _ in headers}
    return [(name, value) for name, value in HEADERS.items() if name not in has]
