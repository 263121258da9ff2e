"""Asking for an enrolment: for whom and with which papers, question by question, a last look, and the receipt.

The rest is done at a service centre, where officers see the person and the papers.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from operator import attrgetter
from typing import Any, NamedTuple

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transact, transaction
from models.errors import NotFound, Refused
from models.settings import settings
from notifications.notices import notices
from tasks.wake import wake_after_intake
from web.applying.checking import Row, rows_of_page
from web.applying.household import show, take
from web.applying.sending import REASONS, ChangedMeanwhile, NotWhole, followed, see_refused, told
from web.applying.start import A_PAGE, FULL, begun, begun_here, gone_on, tasks_page, told_wrong
from web.applying.visit import CHECK, ENROL, RECEIPT, require_answers, require_applying
from web.asked import FieldProblem
from web.enrolling.cases import enrolment_of
from web.enrolling.fields import OPTIONAL, PROOFS, Said, problems_of
from web.enrolling.questions import LAST, OF_PERSON, asked_on, page_of, pages_of, said_whole, tasks_of
from web.language import render_page, require_language
from web.queries import status_of
from web.threaded import in_thread
from web.visits import WRONG, Form, Place, page_of_visit, see, token_in, visit_in
from workflows.bodies import reading
from workflows.bodies.enrolment import EnrolmentRequest
from workflows.bodies.named import name_in
from workflows.casework.enrolling import Filing, file_enrolment, require_fit
from workflows.intake.drafts import Answers, answers_of, drop
from workflows.intake.receipts import normal, secret_for
from workflows.intake.visits import APPLYING, Draft, Visit, keep_draft

NOT_VALID = "not_valid"  # why it cannot be sent: something in it, which is then said
SAME = "same"  # the field with the reference of who was asked for before, of one household
WAY = f"/{{language:str}}/{ENROL}/{{reference:str}}"


class Left(NamedTuple):
    """A page on which something is wrong, as the last look says it."""

    problem: FieldProblem
    to: str


def enrol_place(language: str, reference: str, to: str = "") -> Place:
    """A page of an enrolment. Raises NotFoundException for a language that is none of ours."""
    return Place(require_language(language), normal(reference), to, ENROL)


@get(f"/{{language:str}}/{ENROL}", include_in_schema=False)
@in_thread
def begin_enrolment(request: Request[Any, Any, Any], language: FromPath[str]) -> Template:
    """For whom it is, who may ask for whom, which papers are needed, and what happens at the centre."""
    require_language(language)
    full = request.query_params.get(WRONG) == FULL
    if not token_in(request):
        return begin_page(language, full=full)
    with transaction() as connection:
        return begin_page(language, begun_here(connection, request, language), full=full)


@post(f"/{{language:str}}/{ENROL}", include_in_schema=False)
@in_thread
def begin_request(request: Request[Any, Any, Any], language: FromPath[str], body: RawBody) -> Redirect:
    """Begins one, and the visit of who fills it in."""
    if is_elsewhere():
        return see_first(require_language(language))
    form = Form(body)
    before = enrol_place(language, form.first(SAME)) if form.first(SAME) else None
    return begun(
        request,
        Place(require_language(language), "", "", ENROL),
        form,
        lambda connection: said_of_household(connection, request, before) if before else {},
    )


def said_of_household(connection: Connection, request: Request[Any, Any, Any], before: Place) -> Said:
    """Which centre, where they live and how they are reached, as this browser has just sent it of another person."""
    visit = visit_in(connection, request, before, APPLYING)
    if visit is None or visit.by_code or visit.draft.lodged != before.reference:
        return {}
    sent = enrolment_of(connection, status_of(connection, before.reference))
    said = {each: getattr(sent, each) for page in LAST for each in page.asks} if sent else {}
    return {each: value for each, value in said.items() if value is not None or each in OPTIONAL}


def see_first(language: str) -> Redirect:
    """The way to the first page."""
    return Redirect(f"/{language}/{ENROL}", status_code=303)


def begin_page(language: str, here: Place | None = None, *, full: bool = False) -> Template:
    """Renders the first page; where the register is elsewhere, it leads to a centre."""
    proofs, status = () if is_elsewhere() else PROOFS, 429 if full else 200
    return render_page("enrol.html", language, status=status, path=ENROL, proofs=proofs, begun=here, full=full)


def is_elsewhere() -> bool:
    """Whether the population register is on another machine, where people are enrolled."""
    return bool(settings().population_url)


@get(WAY, include_in_schema=False)
@in_thread
def tasks(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template | Redirect:
    """The list of tasks: what is answered, what is not yet, and how to go on later; the receipt once it is sent."""
    place = enrol_place(language, reference)
    with transaction() as connection:
        if answers_of(connection, place.reference) is None:
            status_of(connection, place.reference)  # raises NotFound
            return see(Place(place.language, place.reference))
        visit = require_applying(connection, request, place)
        answers = require_answers(connection, place)
    return tasks_page(place, visit, answers, tasks_of(answers))


@post(f"{WAY}/open", include_in_schema=False)
@in_thread
def go_on(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Redirect | Template:
    """Goes on with one, with its secret code, wherever it was begun."""
    return gone_on(request, enrol_place(language, reference), Form(body))


@get(f"{WAY}/open", include_in_schema=False)
@in_thread
def show_wrong_secret(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], to: FromQuery[str] = ""
) -> Redirect | Template:
    """Says that the secret was wrong."""
    return told_wrong(request, enrol_place(language, reference, to if A_PAGE.fullmatch(to) else ""))


@get(f"{WAY}/{CHECK}", include_in_schema=False)
@in_thread
def check(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template:
    """All answers, each with a link to change it, before they are sent."""
    place = enrol_place(language, reference, CHECK)
    with transaction() as connection:
        visit = require_applying(connection, request, place)
        answers = require_answers(connection, place)
        cannot = told(request, answers).get("cannot", "")
        wrong = wrong_with(connection, place, answers) if cannot == NOT_VALID else ()
    return check_page(place, visit, answers, cannot, wrong)


def wrong_with(connection: Connection, place: Place, answers: Answers) -> Sequence[FieldProblem]:
    """What is wrong with these answers, field by field."""
    try:
        require_fit(connection, filing_of(place, answers), clock.now())
    except Refused as refused:
        return problems_of(refused.problems)
    return ()


def filing_of(place: Place, answers: Answers) -> Filing:
    """The enrolment as it is sent. Raises Refused with a problem for each field that cannot be read."""
    sent = reading.valid(EnrolmentRequest, said_whole(answers.person))
    return Filing(sent, place.reference, on_page=True, reference=place.reference)


def check_page(place: Place, visit: Visit, answers: Answers, cannot: str, wrong: Sequence[FieldProblem]) -> Template:
    """Renders the last look, with what keeps it from being sent."""
    return page_of_visit(
        "enrol_check.html",
        place,
        visit,
        status=422 if cannot else 200,
        here=place.at("").address,
        cannot=cannot,
        wrong=[Left(each, page_of(each.about.path)) for each in wrong if each.about],
        sections=list(sections_of(answers)),
        left=[each for each in tasks_of(answers) if not each.done],
        said=answers.person,
        seen=answers.digest,
    )


def sections_of(answers: Answers) -> Iterator[tuple[str, list[Row]]]:
    """The answers by section, in the order of the questions."""
    said = answers.person
    for section, pages in groupby(pages_of(said), attrgetter("section")):
        rows = (rows_of_page(each, asked_on(each, said), said, each.name, None) for each in pages)
        yield section, list(chain.from_iterable(rows))


@post(f"{WAY}/{CHECK}", include_in_schema=False)
@in_thread
def send(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody) -> Redirect:
    """Sends it, once however often the button is pressed, and leads to the receipt; the last look says why not."""
    place, form = enrol_place(language, reference, CHECK), Form(body)
    try:
        transact(lambda connection: sent(connection, request, place, form))
    except (Refused, NotWhole, ChangedMeanwhile) as error:
        if isinstance(error, Refused) and error.code == "register_elsewhere":
            return see_first(place.language)
        return see_refused(request, place, form, REASONS.get(type(error), NOT_VALID))
    wake_after_intake()
    return see(place.at(RECEIPT))


def sent(connection: Connection, request: Request[Any, Any, Any], place: Place, form: Form) -> None:
    """Files what was said, unless it was filed before. Raises NotWhole, ChangedMeanwhile, and Refused."""
    visit = require_applying(connection, request, place, form)
    answers = answers_of(connection, place.reference, lock=True)
    if answers is None:
        return
    if not all(each.done for each in tasks_of(answers)):
        raise NotWhole
    if answers.digest != form.first("seen"):
        raise ChangedMeanwhile
    file_enrolment(connection, filing_of(place, answers), clock.now(), notices)
    keep_draft(connection, visit.token, Draft(lodged=place.reference))
    drop(connection, place.reference)


@get(f"{WAY}/{RECEIPT}", include_in_schema=False)
@in_thread
def receipt(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template | Redirect:
    """The receipt, to print and keep, for the visit that sent it; every other one is led to the case."""
    place = enrol_place(language, reference, RECEIPT)
    with transaction() as connection:
        try:
            case = status_of(connection, place.reference)
        except NotFound:
            return see(place.at(""))
        visit = require_applying(connection, request, place)
        declared = enrolment_of(connection, case)
    if visit.draft.lodged != place.reference or visit.by_code:
        return see(Place(place.language, place.reference))
    return page_of_visit(
        "enrol_receipt.html",
        place,
        visit,
        case=case,
        secret_of=secret_for(place.reference),
        declared=declared,
        name=name_in(place.language, declared) if declared else "",
        here=place.at("").address,
    )


@post(f"{WAY}/follow", include_in_schema=False)
@in_thread
def follow(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Redirect:
    """Goes on to the page of what was sent, whose receipt was just shown, without its secret."""
    return followed(request, enrol_place(language, reference), Form(body))


@get(f"{WAY}/{{name:str}}", include_in_schema=False)
@in_thread
def ask(
    request: Request[Any, Any, Any],
    language: FromPath[str],
    reference: FromPath[str],
    name: FromPath[str],
    back: FromQuery[str] = "",
) -> Template:
    """A page of questions about the person."""
    return show(OF_PERSON, request, enrol_place(language, reference, name), back)


@post(f"{WAY}/{{name:str}}", include_in_schema=False)
@in_thread
def answer(
    request: Request[Any, Any, Any],
    language: FromPath[str],
    reference: FromPath[str],
    name: FromPath[str],
    body: RawBody,
) -> Redirect:
    """Keeps what was answered about the person."""
    return take(OF_PERSON, request, enrol_place(language, reference, name), Form(body))


HANDLERS = [
    begin_enrolment,
    begin_request,
    tasks,
    show_wrong_secret,
    go_on,
    check,
    send,
    receipt,
    follow,
    ask,
    answer,
]
