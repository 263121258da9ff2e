"""The first page of the console: what the reader's roles let them do."""

from typing import Any

from litestar import Request, get
from litestar.response import Template

from web.console.guarded import SIGNED_IN
from web.console.pages import may, page, reader_of


@get("/", opt={"act": SIGNED_IN}, sync_to_thread=True)
def start(request: Request[Any, Any, Any]) -> Template:
    """Who is signed in, and where to go."""
    who = reader_of(request)
    may_do = {"may_take": may(who, "take_case"), "may_enrol": may(who, "file_enrolment")}
    return page(request, "start.html", accounts_by="sijil staff --help", **may_do)


HANDLERS = [start]
