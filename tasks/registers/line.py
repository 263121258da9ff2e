"""The line to a register elsewhere: one client for each, on one event loop for the process.

Only on an event loop does a deadline cover a whole call, from the look-up of the name to the last byte of an answer
that drips; and threads of which each waits for its own answer share the connections of one client.
"""

import asyncio
import weakref
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from threading import Thread
from typing import Any, NamedTuple, TypeVar

import httpx
import msgspec

from models import clock
from models.foreign import read_json
from models.proxies import may_use_proxy
from tasks.registers.failures import CallFailed, Failed
from tasks.registers.shared import LONGEST_WAIT

CONNECT_SECONDS = 1.5  # for TCP, and as many for TLS
KEPT_SECONDS = 5.0  # an idle connection; servers close theirs soon after that
LONGEST_ANSWER = 1_000_000  # bytes; that about 500 persons has a tenth of it
HAND_BACK_SECONDS = 5.0  # beyond the deadline: then the loop itself hangs
# How a register refuses a call, whoever it is about.
STATUSES = {
    **dict.fromkeys((401, 403, 404, 405, 407), Failed.REFUSED),
    **dict.fromkeys((502, 503, 504), Failed.DOWN),
    429: Failed.TOO_MANY,
}
NOT_TAKEN = 422  # the register says which values it does not take
UNSIGNED, CLOCK = 401, "signature_time"  # the register does not believe when a question was signed
Result = TypeVar("Result")


class Code(msgspec.Struct):
    """An error's code."""

    code: str = ""


class Said(msgspec.Struct):
    """An error."""

    error: Code


class Response(NamedTuple):
    """What a register said: an answer, or what is wrong with the question."""

    content: bytes
    not_taken: bool = False


class Line:
    """A client of one register."""

    def __init__(self, url: str) -> None:
        self.client = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_keepalive_connections=16, keepalive_expiry=KEPT_SECONDS),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=may_use_proxy(url),
        )
        weakref.finalize(self, close, self.client)

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Response:
        """An answer in JSON, or what is wrong with the question; the whole call takes so long at most.

        Raises CallFailed for anything else.
        """
        sent = {"Content-Type": "application/json", **headers} if body else headers
        try:
            response = finished(self.request(method, path, body, sent, seconds), seconds + HAND_BACK_SECONDS)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise CallFailed(Failed.NOT_REACHED) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise CallFailed(Failed.NO_ANSWER) from error
        if failed := failure_of(response):
            raise CallFailed(failed, response.status_code, retry_after(response))
        return Response(response.content, response.status_code == NOT_TAKEN)

    async def request(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> httpx.Response:
        """The response, cut off at `LONGEST_ANSWER`; it follows no redirect."""
        content = bytearray()
        async with (
            asyncio.timeout(seconds),
            self.client.stream(method, path, content=body or None, headers=headers) as response,
        ):
            async for part in response.aiter_raw():
                content += part
                if len(content) > LONGEST_ANSWER:
                    break
        plain = [each for each in response.headers.items() if each[0] != "content-encoding"]
        return httpx.Response(response.status_code, headers=plain, content=bytes(content))


def failure_of(response: httpx.Response) -> Failed | None:
    """How this response fails; None for a success in JSON that is not too long."""
    status = response.status_code
    if status == UNSIGNED and code_of(response.content) == CLOCK:
        return Failed.CLOCK
    if status in STATUSES:
        return STATUSES[status]
    if status >= 500:
        return Failed.BROKEN
    if status >= 400 and status != NOT_TAKEN:
        return Failed.NOT_TAKEN
    if 300 <= status < 400:
        return Failed.REDIRECTED
    if len(response.content) > LONGEST_ANSWER:
        return Failed.TOO_LONG
    return None if "json" in response.headers.get("content-type", "") else Failed.NO_JSON


def code_of(body: bytes) -> str:
    """The code of an error, as services like ours say it; '' where there is none."""
    try:
        return read_json(body, Said).error.code
    except ValueError:
        return ""


def retry_after(response: httpx.Response) -> timedelta | None:
    """The wait in Retry-After (seconds or a date), at most an hour; None for none, nonsense and the past."""
    value = response.headers.get("retry-after", "").strip()
    try:
        if value.isdecimal():
            wait = timedelta(seconds=min(int(value), LONGEST_WAIT.total_seconds()))
        else:
            wait = parsedate_to_datetime(value) - clock.now()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(wait, LONGEST_WAIT) if wait > timedelta(0) else None


@cache
def loop() -> asyncio.AbstractEventLoop:
    """The event loop of all lines of this process; a thread of its own runs it, and ends with the process."""
    made = asyncio.new_event_loop()
    Thread(target=made.run_forever, name="registers", daemon=True).start()
    return made


def finished(work: Coroutine[Any, Any, Result], seconds: float) -> Result:
    """What a coroutine gives, once the loop has run it; raises what it raises, and TimeoutError after so long."""
    return asyncio.run_coroutine_threadsafe(work, loop()).result(seconds)


def close(client: httpx.AsyncClient) -> None:
    """Closes the connections of a client that nobody uses any more; does not wait for it."""
    asyncio.run_coroutine_threadsafe(client.aclose(), loop())
