"""Where an application or an enrolment begins and goes on: the first page, the secret code, and the list of tasks."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transaction
from models.days import day_of
from web.applying.correcting import Differing, to_correct
from web.applying.progress import Task, name_of, tasks_of
from web.applying.visit import (
    ENROL,
    UNDER,
    WAY,
    apply_place,
    ask_secret,
    is_unsent,
    page_of_application,
    require_answers,
    require_applying,
    under_of,
)
from web.asked import FieldProblem
from web.language import hour, render_page, require_language
from web.queries import status_of
from web.signing_in import address_of
from web.threaded import in_thread
from web.visits import (
    WRONG,
    Form,
    Place,
    cookie_of,
    draft_of,
    refuse_foreign,
    see,
    see_wrong_secret,
    token_in,
    typed_it,
    visit_in,
)
from workflows.bodies.change import CONFIRMATION
from workflows.intake.drafts import Answers, Said, TooManyDrafts, answers_of, begin, save
from workflows.intake.receipts import secret_for
from workflows.intake.visits import APPLYING, Draft, Visit, about, end, last_wrong, started
from workflows.intake.visits import begin as open_with_secret

FULL = "full"  # of the address that says that too many were begun from one network
A_PAGE = re.compile(r"[a-z]{1,20}(/[0-9]{1,4}/[a-z]{1,20})?")  # what follows the reference in an address


@get("/{language:str}/apply", include_in_schema=False)
@in_thread
def start(request: Request[Any, Any, Any], language: FromPath[str]) -> Template:
    """Where an application begins: for whom it is, what to have at hand, how long it takes."""
    require_language(language)
    full = request.query_params.get(WRONG) == FULL
    if not token_in(request):
        return start_page(language, full=full)
    with transaction() as connection:
        return start_page(language, begun_here(connection, request, language), full=full)


@post("/{language:str}/apply", include_in_schema=False)
@in_thread
def begin_application(request: Request[Any, Any, Any], language: FromPath[str], body: RawBody) -> Redirect:
    """Begins an application, and the visit of who fills it in."""
    return begun(request, Place(language, "", "", UNDER), Form(body))


def nothing_said(_: Connection) -> Said:
    """Nothing is known before somebody answers."""
    return {}


def begun(
    request: Request[Any, Any, Any], place: Place, form: Form, said: Callable[[Connection], Said] = nothing_said
) -> Redirect:
    """Begins a draft, and the visit of who fills it in; asks first, on the first page, whether to go on with the one
    that was begun in this browser. `said`: what is known already of a person who is to be enrolled.
    """
    refuse_foreign(request)
    now = clock.now()
    with transaction() as connection:
        if begun_here(connection, request, place.language) and not form.first("another"):
            return Redirect(f"/{place.language}/{place.under}", status_code=303)
        try:
            reference = begin(connection, now, address_of(request), enrols=place.under == ENROL)
        except TooManyDrafts:
            return Redirect(f"/{place.language}/{place.under}?{WRONG}={FULL}", status_code=303)
        if known := said(connection):
            save(connection, reference, Answers(enrols=True, person=known), now)
        end(connection, token_in(request))
        token = started(connection, reference, now, Draft())
    return see(place._replace(reference=reference), [cookie_of(token, max(APPLYING))])


def begun_here(connection: Connection, request: Request[Any, Any, Any], language: str) -> Place | None:
    """What this browser is filling in and has not sent; None where that is nothing."""
    place = apply_place(language, about(connection, token_in(request)))
    visit = visit_in(connection, request, place, APPLYING)
    answers = answers_of(connection, place.reference) if visit else None
    return place._replace(under=under_of(answers)) if answers else None


def start_page(language: str, begun: Place | None = None, *, full: bool = False) -> Template:
    """Renders the first page; `full`: too many were begun from one network."""
    status = 429 if full else 200
    return render_page("apply/start.html", language, status=status, path=UNDER, begun=begun, full=full)


@post(f"{WAY}/open", include_in_schema=False)
@in_thread
def go_on(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Redirect | Template:
    """Goes on with an application, with its secret code, wherever it was begun; once it is sent, to its receipt."""
    return gone_on(request, apply_place(language, reference), Form(body))


def gone_on(request: Request[Any, Any, Any], place: Place, form: Form) -> Redirect | Template:
    """Opens a draft with its secret code, on the page that was asked for."""
    refuse_foreign(request)
    place = place.at(form.first("to") if A_PAGE.fullmatch(form.first("to")) else "")
    draft = msgspec.structs.replace(draft_of(form), to=place.to)
    with transaction() as connection:
        if not (unsent := is_unsent(connection, place)):
            status_of(connection, place.reference)  # raises NotFound; else it was sent, and the receipt is asked for
        came = open_with_secret(connection, place.reference, form.first("secret"), clock.now(), draft)
        if came.token:
            end(connection, token_in(request))
            return see(place, [cookie_of(came.token, max(APPLYING))])
    if not draft.typed:
        return see_wrong_secret(place)
    return wrong_secret(place, draft.typed, came.wait, unsent=unsent)


def wrong_secret(place: Place, typed: dict[str, list[str]], wait: timedelta, *, unsent: bool) -> Template:
    """The page that asks for the secret again, and says from when on where it must be waited for."""
    if not wait:
        return ask_secret(place, typed, status=422, problems=[FieldProblem("secret", "secret")], unsent=unsent)
    problem = FieldProblem("secret", "wait", {"hour": hour(place.language, clock.now() + wait)})
    shown = ask_secret(place, typed, status=429, problems=[problem], unsent=unsent)
    shown.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
    return shown


@get(f"{WAY}/open", include_in_schema=False)
@in_thread
def show_wrong_secret(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], to: FromQuery[str] = ""
) -> Redirect | Template:
    """Says that the secret was wrong; redirects where a right one was given since, or none."""
    return told_wrong(request, apply_place(language, reference, to if A_PAGE.fullmatch(to) else ""))


def told_wrong(request: Request[Any, Any, Any], place: Place) -> Redirect | Template:
    """The page that says that the secret was wrong."""
    now = clock.now()
    with transaction() as connection:
        came = last_wrong(connection, place.reference, now) if typed_it(request, place.reference) else None
        if came is None:
            return see(place)
        unsent = is_unsent(connection, place)
    return wrong_secret(place, {}, came.wait, unsent=unsent)


@get(WAY, include_in_schema=False)
@in_thread
def tasks(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template | Redirect:
    """The list of tasks: what is answered, and what is not yet; the receipt once it is sent."""
    place = apply_place(language, reference)
    with transaction() as connection:
        if answers_of(connection, place.reference) is None:
            status_of(connection, place.reference)  # raises NotFound
            return see(Place(language, place.reference))
        visit = require_applying(connection, request, place)
        answers = require_answers(connection, place)
        wrong = to_correct(connection, place, answers)
    return tasks_page(place, visit, answers, tasks_of(answers, day_of(clock.now())), wrong)


def tasks_page(
    place: Place, visit: Visit, answers: Answers, found: Sequence[Task], wrong: Sequence[Differing] = ()
) -> Template:
    """Renders the list of tasks."""
    return page_of_application(
        "tasks.html",
        place,
        visit,
        tasks=found,
        whole=all(each.done for each in found),
        corrects=bool(answers.corrects),
        changes=bool(answers.change),
        confirms=answers.change == CONFIRMATION,
        enrols=answers.enrols,
        wrong=wrong,
        names={number: name_of(said) for number, said in answers.members.items()},
        secret=secret_for(place.reference) if answers.is_new else "",
    )


HANDLERS = [start, begin_application, show_wrong_secret, go_on, tasks]
