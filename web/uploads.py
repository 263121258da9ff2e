"""The body of a request that brings a file: all of it within a time, a few at once, and nothing kept of the rest.

Whoever sends bytes one by one would else hold memory and a connection for as long as they like.
"""

from asyncio import timeout
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException, InternalServerException

from models.errors import Refused, Unavailable
from models.settings import settings
from workflows.documents.taking import MOST_BYTES, not_taken

MOST_FORM = MOST_BYTES + 64 * 1024  # of a body that is kept to be read
MOST_SENT = 40 * 1024 * 1024  # of one that is read at all, so that whoever sent too much is told so
OF_ONE = 2  # bodies of one case, or of one session of the staff, that arrive at once
COMING: Counter[str] = Counter()  # those that arrive now in this process, by who sends them; of one thread alone
TOO_SLOW = "too_slow"


async def received(request: Request[Any, Any, Any], sender: str) -> bytes:
    """The body, once all of it is there. `sender`: a case, in however many visits, or a session of the staff; each
    gets a few places alone.

    A body of too many bytes is read and forgotten, so that its sender sees why. Raises Refused for it and for one that
    is not there in time, and Unavailable where too many arrive.
    """
    with place_of(request, sender):
        try:
            async with timeout(settings().upload_seconds):
                return await whole(request)
        except TimeoutError:
            request.state.hang_up = True
            raise Refused(TOO_SLOW, f"The file was not there within {settings().upload_seconds} seconds.") from None


@contextmanager
def place_of(request: Request[Any, Any, Any], sender: str) -> Iterator[None]:
    """Holds one of the places in which bodies arrive. Raises Unavailable where there is none."""
    if COMING[sender] >= OF_ONE or COMING.total() >= settings().uploads_at_once:
        request.state.hang_up = True
        raise Unavailable("Too many files arrive at once.")
    COMING[sender] += 1
    try:
        yield
    finally:
        COMING[sender] -= 1
        if not COMING[sender]:
            del COMING[sender]


async def whole(request: Request[Any, Any, Any]) -> bytes:
    """All bytes of a body. Raises Refused for too many, and a 400 that nobody reads where the sender broke off."""
    kept, size = bytearray(), 0
    try:
        async for part in request.stream():
            size += len(part)
            if size <= MOST_FORM:
                kept += part
    except InternalServerException:  # the framework's word for a sender who is gone
        raise ClientException("The sender broke off.") from None
    if size > MOST_FORM:
        raise not_taken("too_large_file")
    return bytes(kept)
