"""The sending of an application or its correction, after a last look at it, and the receipt."""

from datetime import date, datetime
from typing import Any, NamedTuple

from litestar import Request, get, post
from litestar.params import FromPath, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transact, transaction
from models.days import day_of
from models.errors import NotFound, Refused, Stale
from notifications.notices import notices
from tasks.wake import wake_after_answer, wake_after_intake
from web.applying.checking import check_page, declared_before, since_of
from web.applying.correcting import may_correct
from web.applying.progress import tasks_of
from web.applying.questions import (
    pages_of_member,
)
from web.applying.visit import (
    CHECK,
    CODE,
    RECEIPT,
    WAY,
    apply_place,
    page_of_application,
    require_answers,
    require_applying,
)
from web.changes import declared_by
from web.queries import Status, status_of
from web.threaded import in_thread
from web.visits import WRONG, Form, Place, cookie_of, see
from workflows.bodies import reading
from workflows.bodies.change import Change, ChangeRequest
from workflows.bodies.declaration import ApplicationBody, Declaration
from workflows.casework.answers import CitizenAnswer, answer_of_citizen
from workflows.casework.changes import DeclaredChange, Sender, declare_change
from workflows.casework.changes import refuse_too_many_phones as too_many_phones
from workflows.engine.lanes import INTERACTIVE
from workflows.intake.drafts import Answers, answers_of, declaration_of, drop, save
from workflows.intake.receipts import find, secret_for
from workflows.intake.submit import Application, Rejected, submit
from workflows.intake.visits import Draft, Visit, also_shown, go_on_to, keep_draft
from workflows.policies import newest_terms
from workflows.registers.households import declarations

CHANNEL = "page"
MOST_SEEN = 32  # characters of a digest
OF = "of"  # of the address that says why answers could not be sent: their digest
# Why an application is not taken, as far as the page has words for it; whatever else it is, some answer cannot be.
CANNOT = {
    "not_whole",
    "too_many_open",
    "not_valid",
    "moved_on",
    "changed_meanwhile",
    "too_many_corrections",
    "open_application",
    "already_registered",
    "phone_shown",
    "confirmed_lately",
    "too_many_phones",
    "other_members",
}


class NotWhole(Exception):
    """Something is not answered yet."""


class ChangedMeanwhile(Exception):
    """Something else was said since the last look was shown, in another tab or on another phone."""


class OtherMembers(Exception):
    """Somebody would join or leave the household by a change that is about something else."""


class NotProved(Exception):
    """Nobody showed yet that they have the phone at hand which the application names."""


class Sent(NamedTuple):
    """What was filed: the page that follows, and the queues to be woken, of a correction."""

    next: Place
    queues: frozenset[str] | None = None
    lodged: str = ""  # the reference of its receipt, of what has one


REASONS: dict[type[Exception], str] = {
    Stale: "moved_on",
    NotWhole: "not_whole",
    ChangedMeanwhile: "changed_meanwhile",
    OtherMembers: "other_members",
}


@get(f"{WAY}/{CHECK}", include_in_schema=False)
@in_thread
def check(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template:
    """All answers, each with a link to change it, before they are sent."""
    place = apply_place(language, reference, CHECK)
    with transaction() as connection:
        visit = require_applying(connection, request, place)
        answers = require_answers(connection, place)
        return check_page(connection, place, visit, answers, **told(request, answers))


def told(request: Request[Any, Any, Any], answers: Answers) -> dict[str, Any]:
    """What the last look says of why these answers could not be sent; once others were given it says nothing."""
    code = request.query_params.get(WRONG, "")
    if code not in CANNOT or request.query_params.get(OF) != answers.digest:
        return {}
    return {"cannot": code, "status": 422}


@post(f"{WAY}/{CHECK}", include_in_schema=False)
@in_thread
def send(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody) -> Redirect:
    """Sends the application or its correction, once however often the button is pressed."""
    return send_application(request, apply_place(language, reference, CHECK), Form(body))


def send_application(request: Request[Any, Any, Any], place: Place, form: Form) -> Redirect:
    """Sends it, and leads to the page that follows; the last look says why where it cannot be sent."""
    try:
        done = transact(lambda connection: sent(connection, request, place, form))
    except NotProved:
        agree(place, form)
        return see(place.at(CODE))
    except (Refused, Stale, NotWhole, ChangedMeanwhile, OtherMembers) as error:
        return see_refused(request, place, form, reason_of(error))
    if done.queues is None:
        wake_after_intake()
    else:
        wake_after_answer(done.queues)
    return see(done.next)


def see_refused(request: Request[Any, Any, Any], place: Place, form: Form, code: str) -> Redirect:
    """Leads to the last look, which says why it cannot be sent."""
    with transaction() as connection:
        require_applying(connection, request, place, form)
        return to_last_look(place, require_answers(connection, place), code)


def to_last_look(place: Place, answers: Answers, code: str) -> Redirect:
    """The way there. What it says has an address, so that going back leads to a page."""
    return Redirect(f"{place.at(CHECK).address}?{WRONG}={code}&{OF}={answers.digest}", status_code=303)


def agree(place: Place, form: Form) -> None:
    """Notes what they saw and sent, until the phone is proved."""
    with transaction() as connection:
        answers = require_answers(connection, place, lock=True)
        if form.first("seen"):
            answers.agreed = form.first("seen")[:MOST_SEEN]
            save(connection, place.reference, answers, clock.now())


def reason_of(error: Exception) -> str:
    """Why it was not taken, in the words of the page."""
    if isinstance(error, Refused):
        return error.code if error.code in CANNOT else "not_valid"
    return REASONS[type(error)]


def sent(connection: Connection, request: Request[Any, Any, Any], place: Place, form: Form) -> Sent:
    """Files what was said, unless it was filed before.

    Raises NotWhole, ChangedMeanwhile, NotProved, Refused where it cannot be filed, and Stale where the case moved on
    since its correction began.
    """
    visit = require_applying(connection, request, place, form)
    answers = answers_of(connection, place.reference, lock=True)
    if answers is None:
        return Sent(place.at(RECEIPT))
    now = clock.now()
    if not all(each.done for each in tasks_of(answers, day_of(now))):
        raise NotWhole
    if answers.digest != (form.first("seen") or answers.agreed):
        raise ChangedMeanwhile
    make = corrected if answers.corrects else declared if answers.change else filed
    done = make(connection, place, answers, now, visit)
    if done.lodged:
        keep_draft(connection, visit.token, Draft(lodged=done.lodged))
    drop(connection, place.reference)
    return done


def filed(connection: Connection, place: Place, answers: Answers, now: datetime, _: Visit) -> Sent:
    """Files an application."""
    declaration = reading.valid(ApplicationBody, declaration_of(asked_alone(answers, day_of(now))))
    proved = is_shown(connection, place, answers)
    application = Application(place.reference, CHANNEL, INTERACTIVE, declaration, place.reference, proved)
    (outcome,) = submit(connection, [application], now, notices)
    if isinstance(outcome, Rejected):
        raise Refused(outcome.code, outcome.message)
    return Sent(place.at(RECEIPT), lodged=place.reference)


def is_shown(connection: Connection, place: Place, answers: Answers) -> bool:
    """Whether who sends it showed that they have the phone at hand which it names. Raises NotProved where they neither
    did, nor chose to send it without.
    """
    phone = phone_to_show(connection, place, answers)
    if phone and answers.proved != phone and not answers.unproved:
        raise NotProved
    return bool(phone) and answers.proved == phone


def phone_to_show(connection: Connection, place: Place, answers: Answers) -> str:
    """The phone that a code is to show: of a new application its own, of a new change another than is known; else ''.

    Of a correction none: another phone in it waits (docs/decisions/0049).
    """
    phone = str(answers.household.get("phone") or "")
    if answers.is_new:
        return phone
    before = declared_before(connection, place, answers) if answers.is_new_change else None
    return phone if before and phone != before.household.get("phone") else ""


def corrected(connection: Connection, place: Place, answers: Answers, now: datetime, _: Visit) -> Sent:
    """Sends a correction of the application or change. Who fills it in has given the secret.

    Raises Stale where it cannot be corrected here any more, and OtherMembers.
    """
    case = status_of(connection, place.reference)
    if not may_correct(connection, case):
        raise Stale("It cannot be corrected here any more.")
    refuse_other_members(connection, place, answers)
    declaration = reading.valid(Declaration, declaration_of(answers))
    secret = secret_for(place.reference)
    answer = CitizenAnswer(place.reference, secret, "correction", answers.corrects, declaration)
    moved = answer_of_citizen(connection, answer, now, notices)
    return Sent(Place(place.language, place.reference), moved.queues)


def refuse_other_members(connection: Connection, place: Place, answers: Answers) -> None:
    """Raises OtherMembers where members join or leave by the correction of a change that is about something else."""
    before = declared_before(connection, place, answers) if answers.change else None
    if before is None or answers.change in ("member_joined", "member_left"):
        return
    was, now = ({said.get("idcs") for said in each.members.values()} for each in (before, answers))
    if was != now:
        raise OtherMembers


def declared(connection: Connection, place: Place, answers: Answers, now: datetime, visit: Visit) -> Sent:
    """Declares a change of the registered household, which has a receipt of its own."""
    since = since_of(answers, declared_before(connection, place, answers))
    said = {"change": answers.change, "true_from": since, "based_on": answers.based_on}
    said |= {"cause": answers.cause} if answers.cause else {}
    request = reading.valid(ChangeRequest, {**said, "declaration": declaration_of(answers)})
    refuse_too_many_phones(connection, place, answers, now)
    shown = is_shown(connection, place, answers) and visit.by_code
    sender = Sender(secret_for(place.reference), key=answers.key, on_page=True, phone_shown=shown)
    accepted = declare_change(connection, DeclaredChange(place.reference, request, sender), now, notices)
    if shown:
        also_shown(connection, visit.token, str(answers.household["phone"]))
    return Sent(place.at(RECEIPT), lodged=accepted.reference)


def refuse_too_many_phones(connection: Connection, place: Place, answers: Answers, now: datetime) -> None:
    """Raises Refused where this change names another phone and the household named too many of late: no code leaves."""
    if answers.is_new_change and phone_to_show(connection, place, answers):
        too_many_phones(connection, find(connection, place.reference).household_id or 0, now)


def asked_alone(answers: Answers, today: date) -> Answers:
    """The answers without what is asked of somebody of another age."""
    return Answers(
        answers.household,
        {
            number: {name: said[name] for each in pages_of_member(said, today) for name in each.fills if name in said}
            for number, said in answers.members.items()
        },
        answers.used,
    )


@get(f"{WAY}/{RECEIPT}", include_in_schema=False)
@in_thread
def receipt(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template | Redirect:
    """The receipt, to print and keep, for the visit that sent what it is of; every other one is led to the case."""
    place = apply_place(language, reference, RECEIPT)
    with transaction() as connection:
        try:
            case = status_of(connection, place.reference)
        except NotFound:
            return see(place.at(""))
        visit = require_applying(connection, request, place)
        if not visit.draft.lodged:
            return see(Place(language, place.reference))
        if visit.draft.lodged != place.reference:
            return receipt_of_change(connection, place, visit)
    said = {"confirms": False, "phone_waits": 0}
    return receipt_page(place, visit, case, **said)


def receipt_page(place: Place, visit: Visit, case: Status, **said: Any) -> Template:
    """A receipt. Whoever a code let in gets in by a code again, and is handed no secret: that would serve whoever had
    the phone at hand once, when the household has long had another.
    """
    secret = "" if visit.by_code else secret_for(case.reference)
    return page_of_application("receipt.html", place, visit, case=case, secret_of=secret, **said)


def receipt_of_change(connection: Connection, place: Place, visit: Visit) -> Template:
    """The receipt of a change that was just sent: whether it confirms, and for how many days another phone waits."""
    case = status_of(connection, visit.draft.lodged)
    change = declared_by(connection, case)
    waits = change is not None and names_another_phone(connection, case, change) and not change.phone_shown
    days = newest_terms()["new_phone"].within.days if waits else 0
    said = {"confirms": change is not None and change.confirms, "phone_waits": days}
    return receipt_page(place, visit, case, **said)


def names_another_phone(connection: Connection, case: Status, change: Change) -> bool:
    """Whether a change names another phone than the household had when it was begun: one that was registered since
    stays, unless this one changes it, too.
    """
    made_on = declarations(connection, [(case.household_id or 0, change.based_on)])
    return bool(change.known_phone) and any(each.phone != change.declaration.phone for each in made_on.values())


@post(f"{WAY}/follow", include_in_schema=False)
@in_thread
def follow(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Redirect:
    """Goes on to the page of what was sent, whose receipt was just shown, without its secret."""
    return followed(request, apply_place(language, reference), Form(body))


def followed(request: Request[Any, Any, Any], place: Place, form: Form) -> Redirect:
    """Leads to the page of what was sent, in a visit of its own."""
    with transaction() as connection:
        visit = require_applying(connection, request, place, form)
        try:
            sent = status_of(connection, visit.draft.lodged or place.reference)
        except NotFound:
            return see(place.at(""))
        token, longest = go_on_to(connection, visit, sent.reference, clock.now())
    return see(Place(place.language, sent.reference), [cookie_of(token, longest)])


HANDLERS = [check, send, receipt, follow]
