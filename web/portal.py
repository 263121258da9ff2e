"""The citizen's pages: what this is, and where my application stands."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote

from litestar import Request, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Redirect, Template

from models.database import transaction
from notifications.catalogues import LANGUAGES
from web.language import page, page_for
from web.queries import Status, reasons_of, status_of
from workflows.flows import FLOWS, PARKED
from workflows.flows.grammar import MACHINE
from workflows.intake.receipts import is_secret_of, normal

# The way of a case as a citizen sees it, by its kind: a step, and the event that ends it. Where it ends well.
STEPS = {
    "registration": (
        ("received", "ApplicationReceived"),
        ("verified", "PersonsVerified"),
        ("scored", "ScoreComputed"),
        ("checked", "NothingSuspicious"),
        ("registered", "NoticesIssued"),
    ),
}
WELL_ENDED = "notified"
NEVER = datetime.min.replace(tzinfo=UTC)


@get("/", sync_to_thread=False, include_in_schema=False)
def root(request: Request[Any, Any, Any]) -> Template:
    """What this is and where to go, in the reader's language."""
    return page_for(request, "home.html")


@get("/{language:str}", sync_to_thread=False, include_in_schema=False)
def home(language: FromPath[str]) -> Template:
    """The same, in a language."""
    return page("home.html", require_language(language))


@get("/{language:str}/status", sync_to_thread=False, include_in_schema=False)
def find(language: FromPath[str], reference: FromQuery[str] = "") -> Redirect:
    """The form's answer: to the page of a reference, however it was typed."""
    first = f"/{require_language(language)}"
    return Redirect(
        f"{first}/status/{quote(normal(reference[:200]), safe='')}" if reference.strip() else first, status_code=303
    )


@get("/{language:str}/status/{reference:str}", sync_to_thread=True, include_in_schema=False)
def status(language: FromPath[str], reference: FromPath[str]) -> Template:
    """Where an application stands, what to do, by when, whom to call.

    No names, and no reasons: messages tell the reference, and phones are shared.
    """
    require_language(language)
    with transaction() as connection:
        found = status_of(connection, reference)
    return status_page(language, found)


@post("/{language:str}/status/{reference:str}/why", sync_to_thread=True, status_code=200, include_in_schema=False)
def reasons(language: FromPath[str], reference: FromPath[str], body: RawBody) -> Template:
    """The same with the reasons, for whoever has the receipt: its secret comes in the form's body,
    never in an address.
    """
    require_language(language)
    with transaction() as connection:
        found = status_of(connection, reference)
        if not is_secret_of(found.reference, field_of(body, "secret")):
            return status_page(language, found, status=422, wrong=True)
        return status_page(language, found, reasons=reasons_of(connection, found))


@get("/{language:str}/status/{reference:str}/why", sync_to_thread=False, include_in_schema=False)
def without_secret(language: FromPath[str], reference: FromPath[str]) -> Redirect:
    """To the page of the application: a browser asks for this where a reader reloads, goes back to or shares the page
    with the reasons.
    """
    return Redirect(f"/{require_language(language)}/status/{quote(reference, safe='')}", status_code=303)


def status_page(language: str, case: Status, **more: Any) -> Template:
    """The page of an application."""
    context = {"reasons": None, "wrong": False, **more}
    return page(
        "status.html",
        language,
        path=f"status/{case.reference}",
        case=case,
        state=state_of(case),
        steps=steps(case),
        **context,
    )


def field_of(form: bytes, name: str) -> str:
    """A field of a form as browsers send it; '' where it is not there."""
    try:
        return parse_qs(form.decode(errors="replace"), max_num_fields=20).get(name, [""])[0]
    except ValueError:
        return ""


def require_language(language: str) -> str:
    """A language that we speak. Raises NotFoundException for any other first word of an address."""
    if language not in LANGUAGES:
        raise NotFoundException
    return language


def state_of(case: Status) -> str:
    """The stage as citizens are told it. A correction may be asked for by the machine or by a caseworker."""
    if is_in_work(case):
        return "in_work"
    by_caseworker = case.stage == "needs_correction" and case.reached.get("CorrectionAsked", NEVER) > case.reached.get(
        "MembersMismatched", NEVER
    )
    return "correction_asked" if by_caseworker else case.stage


def is_in_work(case: Status) -> bool:
    """Whether the machine has it. A technical delay is ours, not the citizen's."""
    return case.stage == PARKED or FLOWS[case.kind].stages[case.stage].owner == MACHINE


def steps(case: Status) -> list[tuple[str, str]]:
    """The steps of the way: each `done`, `now` or `ahead`. None of an application that has left the way.

    After a correction, those that are done anew are ahead again.
    """
    way = STEPS.get(case.kind, ())
    if not way or (case.stage != WELL_ENDED and case.stage != PARKED and not FLOWS[case.kind].stages[case.stage].open):
        return []
    since = max(
        (case.reached[kind] for kind in ("CorrectionReceived", "CaseReopened") if kind in case.reached),
        default=case.submitted_at,
    )
    done = [kind == way[0][1] or case.reached.get(kind, NEVER) >= since for _, kind in way]
    now = done.index(False) if False in done else len(done)
    return [
        (name, "done" if done[place] else "now" if place == now else "ahead") for place, (name, _) in enumerate(way)
    ]


# Of two handlers of one address the one in a thread comes last: Litestar 2 sends it into a thread twice where another
# follows (its pull request 4738).
HANDLERS = [root, home, find, status, without_secret, reasons]
