"""Pages whose figures refresh: the same handler gives the whole page, or to htmx its live part alone.

Without JavaScript, and for who wants the figures to stand still, a link refreshes them.
"""

import hmac
from typing import Any

from litestar import Request, Response
from litestar.response import Template

from models import clock
from models.database import transaction
from web.console.forms import form_token
from web.console.pages import page, reader_of, session_of
from workflows.audit.acts import Act, Purpose
from workflows.staff.guard import permit
from workflows.staff.noting import Doing, note_reading

STILL = "still"  # in the address: do not refresh
OPENED = "sijil-opened"  # the header in which the live part says that its page was opened


def is_live(request: Request[Any, Any, Any]) -> bool:
    """Whether the page itself asks, and no person: htmx says so, and no other site can."""
    return request.headers.get("hx-request") == "true"


def live_page(request: Request[Any, Any, Any], name: str, *, status: int = 200, **context: Any) -> Template:
    """The page `name`.html, or the part of it that refreshes, `name`_live.html."""
    part = f"{name}_live.html"
    if is_live(request):
        return page(request, part, status=status, **context)
    live = STILL not in request.query_params
    given = {"part": f"console/{part}", "live": live, "opened": opened_token(request)}
    return page(request, f"{name}.html", status=status, **given, **context)


def opened_token(request: Request[Any, Any, Any]) -> str:
    """What a page whose opening was noted gives its live part to ask with; none but this page and session has it."""
    return form_token(session_of(request).digest + request.url.path.encode())


def note_look(request: Request[Any, Any, Any], act: Act, purpose: Purpose = Purpose.OPERATION) -> None:
    """Notes in the audit that somebody opened a page that names cases; not each time that it refreshes itself.

    Whoever asks for the live part without having opened the page opens it by this.
    """
    if is_live(request) and hmac.compare_digest(
        request.headers.get(OPENED, "").encode(), opened_token(request).encode()
    ):
        return
    who = reader_of(request)
    with transaction() as connection:
        note_reading(connection, who, Doing(act, clock.now(), role=permit(who, act), purpose=purpose))


def leave_for(address: str) -> Response[Any]:
    """Has the page that refreshes itself leave for another address: its session has ended."""
    return Response(b"", status_code=401, headers={"HX-Redirect": address}, media_type="text/html")
