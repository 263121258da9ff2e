"""The citizens' pages: the home page, and the status of an application."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote

from litestar import Request, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import transaction
from notifications.catalogues import LANGUAGES
from web.changes import conflicts_of, other_registered_on, points_of, registered_change_of
from web.language import render_page, render_page_for
from web.queries import OPEN, SET_ASIDE, Status, correction_of, reasons_of, status_of
from web.terms import answered_before, contested_before
from workflows.flows import FLOWS, PARKED
from workflows.flows.grammar import CITIZEN, MACHINE
from workflows.flows.registration import FLOW as REGISTRATION
from workflows.intake.receipts import normal, opens

# The way of a case as a citizen sees it, by its kind: a step, and the event that ends it. Where it ends well.
STEPS = {
    "registration": (
        ("received", "ApplicationReceived"),
        ("verified", "PersonsVerified"),
        ("scored", "ScoreComputed"),
        ("checked", "NothingSuspicious"),
        ("registered", "NoticesIssued"),
    ),
    "update": (
        ("change_received", "UpdateReceived"),
        ("change_verified", "PersonsVerified"),
        ("scored", "ScoreComputed"),
        ("checked", "NothingSuspicious"),
        ("change_registered", "HouseholdChanged"),
    ),
}
# What sends a case back to the beginning of its way.
AGAIN = ("CorrectionReceived", "CaseReopened", "ChangeRebased")
# Stages of an appeal that are the same to a citizen: somebody examines it, or the entry is being corrected.
SAID_AS = {
    ("appeal", "queued"): "under_examination",
    ("appeal", "proposed"): "under_examination",
    ("appeal", "correction_blocked"): "effective",
}
# What a citizen is told of a review of their entry, of which they declared nothing: other texts than a change's.
SAID_OF_REVIEWS = {
    "in_work": "under_way",
    "under_review": "under_way",
    "awaiting_person": "under_way",
    "correction_asked": "correction_asked",
    "needs_correction": "needs_correction",
    "notified": "notified",
    "lapsed": "lapsed",
    "void": "void",
}
# Where it has ended, or lies with us, and the citizen may do something all the same.
MAY_ACT = (
    "lapsed",
    "rejected",
    "update_rejected",
    "update_void",
    "update_departure",
    "set_aside",
    "appeal_set_aside",
    "appeal_rejected",
)
WELL_ENDED = "notified"
REVIEW_BEGINS = ("DuplicateSuspected", "ReviewReopened")
NEVER = datetime.min.replace(tzinfo=UTC)


@get("/", sync_to_thread=False, include_in_schema=False)
def root(request: Request[Any, Any, Any]) -> Template:
    """The home page, in the reader's language."""
    return render_page_for(request, "home.html")


@get("/{language:str}", sync_to_thread=False, include_in_schema=False)
def home(language: FromPath[str]) -> Template:
    """The home page, in the language of the address."""
    return render_page("home.html", require_language(language))


@get("/{language:str}/status", sync_to_thread=False, include_in_schema=False)
def find_application(language: FromPath[str], reference: FromQuery[str] = "") -> Redirect:
    """Redirects from the home page's form to the status page of a reference, however the citizen typed it."""
    path = f"/{require_language(language)}"
    if reference.strip():
        path += f"/status/{quote(normal(reference[:200]), safe='')}"
    return Redirect(path, status_code=303)


@get("/{language:str}/status/{reference:str}", sync_to_thread=True, include_in_schema=False)
def status(language: FromPath[str], reference: FromPath[str]) -> Template:
    """The status page: where an application stands, what to do, by when, and whom to call.

    It holds no names and no reasons, because messages name the reference, and phones are shared.
    """
    require_language(language)
    with transaction() as connection:
        found = status_of(connection, reference)
        answer = answered_before(connection, found, clock.now())
    return status_page(language, found, answer=answer)


@post("/{language:str}/status/{reference:str}/why", sync_to_thread=True, status_code=200, include_in_schema=False)
def reasons(language: FromPath[str], reference: FromPath[str], body: RawBody) -> Template:
    """The status page with the reasons; the receipt's secret comes in the form's body, never in an address."""
    require_language(language)
    with transaction() as connection:
        found = status_of(connection, reference)
        answer = answered_before(connection, found, clock.now())
        if not opens(connection, found.reference, field_of(body, "secret")):
            return status_page(language, found, answer=answer, status=422, wrong=True)
        return status_page(
            language,
            found,
            answer=answer,
            reasons=reasons_of(connection, found),
            correction=correction_of(connection, found),
            conflicts=points_of(conflicts_of(connection, found)),
            other_since=other_registered_on(connection, found),
            change=registered_change_of(connection, found),
        )


@get("/{language:str}/status/{reference:str}/why", sync_to_thread=False, include_in_schema=False)
def redirect_to_status(language: FromPath[str], reference: FromPath[str]) -> Redirect:
    """Redirects to the status page a browser that reloads the page with the reasons, or opens its shared address."""
    return Redirect(f"/{require_language(language)}/status/{quote(reference, safe='')}", status_code=303)


def status_page(language: str, case: Status, **more: Any) -> Template:
    """Renders the status page of an application."""
    context = {
        "reasons": None,
        "correction": None,
        "conflicts": (),
        "other_since": None,
        "change": None,
        "wrong": False,
        **more,
    }
    return render_page(
        "status.html",
        language,
        path=f"status/{case.reference}",
        case=case,
        state=state_of(case),
        act=asks_the_citizen(case),
        steps=progress(case),
        contest=contested_before(case),
        is_contested=case.contested == OPEN,
        **context,
    )


def field_of(form: bytes, name: str) -> str:
    """A field of a form as browsers send it; '' if the form has no such field."""
    try:
        return parse_qs(form.decode(errors="replace"), max_num_fields=20).get(name, [""])[0]
    except ValueError:
        return ""


def require_language(language: str) -> str:
    """The language, if it is one of ours. Raises NotFoundException for any other first word of an address."""
    if language not in LANGUAGES:
        raise NotFoundException
    return language


def state_of(case: Status) -> str:
    """The stage as citizens are told it, after its kind of case: no kind has the texts of another one."""
    if case.household_gone and case.stage == WELL_ENDED and case.kind in STEPS:
        return "gone"
    if case.contested == SET_ASIDE:
        return "set_aside"
    if case.unasked and said_of(case) in SAID_OF_REVIEWS:
        return f"review_{SAID_OF_REVIEWS[said_of(case)]}"
    return said_of(case) if case.kind == REGISTRATION.kind else f"{case.kind}_{said_of(case)}"


def said_of(case: Status) -> str:
    """The stage as citizens are told it: who asks for a correction, and why a caseworker looks, are told apart."""
    if is_in_work(case):
        return "in_work"
    if case.came_to and case.stage == WELL_ENDED:
        return case.came_to
    if (case.kind, case.stage) in SAID_AS:
        return SAID_AS[case.kind, case.stage]
    by_machine, by_caseworker = (case.reached.get(kind, NEVER) for kind in ("MembersMismatched", "CorrectionAsked"))
    if case.stage == "needs_correction" and by_caseworker > by_machine:
        return "correction_asked"
    if case.stage == "under_review" and was_heard(case):
        return "heard"
    return "departure" if case.stage == "under_review" and "DepartureDeclared" in case.reached else case.stage


def was_heard(case: Status) -> bool:
    """Whether the review goes on after a hearing: a refusal is still proposed, and a second person may decide it."""
    proposed, *begun = (case.reached.get(kind, NEVER) for kind in ("RefusalProposed", *REVIEW_BEGINS))
    return proposed > max(begun)


def is_in_work(case: Status) -> bool:
    """Whether the machine has it. A technical delay is ours, not the citizen's."""
    return case.stage == PARKED or FLOWS[case.kind].stages[case.stage].owner == MACHINE


def asks_the_citizen(case: Status) -> bool:
    """Whether the page asks the citizen to do something."""
    of_citizen = case.stage != PARKED and FLOWS[case.kind].stages[case.stage].owner == CITIZEN
    return of_citizen or state_of(case) in MAY_ACT


def progress(case: Status) -> list[tuple[str, str]]:
    """The steps of the way: each `done`, `now` or `ahead`. None of what has left the way or nobody declared.

    After a correction, the steps that must be done again are ahead again.
    """
    way = () if case.unasked or "RemovalAnnounced" in case.reached else STEPS.get(case.kind, ())
    if not way or (case.stage != WELL_ENDED and case.stage != PARKED and not FLOWS[case.kind].stages[case.stage].open):
        return []
    since = max(
        (case.reached[kind] for kind in AGAIN if kind in case.reached),
        default=case.submitted_at,
    )
    done = [kind == way[0][1] or case.reached.get(kind, NEVER) >= since for _, kind in way]
    now = done.index(False) if False in done else len(done)
    return [
        (name, "done" if done[place] else "now" if place == now else "ahead") for place, (name, _) in enumerate(way)
    ]


# Of two handlers of one address, the one that runs in a thread comes last: Litestar 2 sends it into a thread twice if
# another follows (its pull request 4738).
HANDLERS = [root, home, find_application, status, redirect_to_status, reasons]
