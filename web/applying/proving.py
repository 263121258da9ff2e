"""Before an application is sent, or another phone of a household: who fills it in shows by a code that it is at hand.

So nobody files with another person's identifier and keeps that person out, and no wrong digit gives a household's file
to somebody else. Who gets no code may send without one: such an application keeps nobody out, and such a phone waits.
"""

from datetime import datetime
from typing import Any, NamedTuple

from litestar import Request, get, post
from litestar.params import FromPath, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transaction
from models.errors import Refused
from tasks.wake import wake
from web.applying.sending import phone_to_show, refuse_too_many_phones, send_application, to_last_look
from web.applying.visit import CHECK, CODE, WAY, apply_place, page_of_application, require_answers, require_applying
from web.asked import FieldProblem
from web.language import written_in
from web.signing_in import address_of, code_cookie, code_token_in, problems_told
from web.threaded import in_thread
from web.visits import WRONG, Form, Place, see
from workflows.flows import DELIVERY
from workflows.intake.codes import LIFE, TooManyCodes, Verdict, Wanted, ask, asked_for, try_code
from workflows.intake.drafts import Answers, save
from workflows.intake.visits import Visit
from workflows.policies import newest_terms

TOO_MANY = "too-many"


class Shown(NamedTuple):
    """The phone that is to be shown, of an application or of a change of a household."""

    phone: str
    is_change: bool


@get(f"{WAY}/{CODE}", include_in_schema=False)
@in_thread
def ask_for_code(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]
) -> Template | Redirect:
    """Says which phone gets a code, or asks for the code that was sent to it."""
    place = apply_place(language, reference, CODE)
    with transaction() as connection:
        visit = require_applying(connection, request, place)
        answers = require_answers(connection, place)
        if not (phone := phone_to_show(connection, place, answers)):
            return see(place.at(CHECK))
        sent = asked_for(connection, code_token_in(request), place.reference, phone)
        if request.query_params.get(WRONG) == TOO_MANY:
            problems, status = [FieldProblem("code", "too_many_codes")], 429
        else:
            token = code_token_in(request) if sent else ""
            problems = problems_told(connection, request, token) if answers.proved != phone else []
            status, sent = (422, True) if problems else (200, sent)
    return code_page(place, visit, Shown(phone, bool(answers.change)), sent=sent, problems=problems, status=status)


@post(f"{WAY}/{CODE}", include_in_schema=False)
@in_thread
def take_code(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Redirect:
    """Sends a code, or takes it, or lets the application go without one; with either the application is sent."""
    place, form, now = apply_place(language, reference, CODE), Form(body), clock.now()
    with transaction() as connection:
        require_applying(connection, request, place, form)
        answers = require_answers(connection, place, lock=True)
        if not (phone := phone_to_show(connection, place, answers)):
            return see(place.at(CHECK))
        answer: Redirect | None = None
        if refused := refusal_of(connection, place, answers, now):
            return to_last_look(place, answers, refused)
        if form.first("do") == "send":
            answer = sent_code(connection, request, place, phone)
        elif form.first("do") == "without":
            note(connection, place, answers, "", now)
        elif not is_right(connection, request, place, form, phone, now):
            answer = Redirect(f"{place.address}?{WRONG}={Verdict.WRONG.value}", status_code=303)
        else:
            note(connection, place, answers, phone, now)
    wake(DELIVERY)
    return answer or send_application(request, place.at(CHECK), form)


def refusal_of(connection: Connection, place: Place, answers: Answers, now: datetime) -> str:
    """Why no code leaves, as a code of the last look: too many phones were named of late; '' where one does."""
    try:
        refuse_too_many_phones(connection, place, answers, now)
    except Refused as refused:
        return refused.code
    return ""


def note(connection: Connection, place: Place, answers: Answers, phone: str, now: datetime) -> None:
    """Notes which phone they have at hand; none where they send without a code."""
    answers.proved, answers.unproved = phone, not phone
    save(connection, place.reference, answers, now)


def sent_code(connection: Connection, request: Request[Any, Any, Any], place: Place, phone: str) -> Redirect:
    """Has a code sent to the phone that is to be shown."""
    wanted = Wanted(place.reference, phone, written_in(place.language), address_of(request))
    try:
        token = ask(connection, wanted, clock.now(), code_token_in(request))
    except TooManyCodes:
        return Redirect(f"{place.address}?{WRONG}={TOO_MANY}", status_code=303)
    return see(place, [code_cookie(token)])


def is_right(  # noqa: PLR0913 - what a try is made of
    connection: Connection, request: Request[Any, Any, Any], place: Place, form: Form, phone: str, now: datetime
) -> bool:
    """Whether the code that was typed is the one of this phone."""
    token = code_token_in(request)
    known = asked_for(connection, token, place.reference, phone)
    tried = try_code(connection, token if known else "", form.first("code"), now)
    return tried.verdict is Verdict.RIGHT


def code_page(  # noqa: PLR0913 - what the page shows
    place: Place,
    visit: Visit,
    shown: Shown,
    *,
    sent: bool,
    problems: list[FieldProblem] | None = None,
    status: int = 200,
) -> Template:
    """The page that sends a code to the phone, and takes it."""
    minutes = int(LIFE.total_seconds()) // 60
    given: dict[str, Any] = {
        **shown._asdict(),
        "at_once": visit.by_code,
        "days": newest_terms()["new_phone"].within.days,
    }
    given |= {"sent": sent, "problems": problems or [], "minutes": minutes}
    return page_of_application("code.html", place, visit, status=status, **given)


HANDLERS = [ask_for_code, take_code]
