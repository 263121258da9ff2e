"""The citizens' pages: the home page, the page of a receipt, and the visit that its secret opens there."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from litestar import Request, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transaction
from notifications.catalogues import LANGUAGES
from web.acting import may
from web.changes import conflicts_of, other_registered_on, points_of, registered_change_of
from web.contestable import FieldProblem
from web.history import history_of
from web.households import (
    contested_values,
    declaration_of,
    is_departure,
    names_of,
    office_of,
    persons_meant,
    standing_of,
)
from web.language import hour, render_page, render_page_for
from web.lodging import decision_open_to
from web.lookers import who_looked
from web.queries import OPEN, Status, correction_of, reasons_of, status_of
from web.states import progress, state_of, turn_of
from web.terms import answered_before, contested_before
from web.visits import (
    Form,
    Place,
    cookie_of,
    draft_of,
    mark_of,
    no_cookie,
    place_of,
    refuse_foreign,
    require_visit,
    secret_page,
    see,
    token_in,
    visit_in,
)
from workflows.intake.receipts import is_whole, normal
from workflows.intake.visits import Visit, begin, end

# What the page shows beside what anybody may see, where nobody gave the secret.
CLOSED: dict[str, Any] = {
    "reasons": None,
    "names": (),
    "persons": (),
    "correction": None,
    "conflicts": (),
    "other_since": None,
    "change": None,
    "standing": None,
    "acts": (),
    "may_contest": False,
    "contested": (),
    "office": None,
    "history": (),
    "looked": (),
}
# What may be opened after the secret.
OPENED = ("", "withdraw", "again", "say", "escalate", "appeal", "appeal/values", "appeal/check", "change")
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


@get("/{language:str}/status/{reference:str}", sync_to_thread=True, include_in_schema=False)
def status(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template:
    """The page of a receipt: where its case stands, what to do, by when, and whom to call.

    Without the receipt's secret it holds no names and no reasons, because messages name the reference, and phones are
    shared.
    """
    place = place_of(language, reference)
    with transaction() as connection:
        found = status_of(connection, reference)
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


@get("/{language:str}/status/{reference:str}/open", sync_to_thread=False, include_in_schema=False)
def redirect_to_status(language: FromPath[str], reference: FromPath[str]) -> Redirect:
    """Redirects a browser that reloads the page after a wrong secret, or changes its language."""
    return see(place_of(language, reference))


@post("/{language:str}/status/{reference:str}/close", sync_to_thread=True, include_in_schema=False)
def close_visit(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Redirect:
    """Ends the visit, and has the browser forget what it showed."""
    place = place_of(language, reference)
    with transaction() as connection:
        if visit_in(connection, request, place):
            end(connection, require_visit(connection, request, place, Form(body)).token)
    gone = Redirect(f"/{language}/closed", status_code=303, cookies=[no_cookie()])
    gone.headers["Clear-Site-Data"] = CLEARED
    return gone


@get("/{language:str}/closed", sync_to_thread=False, include_in_schema=False)
def closed(language: FromPath[str]) -> Template:
    """The page after a visit was closed: whoever takes the phone next sees this."""
    return render_page("closed.html", require_language(language), path="closed")


def status_page(connection: Connection, place: Place, case: Status, visit: Visit | None) -> Template:
    """Renders the page of a receipt: all of it in a visit, else what anybody may see."""
    shown = CLOSED | (opened(connection, case) if visit else {})
    return render_page(
        "status.html",
        place.language,
        path=place.path,
        place=place,
        mark=mark_of(visit.token) if visit else "",
        case=case,
        state=state_of(case),
        turn=turn_of(case),
        steps=progress(case),
        answer=answered_before(connection, case, clock.now()),
        contest=contested_before(case),
        is_contested=case.contested == OPEN,
        **shown,
    )


def opened(connection: Connection, case: Status) -> dict[str, Any]:
    """What a visit shows beside what anybody may see."""
    reasons, standing = reasons_of(connection, case), standing_of(connection, case)
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
        "may_contest": bool(decision_open_to(connection, case)),
        "contested": contested_values(connection, case, declaration),
        "office": office_of(connection, case),
        "history": history_of(connection, case),
        "looked": who_looked(connection, case),
    }


def require_language(language: str) -> str:
    """The language, if it is one of ours. Raises NotFoundException for any other first word of an address."""
    if language not in LANGUAGES:
        raise NotFoundException
    return language


# Of two handlers of one address, the one that runs in a thread comes last: Litestar 2 sends it into a thread twice if
# another follows (its pull request 4738).
HANDLERS = [root, home, find_application, status, redirect_to_status, open_visit, close_visit, closed]
