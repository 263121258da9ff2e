"""What partners call: comparisons, records and life events.

The bytes of a body are what was signed, so they are read as they are.
"""

from asyncio import timeout
from collections.abc import Callable
from functools import partial
from typing import Any

from litestar import Request, Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.exceptions import InternalServerException

from workflows.population.asking import Request as Asked
from workflows.population.asking import compare, events, records
from workflows.population.refusals import NotAnswered

LARGEST = 2_000_000  # bytes; 500 people whose names are as long as they may be, each letter written as \uXXXX
READ_SECONDS = 20


async def asked(request: Request[Any, Any, Any]) -> Asked:
    """A request, once all of it is there. Raises NotAnswered where that takes too long."""
    try:
        async with timeout(READ_SECONDS):
            body = await request.body()
    except TimeoutError:
        request.state.hang_up = True
        raise NotAnswered("too_slow") from None
    except InternalServerException:  # the framework's word for a sender who is gone
        raise NotAnswered("not_possible") from None
    query = request.scope["query_string"].decode("latin-1")
    path = f"{request.scope['path']}?{query}" if query else request.scope["path"]
    return Asked(request.headers.get("sijil-partner", ""), request.headers.get("signature", ""), path, body)


async def answered(request: Request[Any, Any, Any], answer: Callable[[Asked], bytes]) -> Response[bytes]:
    """The answer, which is computed in a thread."""
    return Response(await sync_to_thread(answer, await asked(request)), media_type="application/json")


@post("/population/v1/comparisons", status_code=200)
async def comparisons(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Compares up to 500 declared people with the register: verdicts, and never a stored value."""
    return await answered(request, compare)


@post("/population/v1/records", status_code=200)
async def stored_records(request: Request[Any, Any, Any]) -> Response[bytes]:
    """What the register keeps of up to 500 people, for an officer of the social register who must see both sides."""
    return await answered(request, records)


@get("/population/v1/events")
async def life_events(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Life events behind a cursor, in their one order."""
    given = request.query_params
    answer = partial(events, after=str(given.get("after", "0")), limit=str(given.get("limit", "500")))
    return await answered(request, answer)


HANDLERS = [comparisons, stored_records, life_events]
