"""The citizens' pages: the home page, the page of a receipt, and the visit that its secret opens there."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transaction
from models.days import day_of
from models.errors import NotFound
from web.acting import may
from web.applying.changing import may_change
from web.applying.correcting import of_correcting
from web.applying.visit import under_of
from web.asked import FieldProblem
from web.changes import conflicts_of, other_registered_on, points_of, registered_change_of
from web.documents import may_add
from web.enrolling.cases import of_enrolment
from web.history import answer_in, history_of
from web.households import (
    contested_values,
    declaration_of,
    is_departure,
    names_of,
    office_of,
    persons_meant,
    standing_of,
)
from web.language import hour, render_page, render_page_for, require_language
from web.lodging import decision_open_to
from web.lookers import who_looked
from web.mine import others_of
from web.open_pages import CLOSED, OpenPages, page_of
from web.queries import Status, correction_of, reasons_of, status_of
from web.states import TAKE_BACK
from web.terms import answered_before
from web.threaded import in_thread
from web.visits import (
    Form,
    Place,
    cookie_of,
    draft_of,
    mark_of,
    no_cookie,
    place_of,
    refuse_foreign,
    require_mark,
    secret_page,
    see,
    see_wrong_secret,
    token_in,
    typed_it,
    visit_in,
)
from workflows.casework.confirming import confirmed_until
from workflows.documents.storing import documents_of
from workflows.heard.inviting import invited_until
from workflows.intake.drafts import answers_of
from workflows.intake.receipts import is_whole, normal
from workflows.intake.visits import APPLYING, Visit, begin, end, last_wrong
from workflows.queue.pace import Standing, pace_of

# What may be opened after the secret.
OPENED = (
    "",
    "withdraw",
    "again",
    "say",
    "escalate",
    "appeal",
    "appeal/values",
    "appeal/check",
    "change",
    "mine",
    "documents",
)
# Without "cookies": a browser would clear those of every service under the agency's whole domain, the staff's too.
CLEARED = '"cache", "storage"'


@get("/", sync_to_thread=False, include_in_schema=False)
def root(request: Request[Any, Any, Any]) -> Template:
    """The home page, in the reader's language."""
    return render_page_for(request, "home.html")


@get("/{language:str}", sync_to_thread=False, include_in_schema=False)
def home(language: FromPath[str]) -> Template:
    """The home page, in the language of the address."""
    return render_page("home.html", require_language(language))


@get("/{language:str}/status", sync_to_thread=False, include_in_schema=False)
def find_application(language: FromPath[str], reference: FromQuery[str] = "") -> Redirect | Template:
    """Redirects from the home page's form to the page of a reference, however the citizen typed it.

    What cannot be a reference stays in the field, with what one looks like.
    """
    typed = reference[:200].strip()
    if typed and not is_whole(typed):
        return render_page(
            "error.html", require_language(language), status=404, known="typed", typed=typed, reference=""
        )
    if typed:
        return see(Place(language, normal(typed)))
    return Redirect(f"/{language}", status_code=303)


@get("/{language:str}/status/{reference:str}", include_in_schema=False)
async def status(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]
) -> Template | Redirect | Response[bytes]:
    """The page of a receipt: where its case stands, what to do, by when, and whom to call.

    Without the receipt's secret it holds no names and no reasons, because messages name the reference, and phones are
    shared.
    """
    place = place_of(language, reference)
    pages: OpenPages = request.app.state.open_pages
    if not token_in(request) and (page := await pages.page(request, place)):
        return page
    return await sync_to_thread(page_or_draft, request, place)


def page_or_draft(request: Request[Any, Any, Any], place: Place) -> Template | Redirect:
    """The page of a receipt, in a visit where there is one; of an application that is not sent yet, the way to it."""
    with transaction() as connection:
        try:
            found = status_of(connection, place.reference)
        except NotFound:
            if (answers := answers_of(connection, place.reference)) is not None:
                return see(place._replace(under=under_of(answers)))
            raise
        visit = visit_in(connection, request, place)
        return status_page(connection, place, found, visit)


@post("/{language:str}/status/{reference:str}/open", sync_to_thread=True, include_in_schema=False)
def open_visit(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Redirect | Template:
    """Opens a visit with the receipt's secret, which comes in the form's body, never in an address."""
    place, form = place_of(language, reference), Form(body)
    refuse_foreign(request)
    place = place.at(form.first("to") if form.first("to") in OPENED else "")
    draft = draft_of(form)
    with transaction() as connection:
        found = status_of(connection, reference)
        came = begin(connection, found.reference, form.first("secret"), clock.now(), draft)
        if came.token:
            end(connection, token_in(request))
            return see(place, [cookie_of(came.token)])
        typed = draft.typed | ({"key": [draft.key]} if draft.key else {})
    if not typed:
        return see_wrong_secret(place)
    return wrong_secret(found, place, came.wait, typed)


def wrong_secret(case: Status, place: Place, wait: timedelta, typed: Mapping[str, list[str]]) -> Template:
    """The page that asks for the secret again, and says from when on where it must be waited for."""
    if not wait:
        return secret_page(case, place, status=422, problems=[FieldProblem("secret", "secret")], typed=typed)
    until = hour(place.language, clock.now() + wait)
    shown = secret_page(
        case, place, status=429, problems=[FieldProblem("secret", "wait", {"hour": until})], typed=typed
    )
    shown.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
    return shown


@get("/{language:str}/status/{reference:str}/open", include_in_schema=False)
@in_thread
def show_wrong_secret(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], to: FromQuery[str] = ""
) -> Redirect | Template:
    """Says that the secret was wrong; redirects where a right one was given since, or none."""
    place = place_of(language, reference, to if to in OPENED else "")
    if not typed_it(request, place.reference):
        return see(place)
    with transaction() as connection:
        found = status_of(connection, reference)
        came = last_wrong(connection, found.reference, clock.now())
        if came is None:
            return see(place)
    return wrong_secret(found, place, came.wait, {})


@post("/{language:str}/status/{reference:str}/close", sync_to_thread=True, include_in_schema=False)
def close_visit(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Redirect:
    """Ends the visit, and has the browser forget what it showed."""
    place = place_of(language, reference)
    with transaction() as connection:
        if visit := visit_in(connection, request, place, APPLYING):
            refuse_foreign(request)
            require_mark(Form(body), visit.reference)
            end(connection, visit.token)
    gone = Redirect(f"/{language}/closed", status_code=303, cookies=[no_cookie()])
    gone.headers["Clear-Site-Data"] = CLEARED
    return gone


@get("/{language:str}/closed", sync_to_thread=False, include_in_schema=False)
def closed(language: FromPath[str]) -> Template:
    """The page after a visit was closed: whoever takes the phone next sees this."""
    return render_page("closed.html", require_language(language), path="closed")


def status_page(connection: Connection, place: Place, case: Status, visit: Visit | None) -> Template:
    """Renders the page of a receipt: all of it in a visit, else what anybody may see."""
    shown = CLOSED | (opened(connection, case) | going_with(connection, case, visit) if visit else {})
    answer = answered_before(connection, case, clock.now())
    pace = pace_of(connection, Standing(case.case_id, case.kind, case.stage, case.stage_since), clock.now())
    return page_of(place, case, answer, pace, shown)


def going_with(connection: Connection, case: Status, visit: Visit) -> dict[str, Any]:
    """What rests on the visit: its mark, and what of the household goes on unless the citizen takes it back."""
    others = others_of(connection, case, visit)
    goes_on = [each for each in others if each.case.stage in TAKE_BACK]
    shown = {"mark": mark_of(visit.reference), "goes_on": goes_on, "others": others}
    return shown | of_enrolment(connection, case)


def opened(connection: Connection, case: Status) -> dict[str, Any]:
    """What a visit shows beside what anybody may see."""
    reasons, standing = reasons_of(connection, case), standing_of(connection, case)
    history = history_of(connection, case)
    declaration = None if is_departure(connection, case) else declaration_of(connection, case)
    about_persons = any(each.field == "members" for each in reasons)
    return {
        "reasons": reasons,
        "names": names_of(declaration),
        "persons": persons_meant(connection, case) if about_persons else (),
        "correction": correction_of(connection, case),
        "conflicts": points_of(conflicts_of(connection, case)),
        "other_since": other_registered_on(connection, case),
        "change": registered_change_of(connection, case),
        "standing": standing,
        "acts": may(case),
        **of_correcting(connection, case),
        **(of_changes(connection, case) if may_change(case) and standing is not None else {}),
        "may_add": may_add(case),
        "stored": documents_of(connection, case.case_id),
        "may_contest": bool(decision_open_to(connection, case)),
        "contested": contested_values(connection, case, declaration),
        "office": office_of(connection, case),
        "history": history,
        "answered": answer_in(history),
        "looked": who_looked(connection, case),
    }


def of_changes(connection: Connection, case: Status) -> dict[str, Any]:
    """What a household may declare of itself, and until when it is asked to."""
    household = case.household_id or 0
    return {
        "may_change": True,
        "confirmed_until": confirmed_until(connection, household),
        "invited_until": invited_until(connection, household, day_of(clock.now())),
    }


# Of two handlers of one address, the one that runs in a thread comes last: Litestar 2 sends it into a thread twice if
# another follows (its pull request 4738).
HANDLERS = [root, home, find_application, status, show_wrong_secret, open_visit, close_visit, closed]
