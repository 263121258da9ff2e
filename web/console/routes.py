"""Every address of the console, behind the one guard."""

from litestar import Router

from web.console import cases, deciding, desk, desk_acts, keys, queues, sign_in, start
from web.console.guarded import before_console


def console() -> Router:
    """The router of /console."""
    return Router(
        path="/console",
        route_handlers=[
            *sign_in.HANDLERS,
            *start.HANDLERS,
            *desk.HANDLERS,
            *desk_acts.HANDLERS,
            *keys.HANDLERS,
            *cases.HANDLERS,
            *deciding.HANDLERS,
            *queues.HANDLERS,
        ],
        before_request=before_console,
        include_in_schema=False,
    )
