"""What officers do with an enrolment on the page of its case: complete and attest it, confirm it, tell people apart."""

from collections.abc import Callable
from typing import Any

from litestar import Request, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection
from models.errors import Problem, Refused
from notifications.notices import notices
from web.console.deciding import Step, keep_note, shown_or_done, tried
from web.console.enrolment_part import request_of
from web.console.forms import Form
from web.console.pages import reader_of
from web.enrolling.fields import PROOFS
from workflows.casework.answers import AnswerResult
from workflows.casework.enrolling import Deed, Officer, act_on_enrolment, attestation, confirmation, verdict
from workflows.intake.receipts import find, normal
from workflows.staff.guard import Acting, permit
from workflows.staff.subjects import subject_of

ANOTHER = "another"  # the answer that none of those who look alike is the person
AS_SENT = "as_sent"  # the field of the form of an officer for whom the papers agree with all that was sent
NOBODY = "none"  # a reason that is none


@post("/cases/{reference:str}/enrolment/{form:str}", opt={"act": "read_case"}, sync_to_thread=True)
def do_enrolment(request: Request[Any, Any, Any], reference: FromPath[str], form: FromPath[str]) -> Template | Redirect:
    """Acts on an enrolment; where something is said to whoever asked, once that was seen."""
    return shown_or_done(request, of_enrolment(request, reference, form))


@get("/cases/{reference:str}/enrolment/{form:str}", opt={"act": "read_case"}, sync_to_thread=True)
def try_enrolment(
    request: Request[Any, Any, Any], reference: FromPath[str], form: FromPath[str]
) -> Template | Redirect:
    """Shows what whoever asked would be told by an act on an enrolment."""
    return tried(request, of_enrolment(request, reference, form))


def of_enrolment(request: Request[Any, Any, Any], reference: str, act: str) -> Step:
    """An act on an enrolment."""
    if act not in FORMS:
        raise NotFoundException
    who, reference = reader_of(request), normal(reference)
    return Step(
        reference, f"enrolment/{act}", act, lambda connection, form: acted(connection, who, reference, act, form)
    )


def acted(connection: Connection, who: Acting, reference: str, act: str, form: Form) -> AnswerResult:
    """Records an act on an enrolment. Raises Refused and Stale."""
    case = find(connection, reference)
    role = permit(who, act, subject_of(connection, case.id, act, who))
    officer = Officer(reference, who.name, role, form.version())
    deed = FORMS[act](connection, reference, form)
    moved = act_on_enrolment(connection, officer, deed, clock.now(), notices)
    keep_note(connection, who, case.id, form)
    return moved


def completed(connection: Connection, reference: str, form: Form) -> Deed:
    """What the papers say, as it was typed, or as it was sent where they agree. Raises Refused with a problem for each
    bad field.
    """
    if form.get("proof") not in PROOFS and not form.get(AS_SENT):
        raise Refused("no_proof", "Choose the papers.", problems=[Problem("proof", "Is missing.")])
    sent = None if form.get(AS_SENT) else request_of(form)
    return attestation(sent, form.all("seen"))


def told(connection: Connection, reference: str, form: Form) -> Deed:
    """Whether one of those who look alike is the person, and who. Raises Refused where nothing is chosen."""
    if not (answer := form.get("answer")):
        raise Refused("no_answer", "Choose who this person is, or that it is another one.")
    return verdict("" if answer == ANOTHER else answer)


FORMS: dict[str, Callable[[Connection, str, Form], Deed]] = {
    "attest_enrolment": completed,
    "confirm_enrolment": lambda connection, reference, form: confirmation(),
    "return_enrolment": lambda connection, reference, form: confirmation(form.get("reason") or NOBODY),
    "tell_apart": told,
}


HANDLERS = [do_enrolment, try_enrolment]
