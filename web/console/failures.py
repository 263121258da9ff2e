"""The console's own page for an error, in the reader's language, by the code of what was refused."""

from typing import Any

from litestar import Request
from litestar.background_tasks import BackgroundTask
from litestar.response import Template

from models.errors import Refused
from web.console.pages import page
from workflows.staff.refusals import WITHOUT_RIGHT, note_without_right
from workflows.staff.sessions import Session


def is_of_console(request: Request[Any, Any, Any]) -> bool:
    """Whether the address is one of the console."""
    return request.url.path == "/console" or request.url.path.startswith("/console/")


def error_page(
    request: Request[Any, Any, Any], status: int, *, code: str = "", reference: str = "", **_: Any
) -> Template:
    """The page for an error of this status; `code` is that of a Refused."""
    problem = Refused(code) if code else None
    shown = page(request, "error.html", status=status, problem=problem, reference=reference)
    session: Session | None = request.state.get("session")
    if session and code in WITHOUT_RIGHT:
        tried = request.route_handler.opt.get("act", "")
        typed = request.path_params.get("reference", "")
        shown.background = BackgroundTask(note_without_right, session.acting, tried, code, typed)
    return shown
