"""What people do from the queues: take the next case or this one, share out many at once, call the commission.

Nothing is decided here. Each act leads back to a page that says what became of it.
"""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from litestar import Request, get, post
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transact
from models.errors import NotFound, Refused
from notifications.notices import notices
from web.console.desk import queue_page
from web.console.desk_view import PATH, View
from web.console.forms import Form
from web.console.outcomes import Told, seal
from web.console.pages import go, page, reader_of, session_of
from workflows.casework.examining import Staff, act_on_appeal, escalation
from workflows.desk.bulk import Outcome, in_bulk
from workflows.desk.colleagues import colleague
from workflows.desk.next_case import Next, in_turn, next_case
from workflows.desk.notes import add_note
from workflows.desk.sharing import Deed, assign, set_priority, take
from workflows.intake.receipts import find, normal
from workflows.staff.guard import Acting, permit
from workflows.staff.subjects import subject_of

Asked = Request[Any, Any, Any]
Acts = Callable[[Connection, int], object]  # what is done to one case
TAKE, ASSIGN, PRIORITY, NOTE, ESCALATE = "take", "assign", "priority", "note", "escalate"
ACTS = (TAKE, ASSIGN, PRIORITY, NOTE)
AS_EVENTS_SAY = "0"  # a priority that a supervisor takes back
OF_REFERENCES = "select case_id, reference from receipt where reference = any(%s)"


@post("/next", opt={"act": "take_case"}, sync_to_thread=True)
def take_next(request: Asked) -> Redirect:
    """Gives the reader their best next case, and opens it; says so where nothing is left."""
    who, now, unwanted = reader_of(request), clock.now(), request.state.form.all("besides")

    def take(connection: Connection) -> Next | None:
        return next_case(connection, who, now, notices, list(cases_of(connection, unwanted)))

    found = in_turn(lambda: transact(take))
    return go(case_address(found.reference) if found else f"{PATH}?none=1")


def case_address(reference: str) -> str:
    """The page of a case."""
    return f"/console/cases/{quote(reference)}"


@post("/queues", opt={"act": "read_queue"}, sync_to_thread=True)
def act_on_many(request: Asked) -> Template | Redirect:
    """Does one act to each of the chosen cases, and says of each what became of it."""
    form, who = request.state.form, reader_of(request)
    view = View.at_address(form.get("next"))
    try:
        do = act_of(who, form)
        outcomes = transact(lambda connection: done_to(connection, form.all("case"), lambda each: do(connection, each)))
    except (Refused, NotFound) as error:
        refused = error if isinstance(error, Refused) else Refused("no_colleague", str(error))
        return queue_page(request, view, typed=form, refused=refused)
    return back(request, view, form.get("do"), outcomes)


def act_of(who: Acting, form: Form) -> Acts:
    """What a form asks for. Raises Refused where it does not say enough, or who acts may do it nowhere."""
    if not form.all("case"):
        raise Refused("none_chosen", "Choose at least one case.")
    makers = {TAKE: taking, ASSIGN: assigning, PRIORITY: prioritizing, NOTE: noting}
    if form.get("do") not in makers:
        raise Refused("unknown_act", "The form does not say what is to be done.")
    return makers[form.get("do")](who, form)


def taking(who: Acting, form: Form) -> Acts:
    """Who acts takes the case."""
    permit(who, "take_case")
    now = clock.now()
    return lambda connection, case_id: take(connection, Deed(who, case_id, now), notices)


def assigning(who: Acting, form: Form) -> Acts:
    """A supervisor gives the case to a colleague."""
    permit(who, "assign_case")
    now, account = clock.now(), form.number("to")
    if account is None:
        raise Refused("no_colleague", "Say who is to have the cases.")

    def give(connection: Connection, case_id: int) -> None:
        found = colleague(connection, account)
        if found is None:
            raise Refused("no_colleague", "There is no such account.")
        assign(connection, Deed(who, case_id, now), found.name, notices)

    return give


def prioritizing(who: Acting, form: Form) -> Acts:
    """A supervisor says how early the case goes."""
    permit(who, "set_priority")
    now, priority = clock.now(), form.number("priority")
    if priority is None:
        raise Refused("no_priority", "Say how early the cases go.")
    wanted = None if form.get("priority") == AS_EVENTS_SAY else priority
    return lambda connection, case_id: set_priority(connection, Deed(who, case_id, now), wanted)


def noting(who: Acting, form: Form) -> Acts:
    """Who acts leaves a note for colleagues."""
    permit(who, "add_note")
    now, text = clock.now(), form.get("note")
    if not text:
        raise Refused("note_length", "A note has at least one character.")
    return lambda connection, case_id: add_note(connection, who, case_id, text, now)


def cases_of(connection: Connection, references: Sequence[str]) -> dict[int, str]:
    """The cases of these references, however they are written; those that there are not are left out."""
    wanted = [normal(each) for each in references]
    return dict(connection.execute(OF_REFERENCES, [wanted]).fetchall()) if wanted else {}


def done_to(
    connection: Connection, references: Sequence[str], do: Callable[[int], object]
) -> list[tuple[str, Outcome]]:
    """Does it to each of these cases; what became of each, with its reference."""
    cases = cases_of(connection, references)
    return [(cases[each.case_id], each) for each in in_bulk(connection, cases, do)]


def back(request: Asked, view: View, act: str, outcomes: Sequence[tuple[str, Outcome]]) -> Redirect:
    """To the list, which says what became of an act."""
    done = [reference for reference, each in outcomes if each.done]
    failed = [(reference, each.code) for reference, each in outcomes if not each.done]
    told = seal(session_of(request).digest, Told(act, done, failed))
    return go(view.address(at=view.at, told=told))


@get("/queues/escalate", opt={"act": "escalate"}, sync_to_thread=True)
def ask_escalation(request: Asked) -> Template:
    """Asks whether an appeal goes before the commission, which nobody takes back."""
    query = request.query_params
    address = View.at_address(query.get("next", "")).address()
    return page(request, "desk_escalate.html", reference=normal(query.get("case", "")), next=address)


@post("/queues/escalate", opt={"act": "escalate"}, sync_to_thread=True)
def escalate(request: Asked) -> Redirect:
    """Sends an appeal to the commission."""
    form, who, now = request.state.form, reader_of(request), clock.now()

    def send(connection: Connection, case_id: int, reference: str) -> None:
        role = permit(who, "escalate", subject_of(connection, case_id, "escalate", who))
        staff = Staff(reference, who.name, role)
        act_on_appeal(connection, staff, escalation(staff), now, notices)

    def do(connection: Connection) -> list[tuple[str, Outcome]]:
        row = find(connection, form.get("case"))
        reference = normal(form.get("case"))
        return done_to(connection, [reference], lambda case_id: send(connection, row.id, reference))

    return back(request, View.at_address(form.get("next")), ESCALATE, transact(do))


HANDLERS = [take_next, act_on_many, ask_escalation, escalate]
