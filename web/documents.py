"""Documents that a household adds to its case on its page: the list, one more, what each shows, and taking one back.

A file is read from a form of its own, whose limit no other address has. The visit is asked for before the first byte of
it is read, and a few threads of their own have it examined and kept.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, RawBody
from litestar.response import Redirect, Template
from multipart import MultipartError, MultipartParser, parse_options_header

from models import clock
from models.database import transact, transaction
from models.errors import NotFound, Refused, Stale
from models.settings import settings
from web.asked import FieldProblem
from web.queries import Status, status_of
from web.threaded import bounded, in_thread
from web.uploads import MOST_FORM, MOST_SENT, TOO_SLOW, received
from web.visits import WRONG, Form, Place, page_of_visit, place_of, require_visit, see
from workflows.documents.storing import (
    AT_ONCE,
    SHOWS,
    File,
    Stored,
    add,
    before_decision,
    content_of,
    documents_of,
    moment_of,
    remove,
)
from workflows.documents.storing import require_room as room_in
from workflows.documents.taking import REASONS, take
from workflows.intake.visits import Visit

DOCUMENTS = "documents"
WAY = f"/{{language:str}}/status/{{reference:str}}/{DOCUMENTS}"
ASKING = WAY + "/{document:str}/remove"
KEPT = "kept"  # of the address of the list that says why a document is not taken back any more
AT_A_TIME, WAITING = 2, 12  # files that are examined, and with those that wait
ENDINGS = {"image/jpeg": "jpg", "application/pdf": "pdf"}
# Whoever opens a document gets it as a file of its own, in which nothing runs and which nothing keeps.
HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STATUS = {"too_large_file": 413, TOO_SLOW: 408}
CANNOT = {*REASONS, TOO_SLOW, "too_many_documents", "moved_on", "choose_file", "choose_shows"}


@dataclass(frozen=True, slots=True)
class Adding:
    """What was sent: the fields of the form, and the file; None where none was chosen."""

    form: Form
    sent: bytes | None


def may_add(case: Status) -> bool:
    """Whether the household may add documents to this case now."""
    return bool(moment_of(case.kind, case.stage))


@get(WAY, include_in_schema=False)
@in_thread
def show_documents(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]
) -> Template | Redirect:
    """The documents of a case, and the form for one more."""
    place = place_of(language, reference, DOCUMENTS)
    with transaction() as connection:
        visit = require_visit(connection, request, place)
        case = status_of(connection, place.reference)
        stored = documents_of(connection, case.case_id)
    if not stored and not may_add(case):
        return see(place.at(""))
    if request.query_params.get(WRONG) == KEPT and stored:
        return documents_page(place, visit, case, stored, kept=True, status=409)
    problems = problems_told(request, stored) if may_add(case) else []
    status = status_with(problems) if problems else 200
    shows = request.query_params.get("shows", "")
    return documents_page(place, visit, case, stored, problems=problems, shows=shows, status=status)


def problems_told(request: Request[Any, Any, Any], stored: list[Stored]) -> list[FieldProblem]:
    """What the address says that was wrong with the last file; nothing once another one was taken."""
    if request.query_params.get("of") != str(len(stored)):
        return []
    codes = [each for each in request.query_params.getall(WRONG, []) if each in CANNOT]
    return [FieldProblem("shows" if each == "choose_shows" else "file", each) for each in codes]


def status_with(problems: list[FieldProblem]) -> int:
    """The status of a page that says this."""
    (code, *more) = {each.code for each in problems}
    return 422 if more else 409 if code == "moved_on" else STATUS.get(code, 422)


@post(WAY, include_in_schema=False, request_max_body_size=MOST_SENT)
async def add_document(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]
) -> Template | Redirect:
    """Takes one document."""
    place = place_of(language, reference, DOCUMENTS)
    visit = await begin(request, place)
    try:
        body = await received(request, visit.reference)
    except Refused as error:
        return await refused(request, place, Form(b""), error)
    return await keep(request, place, body)


@in_thread
def begin(request: Request[Any, Any, Any], place: Place) -> Visit:
    """The visit, which is asked for before a body is read. Raises VisitOver."""
    with transaction() as connection:
        return require_visit(connection, request, place)


@bounded("documents", AT_A_TIME, WAITING, "Too many documents are being read at once.")
def keep(request: Request[Any, Any, Any], place: Place, body: bytes) -> Template | Redirect:
    """Has the file examined and keeps it, or shows why not, with what was chosen beside it."""
    adding = read_form(request.headers.get("content-type", ""), body)
    with transaction() as connection:
        require_visit(connection, request, place, adding.form)
        case = status_of(connection, place.reference)
    try:
        if problems := problems_of(adding):
            return told_anew(request, place, adding.form, problems)
        with transaction() as connection:
            room_in(connection, case.case_id, moment_of(case.kind, case.stage))
        file = File(adding.sent or b"", adding.form.first("shows"), take(adding.sent or b""))
        transact(lambda connection: add(connection, case.case_id, file, clock.now()))
    except Refused as error:
        if error.code not in CANNOT:
            raise
        return told_anew(request, place, adding.form, [FieldProblem("file", error.code)])
    except Stale:
        return told_anew(request, place, adding.form, [FieldProblem("file", "moved_on")])
    return see(place)


def told_anew(request: Request[Any, Any, Any], place: Place, form: Form, problems: list[FieldProblem]) -> Redirect:
    """Leads to the page that says what is wrong, with what was chosen: nobody who goes back sends a file again."""
    with transaction() as connection:
        require_visit(connection, request, place)
        case = status_of(connection, place.reference)
        stored = documents_of(connection, case.case_id)
    if not may_add(case):
        return see(place.at(DOCUMENTS if stored else ""))
    shows = [("shows", form.first("shows"))] if form.first("shows") in SHOWS else []
    said = urlencode([*((WRONG, each.code) for each in problems), *shows, ("of", str(len(stored)))])
    return Redirect(f"{place.address}?{said}", status_code=303)


def read_form(content_type: str, body: bytes) -> Adding:
    """The fields and the file of a form; a body that is no such form has neither."""
    form, sent = Form(b""), None
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary:
        return Adding(form, sent)
    fields: dict[str, list[str]] = {}
    try:
        for part in MultipartParser(BytesIO(body), boundary, len(body), part_limit=10, spool_limit=MOST_FORM):
            if part.name == "file" and part.filename:
                sent = part.raw
            elif not part.filename and part.size <= 200:
                fields.setdefault(part.name, []).append(part.raw.decode(errors="replace"))
    except MultipartError:
        return Adding(form, None)
    form.fields = fields
    return Adding(form, sent)


def problems_of(adding: Adding) -> list[FieldProblem]:
    """What is missing in the form."""
    found = [] if adding.form.first("shows") in SHOWS else [FieldProblem("shows", "choose_shows")]
    return found + ([FieldProblem("file", "choose_file")] if adding.sent is None else [])


refused = in_thread(lambda request, place, form, error: why_not(request, place, form, error))


def why_not(request: Request[Any, Any, Any], place: Place, form: Form, error: Refused) -> Template | Redirect:
    """The page again, with why the file was not taken. Raises what has no words there."""
    if error.code not in CANNOT:
        raise error
    status = STATUS.get(error.code, 422)
    return anew(request, place, form, [FieldProblem("file", error.code)], status=status)


def anew(
    request: Request[Any, Any, Any], place: Place, form: Form, problems: list[FieldProblem], status: int = 422
) -> Template | Redirect:
    """The page again, with what was chosen and what is wrong."""
    with transaction() as connection:
        visit = require_visit(connection, request, place)
        case = status_of(connection, place.reference)
        stored = documents_of(connection, case.case_id)
    if not may_add(case):
        return see(place.at(DOCUMENTS if stored else ""))
    return documents_page(place, visit, case, stored, problems=problems, shows=form.first("shows"), status=status)


def documents_page(
    place: Place, visit: Visit, case: Status, stored: list[Stored], *, status: int = 200, **context: Any
) -> Template:
    """Renders the page of a case's documents."""
    moment = moment_of(case.kind, case.stage)
    now = [each for each in stored if each.moment == moment and not each.removed]
    given: dict[str, Any] = {"problems": [], "shows": "", "kept": False, **context}
    return page_of_visit(
        "documents.html",
        place,
        visit,
        status=status,
        case=case,
        stored=stored,
        moment=moment,
        removable=before_decision(case.kind, case.stage),
        kinds=SHOWS,
        most=AT_ONCE if len(now) >= AT_ONCE else len(stored),
        left=max(0, min(AT_ONCE - len(now), settings().max_documents - len(stored))) if moment else 0,
        **given,
    )


@get(WAY + "/{document:str}", include_in_schema=False)
@in_thread
def show_document(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], document: FromPath[str]
) -> Response[bytes]:
    """What one document of this case shows, in a visit of it alone."""
    place = place_of(language, reference, DOCUMENTS)
    with transaction() as connection:
        require_visit(connection, request, place)
        case = status_of(connection, place.reference)
        try:
            stored, content = content_of(connection, case.case_id, document)
        except NotFound:
            raise NotFoundException from None
    return served(stored, content)


@get(ASKING, include_in_schema=False)
@in_thread
def ask_removal(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], document: FromPath[str]
) -> Template | Redirect:
    """Asks whether a document is to be taken back, and says what follows from it."""
    place = place_of(language, reference, DOCUMENTS)
    with transaction() as connection:
        visit = require_visit(connection, request, place)
        case = status_of(connection, place.reference)
        stored = next((each for each in documents_of(connection, case.case_id) if each.id == document), None)
    if stored is None:
        raise NotFoundException
    if not stored.there or not before_decision(case.kind, case.stage):
        return see(place)
    asking = place.at(f"{DOCUMENTS}/{stored.id}/remove")
    return page_of_visit("document_remove.html", asking, visit, case=case, stored=stored)


@post(ASKING, include_in_schema=False)
@in_thread
def remove_document(
    request: Request[Any, Any, Any],
    language: FromPath[str],
    reference: FromPath[str],
    document: FromPath[str],
    body: RawBody,
) -> Template | Redirect:
    """Takes a document back, once however often the button is pressed; the list says that it was there."""
    place = place_of(language, reference, DOCUMENTS)
    with transaction() as connection:
        require_visit(connection, request, place, Form(body))
        case = status_of(connection, place.reference)
    try:
        transact(lambda connection: remove(connection, case.case_id, document, clock.now()))
    except NotFound:
        raise NotFoundException from None
    except Stale:
        return Redirect(f"{place.address}?{WRONG}={KEPT}", status_code=303)
    return see(place)


def served(stored: Stored, content: bytes, more: Mapping[str, str] | None = None) -> Response[bytes]:
    """A document as a browser gets it: a picture is shown, anything else is a file to keep."""
    how = "inline" if stored.media_type.startswith("image/") else "attachment"
    name = re.sub("[^a-z]", "", stored.shows) + "." + ENDINGS[stored.media_type]
    headers = {**HEADERS, "Content-Disposition": f'{how}; filename="{name}"', **(more or {})}
    return Response(content, media_type=stored.media_type, headers=headers)


HANDLERS = [show_documents, add_document, show_document, ask_removal, remove_document]
