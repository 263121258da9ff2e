"""Every address of the console, behind the one guard."""

from litestar import Router

from web.console import (
    at_desk,
    auditing,
    cases,
    deciding,
    desk,
    desk_acts,
    documents,
    enrolling,
    enrolments,
    failed,
    keys,
    load,
    messages,
    phones,
    provider,
    queues,
    search,
    sign_in,
    start,
    workers,
)
from web.console.guarded import before_console

MODULES = (
    sign_in,
    provider,
    start,
    desk,
    desk_acts,
    cases,
    documents,
    deciding,
    enrolling,
    enrolments,
    at_desk,
    phones,
    keys,
    load,
    queues,
    workers,
    failed,
    messages,
    auditing,
    search,
)


def console() -> Router:
    """The router of /console."""
    return Router(
        path="/console",
        route_handlers=[each for module in MODULES for each in module.HANDLERS],
        before_request=before_console,
        include_in_schema=False,
    )
