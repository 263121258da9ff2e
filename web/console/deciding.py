"""What the staff decide in the console: a review, and every act on an appeal. Each is tried out before it is sent.

The first form leads to a page of what the household would be told (rehearsal.py); its form, with the same fields,
records it. What was typed is kept for that page (kept.py), so that it can be gone back to and loaded again.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from litestar import Request, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transact, transaction
from models.errors import Refused, Stale
from notifications.notices import notices
from tasks.wake import wake_after_answer
from web.console.case_context import finding, value_name, word
from web.console.case_data import case_for
from web.console.cases import case_page
from web.console.forms import Form
from web.console.identity import answers_in, said_in
from web.console.kept import drop_typed, keep_typed, read_typed
from web.console.language import console_language, text
from web.console.pages import go, page, reader_of
from web.console.rehearsal import rehearse
from web.errors import STATUS, status_of
from workflows.audit.acts import Act
from workflows.casework import examining
from workflows.casework.answers import AnswerResult, CaseworkerAnswer, answer_of_caseworker
from workflows.casework.examining import Staff
from workflows.casework.identities import IdentityAnswer, identify
from workflows.casework.reviews import holders, still_held
from workflows.desk import sharing
from workflows.desk.locks import close
from workflows.desk.notes import add_note
from workflows.desk.sharing import Deed
from workflows.events.appeal import Finding
from workflows.evidence import Evidence
from workflows.flows.enrolment import FLOW as ENROLMENT
from workflows.fraud import HANDED_OVER
from workflows.intake.receipts import find, normal
from workflows.staff.guard import Acting, permit
from workflows.staff.noting import Doing, note_reading
from workflows.staff.subjects import subject_of

Asked = Request[Any, Any, Any]


class Step(NamedTuple):
    """A decision on a case: the case's reference, the end of its address, the right that it needs, and what records it
    as a form says.
    """

    reference: str
    what: str
    act: str
    record: Callable[[Connection, Form], AnswerResult]

    @property
    def case(self) -> str:
        """The address of the case."""
        return f"/console/cases/{self.reference}"

    @property
    def address(self) -> str:
        """The address of the decision, and of the page that shows what it would say."""
        return f"{self.case}/{self.what}"

    @property
    def silent(self) -> bool:
        """Whether nothing is said to the household by it."""
        return self.what.rpartition("/")[2] in SILENT


CONFIRMED = "confirmed"  # the field of the second form
BACK = "back"  # the field of the form that goes back to the case with what was typed
HAND_BACK = "hand-back"  # whoever handed a case back does not open it again by that
NOTE = "note"
FINDING = "finding:"  # how the fields begin that find on a value: `finding:bills.telecom` = `uphold:document_shows_it`
# Acts by which nothing is said to the household, so that nothing needs to be looked at before.
SILENT = ("return_decision", "retry_correction", "attest_enrolment", "confirm_enrolment")


@post("/cases/{reference:str}/review", opt={"act": "decide_review"}, sync_to_thread=True)
def answer_review(request: Asked, reference: FromPath[str]) -> Template | Redirect:
    """Answers a review, once it was seen what the household would be told."""
    return shown_or_done(request, of_review(request, reference))


@get("/cases/{reference:str}/review", opt={"act": "decide_review"}, sync_to_thread=True)
def try_review(request: Asked, reference: FromPath[str]) -> Template | Redirect:
    """Shows what the household would be told by an answer to its review."""
    return tried(request, of_review(request, reference))


def of_review(request: Asked, reference: str) -> Step:
    """The answer to a review."""
    who, reference = reader_of(request), normal(reference)
    return Step(reference, "review", "decide_review", lambda connection, form: review(connection, who, reference, form))


def review(connection: Connection, who: Acting, reference: str, form: Form) -> AnswerResult:
    """Records a verdict on a review. Raises Refused and Stale."""
    verdict, _, reason = form.get("answer").partition(":")
    if not reason:
        raise Refused("no_reason", "Choose a verdict and its reason.")
    case = find(connection, reference)
    role = permit(who, "decide_review", subject_of(connection, case.id, "decide_review", who))
    about = tuple(form.all("about")) if verdict != "clear" else ()
    answer = CaseworkerAnswer(reference, who.name, verdict, reason, form.version(), about, role)
    moved = answer_of_caseworker(connection, answer, clock.now(), notices)
    keep_note(connection, who, case.id, form)
    held = holders(connection, reference) if moved.event == "ReviewCleared" else ()
    if held and (reason != HANDED_OVER or still_held(held)):
        raise Refused("still_held", "Another household holds one of these persons: the review would come back.")
    return moved


@post("/cases/{reference:str}/identity", opt={"act": "confirm_identity"}, sync_to_thread=True)
def answer_identity(request: Asked, reference: FromPath[str]) -> Template | Redirect:
    """Says who the doubted members are, once it was seen what the household would be told."""
    return shown_or_done(request, of_identity(request, reference))


@get("/cases/{reference:str}/identity", opt={"act": "confirm_identity"}, sync_to_thread=True)
def try_identity(request: Asked, reference: FromPath[str]) -> Template | Redirect:
    """Shows what the household would be told by who its doubted members are."""
    return tried(request, of_identity(request, reference))


def of_identity(request: Asked, reference: str) -> Step:
    """Who the doubted members are."""
    who, reference = reader_of(request), normal(reference)
    return Step(
        reference,
        "identity",
        "confirm_identity",
        lambda connection, form: identity(connection, who, reference, form),
    )


def identity(connection: Connection, who: Acting, reference: str, form: Form) -> AnswerResult:
    """Records who the doubted members are. Raises Refused and Stale."""
    case = find(connection, reference)
    role = permit(who, "confirm_identity", subject_of(connection, case.id, "confirm_identity", who))
    answer = IdentityAnswer(reference, who.name, said_in(form), form.version(), role)
    moved = identify(connection, answer, clock.now(), notices)
    keep_note(connection, who, case.id, form)
    return moved


@post("/cases/{reference:str}/appeal/{act:str}", opt={"act": "read_case"}, sync_to_thread=True)
def act_on_appeal(request: Asked, reference: FromPath[str], act: FromPath[str]) -> Template | Redirect:
    """Acts on an appeal, once it was seen what the household would be told."""
    return shown_or_done(request, of_appeal(request, reference, act))


@get("/cases/{reference:str}/appeal/{act:str}", opt={"act": "read_case"}, sync_to_thread=True)
def try_act_on_appeal(request: Asked, reference: FromPath[str], act: FromPath[str]) -> Template | Redirect:
    """Shows what the household would be told by an act on its appeal."""
    return tried(request, of_appeal(request, reference, act))


def of_appeal(request: Asked, reference: str, act: str) -> Step:
    """An act on an appeal."""
    if act not in FORMS:
        raise NotFoundException
    who, reference = reader_of(request), normal(reference)
    return Step(
        reference, f"appeal/{act}", act, lambda connection, form: on_appeal(connection, who, reference, act, form)
    )


def on_appeal(connection: Connection, who: Acting, reference: str, act: str, form: Form) -> AnswerResult:
    """Records an act on an appeal. Raises Refused and Stale."""
    case = find(connection, reference)
    role = permit(who, act, subject_of(connection, case.id, act, who), role=form.get("role") or None)
    staff = Staff(reference, who.name, role, form.version())
    moved = examining.act_on_appeal(connection, staff, FORMS[act](staff, form), clock.now(), notices)
    keep_note(connection, who, case.id, form)
    return moved


def keep_note(connection: Connection, who: Acting, case_id: int, form: Form) -> None:
    """Keeps the reason in words beside the decision, where one was written."""
    if said := form.get("note"):
        add_note(connection, who, case_id, said, clock.now())


@post("/cases/{reference:str}/desk/{deed:str}", opt={"act": "read_case"}, sync_to_thread=True)
def share_out(request: Asked, reference: FromPath[str], deed: FromPath[str]) -> Template | Redirect:
    """Takes a case, hands it back, or leaves a note on it: nothing that decides anything."""
    if deed not in DEEDS:
        raise NotFoundException
    who, form, reference = reader_of(request), request.state.form, normal(reference)

    def work(connection: Connection) -> None:
        DEEDS[deed](connection, Deed(who, find(connection, reference).id, clock.now(), form.number("version")), form)

    try:
        transact(work)
    except (Refused, Stale) as refused:
        return again(request, reference, refused)
    place = "#happened" if deed == NOTE else ""  # where the note now stands
    return go("/console/queues" if deed == HAND_BACK else f"/console/cases/{reference}{place}")


def handed_back(connection: Connection, deed: Deed) -> None:
    """Hands a case back, and closes it."""
    sharing.hand_back(connection, deed, notices)
    close(connection, deed.who, deed.case_id)


DEEDS: dict[str, Callable[[Connection, Deed, Form], None]] = {
    "take": lambda connection, deed, form: sharing.take(connection, deed, notices),
    HAND_BACK: lambda connection, deed, form: handed_back(connection, deed),
    NOTE: lambda connection, deed, form: add_note(connection, deed.who, deed.case_id, form.get("note"), deed.at),
}


def findings_in(form: Form) -> list[Finding]:
    """What is found on each contested value."""
    found = []
    for name, value in form.pairs:
        if name.startswith(FINDING):
            way, _, reason = value.partition(":")
            found.append(Finding(name.removeprefix(FINDING), way == "uphold", reason))
    return found


def require_text(form: Form) -> str:
    """What the household says. Raises Refused where nothing is written."""
    if not (text := form.get("text")):
        raise Refused("statement_missing", "Write what the household says.")
    return text


Made = Callable[[examining.Act], Evidence]
FORMS: dict[str, Callable[[Staff, Form], Made]] = {
    "ask_information": lambda staff, form: examining.request(staff, form.all("asked")),
    "propose_decision": lambda staff, form: examining.verdict(staff, findings_in(form)),
    "agree_to_decision": lambda staff, form: examining.agreement(staff),
    "return_decision": lambda staff, form: examining.agreement(staff, form.get("reason") or "none"),
    "escalate": lambda staff, form: examining.escalation(staff),
    "retry_correction": lambda staff, form: examining.retry(staff),
    "add_text": lambda staff, form: examining.text_at_desk(require_text(form)),
}


def shown_or_done(request: Asked, step: Step) -> Template | Redirect:
    """Records a decision whose words were seen, and leads to them before; back to the case with what was typed."""
    form = request.state.form
    if form.get(BACK):
        keep_typed(request, step.case)
        return go(f"{step.case}?kept=1")
    try:
        if not step.silent and not form.get(CONFIRMED):
            require_right(request, step)
            keep_typed(request, step.address)
            return go(step.address)
        done = transact(lambda connection: recorded(connection, reader_of(request), step, form))
    except (Refused, Stale) as refused:
        return again(request, step.reference, refused)
    drop_typed(request, step.address)
    wake_after_answer(done.queues)
    return go(f"{step.case}?done={done.event}")


def recorded(connection: Connection, who: Acting, step: Step, form: Form) -> AnswerResult:
    """Records a decision; nobody is told any more that its author has the case open."""
    done = step.record(connection, form)
    close(connection, who, find(connection, step.reference).id)
    return done


def require_right(request: Asked, step: Step) -> None:
    """Raises Refused for a reader who may not decide this there."""
    who, role = reader_of(request), request.state.form.get("role") or None
    with transaction() as connection:
        case = find(connection, step.reference)
        permit(who, step.act, subject_of(connection, case.id, step.act, who), role=role)


def tried(request: Asked, step: Step) -> Template | Redirect:
    """Shows what a decision would say; the case's page again where it would be refused, or nothing of it is kept."""
    form = request.state.form = read_typed(request, step.address)
    try:
        if not form.pairs:
            require_right(request, step)
            return go(step.case)
        told = rehearse(lambda connection: step.record(connection, form), step.reference)
    except (Refused, Stale) as refused:
        return again(request, step.reference, refused)
    of_person = note_preview(reader_of(request), step.reference) == ENROLMENT.kind
    shown: dict[str, Any] = {"form": form, "chosen": list(chosen(console_language(request), form)), "told": told}
    return page(request, "preview.html", reference=step.reference, what=step.what, of_person=of_person, **shown)


def chosen(language: str, form: Form) -> Iterator[str]:
    """What was chosen, in words, to be read once more before it is recorded."""
    verdict, _, reason = form.get("answer").partition(":")
    if reason:
        yield word(language, reason)
    yield from (finding(language, each) for each in findings_in(form))
    yield from (f"{who + 1}{text(language, ':')} {word(language, reason)}" for who, _, reason in answers_in(form))
    yield from (value_name(language, path) for path in (form.all("about") if verdict != "clear" else ()))


def note_preview(who: Acting, reference: str) -> str:
    """Notes that somebody read what would be told: of the rehearsal itself nothing is left. Returns the case's kind."""
    with transaction() as connection:
        case = find(connection, reference)
        role = permit(who, "read_case", subject_of(connection, case.id, "read_case", who))
        note_reading(connection, who, Doing(Act.READ_CASE, clock.now(), [case.id], role))
    return case.kind


def again(request: Asked, reference: str, refused: Refused | Stale) -> Template:
    """The case's page with what was typed, why it was refused, and what happened since it was opened."""
    form = request.state.form
    shown = case_for(reader_of(request), reference, clock.now(), form)
    seen = form.number("version") or 0
    since = [each for each in shown.view.events if each.seq > seen] if isinstance(refused, Stale) else []
    status = status_of(refused) if isinstance(refused, Refused) else STATUS[Stale]
    problem = refused if isinstance(refused, Refused) else Refused("moved_on", str(refused))
    return case_page(request, shown, status=status, refused=problem, typed=form, since=since)


HANDLERS = [
    answer_review,
    try_review,
    answer_identity,
    try_identity,
    act_on_appeal,
    try_act_on_appeal,
    share_out,
]
