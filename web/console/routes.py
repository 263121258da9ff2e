"""Every address of the console, behind the one guard."""

from litestar import Router

from web.console import cases, deciding, failed, load, messages, queues, sign_in, start, workers
from web.console.guarded import before_console


def console() -> Router:
    """The router of /console."""
    return Router(
        path="/console",
        route_handlers=[
            *sign_in.HANDLERS,
            *start.HANDLERS,
            *cases.HANDLERS,
            *deciding.HANDLERS,
            *queues.HANDLERS,
            *workers.HANDLERS,
            *failed.HANDLERS,
            *messages.HANDLERS,
            *load.HANDLERS,
        ],
        before_request=before_console,
        include_in_schema=False,
    )
