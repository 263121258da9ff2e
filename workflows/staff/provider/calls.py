"""Calls to the identity provider, bounded in time, in size and in number: one that hangs holds up few readers."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore
from urllib.parse import urlencode, urlsplit

import httpx

from models.errors import Unavailable
from models.proxies import may_use_proxy

# To connect takes at most twice its limit, for TCP and for TLS, so the deadline ends no handshake half-way.
CONNECT_SECONDS, DEADLINE_SECONDS = 3.0, 8.0
# Readers that may wait for the provider at once: the others' threads serve the portal on. Seconds they wait to be one.
AT_ONCE, PATIENCE = 6, 1.0
LONGEST_ANSWER = 1_000_000  # bytes
_turns = BoundedSemaphore(AT_ONCE)


class ProviderAway(Unavailable):
    """The identity provider is away, or its answer cannot be understood."""


@contextmanager
def turn() -> Iterator[None]:
    """One of the few places to wait for the provider. Raises ProviderAway where none gets free."""
    if not _turns.acquire(timeout=PATIENCE):
        raise ProviderAway("Too many sign-ins wait for the identity provider.")
    try:
        yield
    finally:
        _turns.release()


def call(method: str, address: str, headers: Mapping[str, str], content: str = "") -> httpx.Response:
    """The provider's response, whatever its status below 500. Follows no redirect. Raises ProviderAway."""
    host = urlsplit(address).netloc.rpartition("@")[2]
    try:
        response = asyncio.run(request(method, address, headers, content))
    except (httpx.HTTPError, TimeoutError) as error:
        text = f"The identity provider at {host} gives no answer: {type(error).__name__}."
        raise ProviderAway(text) from error
    if response.status_code >= 500 or response.status_code == 429:
        raise ProviderAway(f"The identity provider at {host} gives no answer: HTTP {response.status_code}.")
    return response


async def request(method: str, address: str, headers: Mapping[str, str], content: str) -> httpx.Response:
    """The response, cut off at `LONGEST_ANSWER`. On an event loop, because only there a deadline covers all of it."""
    limits = httpx.Timeout(DEADLINE_SECONDS, connect=CONNECT_SECONDS)
    plain = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
    received = bytearray()
    async with (
        asyncio.timeout(DEADLINE_SECONDS),
        httpx.AsyncClient(timeout=limits, trust_env=may_use_proxy(address)) as client,
        client.stream(method, address, headers=plain, content=content) as response,
    ):
        async for part in response.aiter_raw():
            received += part
            if len(received) > LONGEST_ANSWER:
                break
    return httpx.Response(response.status_code, content=bytes(received), request=response.request)


class Session:
    """What Authlib calls by, in place of its own client, which would ask for a fork of httpx."""

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: object) -> httpx.Response:
        """Sends a form, with the client's proof of itself."""
        prepare = getattr(auth, "prepare")  # noqa: B009 - Authlib has no types
        address, proved, body = prepare("POST", url, dict(headers), urlencode(data))
        return call("POST", address, proved, body)
