"""A gateway spoken to by HTTP and JSON: the demo's, and the pattern for a real one."""

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
from notifications.deliver import TurnedAway
from notifications.leases import Leased


class Result(msgspec.Struct):
    """What became of a message, or is known of it. A status that no column can hold is none."""

    reference: UUID
    status: Annotated[str, msgspec.Meta(pattern="^[^\0]+$")]


class Answer(msgspec.Struct):
    """What both calls answer."""

    results: list[Result]


# Over a whole call, from the look-up of the name to the last byte: a time-out between two bytes would wait for ever for
# one that drips.
# Two of them are less than what is left of a lease when the first begins (deliver.py).
DEADLINE_SECONDS = 4.0
CONNECT_SECONDS = 2.0  # after which nothing was sent for certain
LONGEST_ANSWER = 1_000_000  # bytes; that for a full batch has ten thousand
LONGEST_WAIT = timedelta(
    hours=23
)  # of a Retry-After; what waits for more than a day was put there by a clock that jumped (deliver.py)
# The call as a whole: who we are, where we call, how often, and whether it can at all. None was carried, but where a
# proxy in between may not know.
NONE_CARRIED = (401, 403, 404, 405, 407, 429, 503)
WHOLE = (*NONE_CARRIED, 502, 504)


class HttpGateway:
    """POST /messages sends, POST /messages/status asks; our ledger's id is its reference. One thread at a time uses it.

    Its calls run on a loop of their own, because only there a deadline bounds all of a call. Each has a connection of
    its own: one that was kept might be closed by the gateway at the moment in which it is used, and nobody would know
    what became of the messages.
    """

    can_be_asked = True

    def __init__(self, url: str) -> None:
        headers = {"Accept-Encoding": "identity"}  # what is small when sent is small when read
        time_out, limits = (
            httpx.Timeout(DEADLINE_SECONDS, connect=CONNECT_SECONDS),
            httpx.Limits(max_keepalive_connections=0),
        )
        no_cookies = CookieJar(
            DefaultCookiePolicy(allowed_domains=[])
        )  # they would pile up, until no call is taken for all that stands in its head
        self.client = httpx.AsyncClient(
            base_url=url, timeout=time_out, limits=limits, headers=headers, cookies=no_cookies
        )
        self.loop = asyncio.new_event_loop()
        weakref.finalize(self, self.loop.close)

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
        """See `deliver.Gateway`."""
        sent = [
            {"reference": str(each.id), "channel": each.channel, "recipient": each.recipient, "body": each.body}
            for each in messages
        ]
        return self.post("/messages", {"messages": sent})

    def known(self, references: Sequence[UUID]) -> set[UUID]:
        """See `deliver.Gateway`."""
        answers = self.post("/messages/status", {"references": [str(each) for each in references]})
        return {reference for reference, status in answers.items() if status == "accepted"}

    def post(self, path: str, body: Mapping[str, Any]) -> dict[UUID, str]:
        """The status of each reference.

        Raises Unavailable where no answer came, or none of the shape of `Answer`; TurnedAway where the call was
        refused.
        """
        address = self.client.base_url.netloc.decode()  # host and port alone: the whole address may hold a password
        try:
            response = self.loop.run_until_complete(self.call(path, body))
            if response.is_success:
                return {
                    each.reference: each.status for each in msgspec.json.decode(response.content, type=Answer).results
                }
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise TurnedAway(
                f"The gateway at {address} cannot be reached: {type(error).__name__}.", type(error).__name__
            ) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unavailable(
                f"The gateway at {address} gives no answer within {DEADLINE_SECONDS:.0f} seconds: "
                f"{type(error).__name__}."
            ) from error
        except ValueError:
            pass
        raise refusal(response, address)

    async def call(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """The whole answer, cut at what is too long.

        It follows no other address: what it carries is for this gateway alone.
        """
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
            for each in connections:  # httpx leaves one open that was cut in the handshake of TLS
                await each.aclose()
        # As it came: what was packed though we asked for none may be a thousand times as long.
        headers = [each for each in response.headers.items() if each[0] != "content-encoding"]
        return httpx.Response(response.status_code, headers=headers, content=bytes(content))


def refusal(response: httpx.Response, address: str) -> Unavailable:
    """What a call came to that was no success, or not of the shape of `Answer`: a page for people says nothing of its
    messages.
    """
    status = response.status_code
    if status in WHOLE or "json" not in response.headers.get("content-type", ""):
        text = f"The gateway at {address} refused a call as a whole: HTTP {status}."
        return TurnedAway(text, f"HTTP {status}", carried=status not in NONE_CARRIED, wait=wait_of(response))
    return Unavailable(f"The gateway at {address} gives no answer that can be understood: HTTP {status}.")


def wait_of(response: httpx.Response) -> timedelta | None:
    """For how long it asks to be left alone: seconds or a date in Retry-After, 23 hours at most; None for none,
    nonsense and the past.
    """
    said = response.headers.get("retry-after", "").strip()
    try:
        wait = (
            timedelta(seconds=min(int(said), LONGEST_WAIT.total_seconds()))
            if said.isdecimal()
            else parsedate_to_datetime(said) - clock.now()
        )
    except (ValueError, TypeError, OverflowError):
        return None
    return min(wait, LONGEST_WAIT) if wait > timedelta(0) else None
