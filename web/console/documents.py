"""The documents of a case, for the staff who may: a look at one, which is noted, and one more that a household brings.

An officer adds what lies on the desk while the household stands there: for what the household might add it itself, and
at any other time before the decision.
"""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transact, transaction
from models.errors import Refused, Stale
from web.console.deciding import again
from web.console.forms import Form, require_token
from web.console.pages import go, reader_of, session_of
from web.documents import Adding, read_form, served
from web.threaded import bounded
from web.uploads import MOST_SENT, received
from web.visits import Form as FieldsAlone
from workflows.audit.acts import Act
from workflows.documents.storing import (
    SHOWS,
    File,
    Giver,
    add,
    content_of,
    moment_at_desk,
    remove,
    require_room,
    require_stored,
)
from workflows.documents.taking import take
from workflows.intake.receipts import find, normal
from workflows.staff.guard import Acting, Subject, permit
from workflows.staff.noting import Doing, note_reading
from workflows.staff.signatures import OFFICER, pseudonym
from workflows.staff.subjects import subject_of, territory_of

ACT, ADDING, REMOVING = "read_document", "take_document", "take_back_document"
AT_A_TIME, WAITING = (
    1,
    8,
)  # files of desks that are examined, and with those that wait: a storm on the portal holds none


@get("/cases/{reference:str}/documents/{document:str}", opt={"act": ACT}, sync_to_thread=True)
def show_document(
    request: Request[Any, Any, Any], reference: FromPath[str], document: FromPath[str]
) -> Response[bytes]:
    """What a document of a case shows."""
    who, now = reader_of(request), clock.now()
    with transaction() as connection:
        case = find(connection, reference)
        role = permit(who, ACT, subject_of(connection, case.id, ACT, who))
        stored, content = content_of(connection, case.id, document)
        detail = {"moment": stored.moment, "shows": stored.shows}
        note_reading(connection, who, Doing(Act.READ_DOCUMENT, now, [case.id], role, detail=detail))
    return served(stored, content)


@post(
    "/cases/{reference:str}/documents",
    opt={"act": ADDING, "file": True},
    request_max_body_size=MOST_SENT,
)
async def take_document(request: Request[Any, Any, Any], reference: FromPath[str]) -> Template | Redirect:
    """Adds a document that a household brings to a desk."""
    try:
        body = await received(request, session_of(request).digest.hex())
    except Refused as refused:
        return await not_taken(request, normal(reference), refused)
    return await keep_at_desk(request, normal(reference), body)


@bounded("desk documents", AT_A_TIME, WAITING, "Too many documents are being read at once.")
def keep_at_desk(request: Request[Any, Any, Any], reference: str, body: bytes) -> Template | Redirect:
    """Has the file examined and keeps it, or shows the case again with why not. Raises Refused for a forged form."""
    who, adding = reader_of(request), read_sent(request.headers.get("content-type", ""), body)
    request.state.form = form = Form(tuple((name, each) for name, all_ in adding.form.fields.items() for each in all_))
    require_token(form, session_of(request).digest)
    case_id, giver, moment = giver_of(who, reference)
    try:
        require_chosen(adding, form)
        with transaction() as connection:
            require_room(connection, case_id, moment, giver)
        file = File(adding.sent or b"", form.get("shows"), take(adding.sent or b""))
        transact(lambda connection: add(connection, case_id, file, clock.now(), giver))
    except (Refused, Stale) as refused:
        return again(request, reference, refused)
    return go(f"/console/cases/{reference}?done=DocumentAdded")


@post("/cases/{reference:str}/documents/{document:str}/remove", opt={"act": REMOVING}, sync_to_thread=True)
def remove_document(
    request: Request[Any, Any, Any], reference: FromPath[str], document: FromPath[str]
) -> Template | Redirect:
    """Takes back a document that was added at a desk by mistake."""
    who, reference = reader_of(request), normal(reference)
    try:
        transact(lambda connection: removed(connection, who, reference, document))
    except (Refused, Stale) as refused:
        return again(request, reference, refused)
    return go(f"/console/cases/{reference}?done=DocumentRemoved")


def removed(connection: Connection, who: Acting, reference: str, document: str) -> None:
    """Takes it back. Raises NotFound, Stale, and Refused for who did not add it, for what the household gave, and for
    what a proposal rests on.
    """
    case = find(connection, reference)
    territory = territory_of(connection, case.id)
    permit(who, REMOVING, Subject(territory))
    stored = require_stored(connection, case.id, document)
    if not stored.at_desk:
        raise Refused("given_by_household", "The household gave this document: it alone takes it back, on its page.")
    if stored.proposed_on:
        raise Refused("proposed_on", "A decision was proposed while it was there: whoever agrees must see it, too.")
    role = permit(who, REMOVING, Subject(territory, stored.actor == pseudonym(OFFICER, who.name)))
    remove(connection, case.id, document, clock.now(), Giver(who.name, role))


def read_sent(content_type: str, body: bytes) -> Adding:
    """The form with its file; one that was sent without any has its fields alone."""
    if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        return Adding(FieldsAlone(body), None)
    return read_form(content_type, body)


def giver_of(who: Acting, reference: str) -> tuple[int, Giver, str]:
    """The case, who adds to it in which role, and for what. Raises Refused for who may not, and NotFound."""
    with transaction() as connection:
        case = find(connection, reference)
        role = permit(who, ADDING, subject_of(connection, case.id, ADDING, who))
        return case.id, Giver(who.name, role), moment_at_desk(case.kind, case.stage)


def require_chosen(adding: Adding, form: Form) -> None:
    """Raises Refused where what it shows, or the file, is not chosen."""
    if form.get("shows") not in SHOWS:
        raise Refused("choose_shows", "Choose what the document shows.")
    if adding.sent is None:
        raise Refused("choose_file", "Choose the file.")


not_taken = bounded("desk documents refused", 1, WAITING, "Too many documents are being read at once.")(again)

HANDLERS = [show_document, take_document, remove_document]
