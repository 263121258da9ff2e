"""Who fills in an application or an enrolment: the visit that its secret opens, or that began with its first page."""

from typing import Any

from litestar import Request
from litestar.response import Redirect, Template

from models.database import Connection
from web.households import is_stranger
from web.language import render_page, require_language
from web.queries import status_of
from web.visits import Form, Place, VisitOver, mark_of, refuse_foreign, require_mark, see, visit_in
from workflows.intake.drafts import Answers, answers_of
from workflows.intake.receipts import normal
from workflows.intake.visits import APPLYING, Visit

UNDER, ENROL = "apply", "enrol"  # how the addresses begin of applications, and of enrolments
WAY = f"/{{language:str}}/{UNDER}/{{reference:str}}"
MEMBERS, CHECK, CODE, RECEIPT = "members", "check", "code", "receipt"  # pages that lead to each other


class Elsewhere(Exception):
    """Another page is the answer: the receipt of what is sent, or where a draft of another kind is filled in."""

    def __init__(self, place: Place) -> None:
        super().__init__("elsewhere")
        self.place = place


def apply_place(language: str, reference: str, to: str = "") -> Place:
    """A page of an application. Raises NotFoundException for a language that is none of ours."""
    return Place(require_language(language), normal(reference), to, UNDER)


def under_of(answers: Answers) -> str:
    """How the addresses of a draft begin."""
    return ENROL if answers.enrols else UNDER


def require_applying(
    connection: Connection, request: Request[Any, Any, Any], place: Place, form: Form | None = None
) -> Visit:
    """The visit of who fills this application in. Raises VisitOver where there is none, and
    PermissionDeniedException for a form without the visit's mark.
    """
    if form is not None:
        refuse_foreign(request)
    visit = visit_in(connection, request, place, APPLYING)
    if visit is None:
        unsent = is_unsent(connection, place)
        raise VisitOver(ask_secret(place, form.typed if form else {}, status=403 if form else 200, unsent=unsent))
    if form is not None:
        require_mark(form, visit.reference)
    return visit


def is_unsent(connection: Connection, place: Place) -> bool:
    """Whether it is being filled in for the first time."""
    found = answers_of(connection, place.reference)
    return found is not None and found.is_new


def require_answers(connection: Connection, place: Place, *, lock: bool = False) -> Answers:
    """What was said in this draft. Raises Elsewhere where it is sent, or is of another kind, or its change is of a
    household that the reader left, and NotFound where there is none.
    """
    found = answers_of(connection, place.reference, lock=lock)
    if found is not None and under_of(found) != place.under:
        raise Elsewhere(Place(place.language, place.reference, "", under_of(found)))
    if found is None or (found.corrects and found.change):
        case = status_of(connection, place.reference)  # raises NotFound
        if found is None or is_stranger(connection, case):
            raise Elsewhere(place.at(RECEIPT))
    return found


def ask_secret(place: Place, typed: dict[str, list[str]], *, status: int = 200, **context: Any) -> Template:
    """The page that asks for the secret code, and keeps what was typed."""
    given: dict[str, Any] = {"problems": [], "unsent": False, **context}
    return render_page(
        "apply/secret.html", place.language, status=status, path=place.path, place=place, typed=typed, **given
    )


def page_of_application(template: str, place: Place, visit: Visit, *, status: int = 200, **context: Any) -> Template:
    """A page of a draft, for who fills it in."""
    return render_page(
        f"{UNDER}/{template}",
        place.language,
        status=status,
        path=place.path,
        place=place,
        mark=mark_of(visit.reference),
        here=place.at("").address,
        **context,
    )


def on_elsewhere(_: Request[Any, Any, Any], found: Elsewhere) -> Redirect:
    """Leads who goes back in the browser, or has another tab open, to the page that there is."""
    return see(found.place)


ERRORS: dict[int | type[Exception], Any] = {Elsewhere: on_elsewhere}
