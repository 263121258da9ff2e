"""Every address of the console, behind the one guard."""

from litestar import Router

from web.console import (
    at_desk,
    auditing,
    cases,
    deciding,
    failed,
    load,
    messages,
    provider,
    queues,
    sign_in,
    start,
    workers,
)
from web.console.guarded import before_console

MODULES = (sign_in, provider, start, cases, deciding, at_desk, queues, workers, failed, messages, load, auditing)


def console() -> Router:
    """The router of /console."""
    return Router(
        path="/console",
        route_handlers=[each for module in MODULES for each in module.HANDLERS],
        before_request=before_console,
        include_in_schema=False,
    )
