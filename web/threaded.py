"""Runs a handler in a thread, whichever other handlers its address has.

Litestar 2 sends a handler with `sync_to_thread` into a thread twice if another one of its address follows (its pull
request 4738): a page that is shown by GET and takes its form by POST needs the database for both.
"""

from asyncio import get_running_loop
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial, wraps
from threading import BoundedSemaphore
from typing import ParamSpec, TypeVar

from litestar.concurrency import sync_to_thread

from models.errors import Unavailable

THREADS, PLACES = 4, 64  # of sign-ins: that go on at once, and with those that wait (assumed)
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def in_thread(handler: Callable[Parameters, Result]) -> Callable[Parameters, Awaitable[Result]]:
    """The handler as a coroutine that waits for it in a thread."""

    @wraps(handler)
    async def run(*args: Parameters.args, **named: Parameters.kwargs) -> Result:
        return await sync_to_thread(handler, *args, **named)

    return run


_sign_ins, _places = ThreadPoolExecutor(THREADS, "sign-in"), BoundedSemaphore(PLACES)


def apart(handler: Callable[Parameters, Result]) -> Callable[Parameters, Awaitable[Result]]:
    """The handler of a sign-in as a coroutine that waits for it in one of a few threads of their own.

    All other pages share as many threads as there are cores and four: passwords would fill them. Raises Unavailable
    where too many wait.
    """

    @wraps(handler)
    async def run(*args: Parameters.args, **named: Parameters.kwargs) -> Result:
        if not _places.acquire(blocking=False):
            raise Unavailable("Too many people sign in at once.")
        try:
            work = partial(copy_context().run, handler, *args, **named)
            return await get_running_loop().run_in_executor(_sign_ins, work)
        finally:
            _places.release()

    return run
