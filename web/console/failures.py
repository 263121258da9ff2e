"""The console's own page for an error, in the reader's language, by the code of what was refused."""

from typing import Any

from litestar import Request
from litestar.response import Template

from models.errors import Refused
from web.console.pages import page


def is_of_console(request: Request[Any, Any, Any]) -> bool:
    """Whether the address is one of the console."""
    return request.url.path == "/console" or request.url.path.startswith("/console/")


def error_page(
    request: Request[Any, Any, Any], status: int, *, code: str = "", reference: str = "", **_: Any
) -> Template:
    """The page for an error of this status; `code` is that of a Refused."""
    problem = Refused(code) if code else None
    return page(request, "error.html", status=status, problem=problem, reference=reference)
