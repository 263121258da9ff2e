"""Beginning an enrolment at a desk, of somebody who asked for none before: what the papers say, and the receipt.

Who is enrolled gets the receipt from the officer's hand. Attesting is the next step, on the page of the case, where
those who vouch stand beside what the register has of them.
"""

from typing import Any

from litestar import Request, get, post
from litestar.response import Template

from models import clock
from models.database import Connection, transact
from models.errors import Problem, Refused
from notifications.notices import notices
from tasks.wake import wake_after_intake
from web.console.enrolment_part import EnrolmentForm, request_of, typed_in
from web.console.forms import Form
from web.console.language import words_of
from web.console.pages import page, reader_of
from web.enrolling.fields import FIELDS, PROOFS, problems_of, typed_from
from web.errors import status_of
from workflows.bodies.enrolment import MISSING, MOROCCAN, EnrolmentRequest
from workflows.bodies.named import name_in
from workflows.casework.enrolling import Filing, file_enrolment
from workflows.intake.submit import Accepted
from workflows.staff.guard import Acting, Subject, permit
from workflows.staff.roles import POPULATION_OFFICER, Territory

PATH = "/enrolments/begin"
ACT = "file_enrolment"
Asked = Request[Any, Any, Any]


@get(PATH, opt={"act": ACT}, sync_to_thread=True)
def show_form(request: Asked) -> Template:
    """The form, with where the officer works."""
    return form_page(request, EnrolmentForm(typed_at(reader_of(request)), (), PROOFS[0]))


@post(PATH, opt={"act": ACT}, sync_to_thread=True)
def begin_at_desk(request: Asked) -> Template:
    """Files an enrolment, and shows the receipt to print, in the language of who is enrolled.

    Sent again with the same words, it is the same enrolment.
    """
    who, form = reader_of(request), request.state.form
    try:
        accepted, sent = transact(lambda connection: filed(connection, who, form))
    except Refused as refused:
        shown = EnrolmentForm(typed_in(form), problems_of(refused.problems), form.get("proof"))
        return form_page(request, shown, status=status_of(refused), refused=refused)
    if not accepted.repeated:
        wake_after_intake()
    name = name_in(sent.language, sent)
    return page(request, "enrolment_receipt.html", receipt=accepted, name=name, own=words_of(sent.language))


def form_page(request: Asked, form: EnrolmentForm, **context: Any) -> Template:
    """Renders the form."""
    return page(request, "enrolment_begin.html", enrolment=form, **context)


def filed(connection: Connection, who: Acting, form: Form) -> tuple[Accepted, EnrolmentRequest]:
    """Files what was typed, and gives the receipt with it.

    Raises Refused with a problem for each bad field, and for another territory.
    """
    if form.get("proof") not in PROOFS:
        raise Refused("no_proof", "Choose the papers.", problems=[Problem("proof", MISSING)])
    sent = request_of(form)
    role = permit(who, ACT, Subject(Territory(sent.region, sent.province)))
    return file_enrolment(connection, Filing(sent, officer=who.name, role=role), clock.now(), notices), sent


def typed_at(who: Acting) -> dict[str, list[str]]:
    """What stands in the form of an officer before anything is typed: their territory, and what is most frequent."""
    grants = [each.territory for each in who.grants if each.role == POPULATION_OFFICER]
    there = grants[0] if len(grants) == 1 else Territory()
    said = {"nationality": MOROCCAN, "language": "ar", "region": there.region, "province": there.province}
    return typed_from(list(FIELDS.values()), said)


HANDLERS = [show_form, begin_at_desk]
