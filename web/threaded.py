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


def bounded(
    name: str, threads: int, places: int, full: str
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Awaitable[Result]]]:
    """Makes of a handler a coroutine that waits for it in one of a few threads of their own.

    All other pages share as many threads as there are cores and four: what takes long would fill them. Raises
    Unavailable with the sentence `full` where as many as `places` are in work or wait.
    """
    executor, free = ThreadPoolExecutor(threads, name), BoundedSemaphore(places)

    def decorate(handler: Callable[Parameters, Result]) -> Callable[Parameters, Awaitable[Result]]:
        @wraps(handler)
        async def run(*args: Parameters.args, **named: Parameters.kwargs) -> Result:
            if not free.acquire(blocking=False):
                raise Unavailable(full)
            try:
                work = partial(copy_context().run, handler, *args, **named)
                return await get_running_loop().run_in_executor(executor, work)
            finally:
                free.release()

        return run

    return decorate


apart = bounded("sign-in", THREADS, PLACES, "Too many people sign in at once.")
