"""What happens before every handler of the console: its session, its form's token, and the right to its act.

A handler names its act in `opt` (a right of workflows/staff/rights.py, or `signed_in` for what every account may do, or
`anybody` for the way in). One that names none is a fault of ours, and serves nobody.
"""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.concurrency import sync_to_thread
from litestar.exceptions import NotFoundException

from models import clock
from models.database import transaction
from models.errors import Broken, Refused
from web.console.cookies import BROWSER, SESSION, new_browser
from web.console.forms import read_form, require_token
from web.console.kept import keep_of_ended
from web.console.live import is_live, leave_for
from web.console.pages import go, path_of, within
from web.middleware import refuse_unreadable
from workflows.staff.guard import permit
from workflows.staff.rights import RIGHTS
from workflows.staff.sessions import Session, session_of

ANYBODY, SIGNED_IN, SIGNING_IN = "anybody", "signed_in", "signing_in"
SAFE = ("GET", "HEAD")
SAME = ("same-origin", "none", "")  # what `Sec-Fetch-Site` says of our own pages; older browsers say nothing


async def before_console(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """Finds the session, checks the form's token and the right; a response in place of the handler's, or None."""
    await refuse_unreadable(request)
    body = b"" if request.method in SAFE or brings_file(request) else await request.body()
    return await sync_to_thread(check, request, body)


def brings_file(request: Request[Any, Any, Any]) -> bool:
    """Whether a form brings a file: its handler reads it once it is known who sends it, and asks for its token."""
    return bool(request.route_handler.opt.get("file"))


def check(request: Request[Any, Any, Any], body: bytes) -> Response[Any] | None:
    """As `before_console`, in a thread: it asks the database."""
    act = request.route_handler.opt.get("act")
    if act is None or (act not in RIGHTS and act not in (ANYBODY, SIGNED_IN, SIGNING_IN)):
        raise Broken("A handler of the console names no act.")
    session = find_session(request)
    request.state.session = session
    request.state.browser = request.cookies.get(BROWSER) or new_browser()
    form = request.state.form = read_form(body)
    if request.method not in SAFE:
        if act != ANYBODY and session is None:
            return signed_out(request)
        if request.headers.get("sec-fetch-site", "") not in SAME:
            raise Refused("forged", "This form came from another site. Nothing was done.")
        if not brings_file(request):
            require_token(form, session.digest if session else request.state.browser.encode())
    if act == ANYBODY:
        return None
    if session is None or (act != SIGNING_IN and session.owes):
        return signed_out(request)
    if "%00" in request.url.query:  # which no text in the database holds
        raise NotFoundException
    if act in RIGHTS:
        permit(session.acting, act)
    return None


def find_session(request: Request[Any, Any, Any]) -> Session | None:
    """The session of this browser; None where nobody is signed in."""
    token = request.cookies.get(SESSION)
    if not token:
        return None
    with transaction() as connection:
        return session_of(connection, token, clock.now(), used=not is_live(request))


def signed_out(request: Request[Any, Any, Any]) -> Response[Any]:
    """To the sign-in, and from there back to where the reader was; what was typed in a form is kept for them."""
    if request.method in SAFE:
        way_in = to_sign_in(within(request.url.path + (f"?{request.url.query}" if request.url.query else "")))
        return leave_for(way_in) if is_live(request) else go(way_in)
    here = within(path_of(request.headers.get("referer", "")))
    return go(to_sign_in(f"{here}?kept=1" if keep_of_ended(request, here) else here))


def to_sign_in(address: str) -> str:
    """The page to sign in, which leads to an address."""
    return f"/console/sign-in?next={quote(address, safe='/')}"
