"""A gateway that speaks HTTP and JSON: the demo's, and the pattern for a real one."""

import asyncio
import weakref
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Annotated, Any
from uuid import UUID

import httpx
import msgspec

from models import clock
from models.errors import Unavailable
from models.foreign import read_json
from models.proxies import may_use_proxy
from notifications.deliver import ACCEPTED, CallRefused
from notifications.leases import Leased

# The gateway's number of a message, in its answers and its reports.
NUMBER = r"^[!-~]{1,64}$"


class Result(msgspec.Struct):
    """The gateway's status of a message, and its own number for it if it reports on it.

    Neither is empty or has a NUL, which no column could store.
    """

    reference: UUID
    status: Annotated[str, msgspec.Meta(pattern="^[^\0]+$")]
    id: Annotated[str, msgspec.Meta(pattern=NUMBER)] | None = None


class Answer(msgspec.Struct):
    """The answer to both calls."""

    results: list[Result]


HTTP = "http"  # the name under which its reports come
# A deadline for the whole call, from the look-up of the name to the last byte: a time-out between two bytes would wait
# for ever for an answer that drips. Two calls end before the lease under which the first began (deliver.py).
DEADLINE_SECONDS = 4.0
MOST_NUMBERS = 1000  # kept; whoever sends codes asks for none
CONNECT_SECONDS = 2.0  # a connection that takes longer is given up, and certainly carried nothing
LONGEST_ANSWER = 1_000_000  # bytes; the answer for a full batch has ten thousand
# Of a Retry-After: the daily jobs take a message that waits for more than a day for one of a clock that jumped.
LONGEST_WAIT = timedelta(hours=23)
# Statuses by which a gateway refuses a call, whatever its messages: who we are, where we call, how often, and whether
# it works at all. It carried none of them, unless a proxy answered, which may not know.
NONE_CARRIED = (401, 403, 404, 405, 407, 429, 503)
CALL_REFUSED = (*NONE_CARRIED, 502, 504)


class HttpGateway:
    """POST /messages sends, POST /messages/status asks; our ledger's id is the reference. One thread at a time uses it.

    Calls run on an event loop of its own, because only there a deadline covers the whole call. Each call opens a
    connection: the gateway might close a kept one just when we use it, and nobody would know what became of the
    messages.
    """

    name = HTTP
    can_be_asked = True
    most = 100
    final: Mapping[str, str] = {}  # whatever it answers, a later try may succeed

    def __init__(self, url: str) -> None:
        self.client = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(DEADLINE_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"Accept-Encoding": "identity"},  # a compressed answer could grow beyond LONGEST_ANSWER
            # Cookies would pile up, until the gateway refuses a request with such long headers.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=may_use_proxy(url),
        )
        self.numbers: dict[UUID, str] = {}  # of the last calls
        self.loop = asyncio.new_event_loop()
        weakref.finalize(self, self.loop.close)

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
        """See `deliver.Gateway`."""
        sent = [
            {"reference": str(each.id), "channel": each.channel, "recipient": each.recipient, "body": each.body}
            for each in messages
        ]
        return self.post("/messages", {"messages": sent})

    def find_accepted(self, references: Sequence[UUID]) -> set[UUID]:
        """See `deliver.Gateway`."""
        answers = self.post("/messages/status", {"references": [str(each) for each in references]})
        return {reference for reference, status in answers.items() if status == ACCEPTED}

    def numbers_of(self, reference: UUID) -> Sequence[str]:
        """See `deliver.Gateway`: one, because the gateway cuts texts itself."""
        number = self.numbers.pop(reference, None)
        return [number] if number else []

    def attend(self) -> None:
        """See `deliver.Gateway`; it keeps no connection."""

    def close(self) -> None:
        """See `deliver.Gateway`; it keeps no connection."""

    def post(self, path: str, body: Mapping[str, Any]) -> dict[UUID, str]:
        """The status of each reference.

        Raises Unavailable if no answer came, or none that is an `Answer`; CallRefused if the gateway refused the call.
        """
        address = self.client.base_url.netloc.decode()  # host and port only: the whole address may hold a password
        try:
            response = self.loop.run_until_complete(self.request(path, body))
            if response.is_success:
                answer = read_json(response.content, Answer)
                if len(self.numbers) > MOST_NUMBERS:
                    self.numbers.clear()
                self.numbers.update(
                    {each.reference: each.id for each in answer.results if each.id and each.status == ACCEPTED}
                )
                return {each.reference: each.status for each in answer.results}
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            why = type(error).__name__
            raise CallRefused(f"The gateway at {address} cannot be reached: {why}.", why) from error
        except (httpx.HTTPError, TimeoutError) as error:
            why = type(error).__name__
            text = f"The gateway at {address} gives no answer within {DEADLINE_SECONDS:.0f} seconds: {why}."
            raise Unavailable(text) from error
        except ValueError:
            pass
        raise error_for(response, address)

    async def request(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """The response, cut off at `LONGEST_ANSWER`; follows no redirect, since messages are for this gateway alone."""
        content, connections = bytearray(), list[Any]()

        async def note(event: str, about: Mapping[str, Any]) -> None:
            if event == "connection.connect_tcp.complete":
                connections.append(about["return_value"])

        try:
            async with (
                asyncio.timeout(DEADLINE_SECONDS),
                self.client.stream("POST", path, json=body, extensions={"trace": note}) as response,
            ):
                async for part in response.aiter_raw():
                    content += part
                    if len(content) > LONGEST_ANSWER:
                        break
        finally:
            for each in connections:  # httpx leaves a connection open if the deadline ends its TLS handshake
                await each.aclose()
        # A response that is compressed all the same is not unpacked: it might be a thousand times as long.
        headers = [each for each in response.headers.items() if each[0] != "content-encoding"]
        return httpx.Response(response.status_code, headers=headers, content=bytes(content))


def error_for(response: httpx.Response, address: str) -> Unavailable:
    """The error for a response that is no success, or no `Answer`."""
    status = response.status_code
    # A page for people, such as a proxy's, says nothing of the messages.
    if status in CALL_REFUSED or "json" not in response.headers.get("content-type", ""):
        text = f"The gateway at {address} refused a call as a whole: HTTP {status}."
        return CallRefused(text, f"HTTP {status}", carried=status not in NONE_CARRIED, wait=retry_after(response))
    return Unavailable(f"The gateway at {address} gives no answer that can be understood: HTTP {status}.")


def retry_after(response: httpx.Response) -> timedelta | None:
    """The wait in Retry-After (seconds or a date), 23 hours at most; None for none, nonsense and the past."""
    value = response.headers.get("retry-after", "").strip()
    try:
        if value.isdecimal():
            wait = timedelta(seconds=min(int(value), LONGEST_WAIT.total_seconds()))
        else:
            wait = parsedate_to_datetime(value) - clock.now()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(wait, LONGEST_WAIT) if wait > timedelta(0) else None
