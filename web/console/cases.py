"""The page of one case: what it is, what must be decided and by when, and everything that is known of it."""

from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Template

from models import clock
from web.console.case_context import case_context
from web.console.case_data import CasePage, case_for
from web.console.enrolment_part import enrolment_part
from web.console.forms import Form
from web.console.kept import take_typed
from web.console.language import console_language
from web.console.pages import may, page, reader_of
from workflows.events.event import KINDS


@get("/cases/{reference:str}", opt={"act": "read_case"}, sync_to_thread=True)
def show_case(request: Request[Any, Any, Any], reference: FromPath[str]) -> Template:
    """The page of a case."""
    typed = typed_before(request)
    shown = case_for(reader_of(request), reference, clock.now(), typed)
    return case_page(request, shown, typed=typed)


def typed_before(request: Request[Any, Any, Any]) -> Form | None:
    """What the reader typed on this page before their session ended, or before they went back; None: nothing."""
    if "kept" not in request.query_params:
        return None
    found = take_typed(request, request.url.path)
    return found if found.pairs else None


def case_page(request: Request[Any, Any, Any], shown: CasePage, *, status: int = 200, **context: Any) -> Template:
    """Renders the page of a case; `context` has what was typed and refused, where a form comes back."""
    done = request.query_params.get("done", "")
    given = {"typed": None, "since": (), "refused": None, "done": done if done in KINDS else "", **context}
    seen = shown.enrolment
    given["may_enrol"] = may(reader_of(request), "file_enrolment")
    given["enrolment"] = enrolment_part(seen, given["typed"], given["refused"]) if seen else None
    return page(request, "case.html", status=status, **case_context(shown, console_language(request)), **given)


HANDLERS = [show_case]
