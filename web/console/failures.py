"""The console's own page for an error, in the reader's language, by the code of what was refused."""

from typing import Any

from litestar import Request
from litestar.background_tasks import BackgroundTask
from litestar.response import Template

from models import clock
from models.database import transaction
from models.errors import Refused, SijilError
from web.console.pages import page
from workflows.audit.acts import Act
from workflows.intake.receipts import find
from workflows.staff.guard import Acting
from workflows.staff.noting import Doing, note_reading
from workflows.staff.sessions import Session

WITHOUT_RIGHT = ("another_role", "another_territory")  # the codes of the guard's refusals (workflows/staff/guard.py)


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
        shown.background = BackgroundTask(note_refused, session.acting, {"act": tried, "why": code}, typed)
    return shown


def note_refused(who: Acting, what: dict[str, str], typed: str) -> None:
    """Notes that somebody tried what they have no right to, so that whoever looks around in other offices is seen."""
    with transaction() as connection:
        try:
            case_ids = [find(connection, typed).id] if typed else []
        except SijilError:
            case_ids = []
        doing = Doing(Act.ACT_REFUSED, clock.now(), case_ids, next(iter(who.roles), ""), detail=what)
        note_reading(connection, who, doing)
