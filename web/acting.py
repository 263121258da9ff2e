"""What a citizen does with their case on its page: take it back, take it up again, say something in their own words,
ask for the commission.
"""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, RawBody
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, scalar, transact, transaction
from models.errors import Refused, Stale
from models.patterns import LONGEST_TEXT
from notifications.notices import notices
from tasks.wake import wake_after_answer
from web.asked import FieldProblem
from web.queries import Status, reasons_of, status_of
from web.states import state_of
from web.terms import answered_before, commission_before
from web.threaded import in_thread
from web.visits import WRONG, Form, Place, page_of_visit, place_of, require_visit, see, see_wrong
from workflows.bodies import reading
from workflows.bodies.fields import Statement as StatementText
from workflows.bodies.text import canonical
from workflows.casework.answers import AnswerResult, CitizenAnswer, answer_of_citizen
from workflows.casework.standing import next_step
from workflows.evidence import CommissionRequest, Evidence, Reopening, Statement, Withdrawal
from workflows.flows import FLOWS, PARKED
from workflows.intake.receipts import secret_for
from workflows.intake.visits import Draft, Visit, keep_draft

# What a citizen may do from a page: the last word of its address, the form that a stage takes, and what that is called.
ACTS: dict[str, tuple[type[Evidence], str]] = {
    "withdraw": (Withdrawal, "withdrawal"),
    "again": (Reopening, "reopening"),
    "say": (Statement, "statement"),
    "escalate": (CommissionRequest, "escalation"),
}
# Why an act was not done, as far as a page has words for it; whatever else it is, it is not possible now.
CANNOT = {
    "moved_on",
    "not_possible_now",
    "too_many_texts",
    "given_away",
    "open_application",
    "open_appeal",
    "nothing_to_contest",
    "not_registered",
    "not_of_the_household",
    "erased",
    "not_valid",
}
SAID = "select exists (select from case_text where (case_id, seq, text) = (%s, %s, %s))"


def may(case: Status) -> set[str]:
    """What the citizen may do with this case now."""
    if case.stage == PARKED:
        return set()
    taken = FLOWS[case.kind].stages[case.stage].handlers
    possible = {name for name, (form, _) in ACTS.items() if form in taken}
    return possible - {"withdraw"} if case.unasked else possible


ADDRESSES = [f"/{{language:str}}/status/{{reference:str}}/{name}" for name in ACTS]


@get(ADDRESSES, include_in_schema=False)
@in_thread
def show_act(request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str]) -> Template | Redirect:
    """The page before an act: what follows from it, and the button."""
    place = place_of(language, reference, act_of(request))
    with transaction() as connection:
        visit = require_visit(connection, request, place)
        case = status_of(connection, reference)
        if place.to not in may(case):
            return see(place.at(""))
        wrong = request.query_params.get(WRONG, "")
        if wrong in CANNOT:
            return act_page(connection, place, visit, case, cannot=wrong, status=409)
        told = wrong and "said" in visit.draft.typed
        problems = problems_of(place, visit.draft.first("said")) if told else []
        return act_page(connection, place, visit, case, problems=problems, status=422 if problems else 200)


@post(ADDRESSES, include_in_schema=False)
@in_thread
def do_act(
    request: Request[Any, Any, Any], language: FromPath[str], reference: FromPath[str], body: RawBody
) -> Template | Redirect:
    """Does it, and shows the case as it is then."""
    place, form = place_of(language, reference, act_of(request)), Form(body)
    with transaction() as connection:
        visit = require_visit(connection, request, place, form)
        case = status_of(connection, reference)
        if sent_before(connection, case, form):
            return see(place.at(""))
        if problems_of(place, form.first("said")):
            keep_draft(connection, visit.token, Draft(typed=form.typed))
            return see_wrong(place)
    try:
        now: AnswerResult = transact(lambda connection: acted(connection, place, form, visit))
    except (Stale, Refused) as error:
        return not_done(place, visit, form, error)
    wake_after_answer(now.queues)
    return see(place.at(""))


def acted(connection: Connection, place: Place, form: Form, visit: Visit) -> AnswerResult:
    """Records the citizen's act. The visit stands for the secret that opened it."""
    said = reading.text(StatementText, form.first("said"), "said") if place.to == "say" else None
    answer = CitizenAnswer(
        place.reference,
        secret_for(place.reference),
        ACTS[place.to][1],
        version_of(form),
        statement=said,
    )
    now = answer_of_citizen(connection, answer, clock.now(), notices)
    keep_draft(connection, visit.token, Draft())
    return now


def act_of(request: Request[Any, Any, Any]) -> str:
    """The act that the address names."""
    return str(request.url.path).rpartition("/")[2]


def sent_before(connection: Connection, case: Status, form: Form) -> bool:
    """Whether this form was taken already, because somebody pressed the button twice: the next event has its text."""
    said = words_of(form.first("said"))
    if not said:
        return False
    step = next_step(connection, case.case_id, version_of(form))
    return bool(scalar(connection, SAID, [case.case_id, step, said]))


def version_of(form: Form) -> int:
    """The version of the case that the form was shown with; 0, which is none, where it says none."""
    version = form.first("version")
    return int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0


def words_of(typed: str) -> str:
    """A text in a citizen's own words, as it is kept."""
    return canonical(typed.replace("\r\n", "\n"))


def problems_of(place: Place, said: str) -> list[FieldProblem]:
    """What is wrong with what was typed."""
    if place.to != "say":
        return []
    return problems_of_text(said, "said", required=True)


def problems_of_text(typed: str, field: str, *, required: bool) -> list[FieldProblem]:
    """What is wrong with a text in a citizen's own words."""
    text = words_of(typed)
    if not text:
        return [FieldProblem(field, "empty_text")] if required else []
    if len(text) > LONGEST_TEXT:
        return [FieldProblem(field, "long_text", {"most": LONGEST_TEXT, "is": len(text)})]
    try:
        reading.text(StatementText, text, field)
    except Refused:
        return [FieldProblem(field, "text")]
    return []


def reason_of(error: Refused) -> str:
    """Why it was not done, in the words of a page."""
    return error.code if error.code in CANNOT else "not_possible_now"


def not_done(place: Place, visit: Visit, form: Form, error: Stale | Refused) -> Redirect:
    """Leads to the page again, with what was typed, where the case moved on meanwhile, or a rule forbids the act."""
    code = reason_of(error) if isinstance(error, Refused) else "moved_on"
    with transaction() as connection:
        case = status_of(connection, place.reference)
        if place.to not in may(case):
            return see(place.at(""))
        keep_draft(connection, visit.token, Draft(typed=form.typed))
    return Redirect(f"{place.address}?{WRONG}={code}", status_code=303)


def act_page(
    connection: Connection, place: Place, visit: Visit, case: Status, *, status: int = 200, **context: Any
) -> Template:
    """Renders the page before an act."""
    given: dict[str, Any] = {"problems": [], "typed": visit.draft.typed, "cannot": "", **context}
    now = clock.now()
    return page_of_visit(
        "act.html",
        place,
        visit,
        status=status,
        act=place.to,
        case=case,
        state=state_of(case),
        asked=[each.reason for each in reasons_of(connection, case)] if case.stage == "information_asked" else [],
        most=LONGEST_TEXT,
        supervisor=answered_before(connection, case, now),
        commission=commission_before(now),
        **given,
    )


HANDLERS = [show_act, do_act]
