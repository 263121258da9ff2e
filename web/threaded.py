"""Runs a handler in a thread, whichever other handlers its address has.

Litestar 2 sends a handler with `sync_to_thread` into a thread twice if another one of its address follows (its pull
request 4738): a page that is shown by GET and takes its form by POST needs the database for both.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from litestar.concurrency import sync_to_thread

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def in_thread(handler: Callable[Parameters, Result]) -> Callable[Parameters, Awaitable[Result]]:
    """The handler as a coroutine that waits for it in a thread."""

    @wraps(handler)
    async def run(*args: Parameters.args, **named: Parameters.kwargs) -> Result:
        return await sync_to_thread(handler, *args, **named)

    return run
