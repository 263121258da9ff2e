"""The operators' page of the cases that failed: parked, quarantined, and at held stages; and how they are sent on."""

from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from litestar import Request, get, post
from litestar.response import Redirect, Template

from models.database import snapshot, transaction
from models.errors import Refused, SijilError
from tasks.resuming import Resumed, resume_all, resume_set
from web.console.background import work_for
from web.console.live import live_page, note_look
from web.console.pages import go, may, reader_of
from web.errors import status_of
from workflows.audit.acts import Act
from workflows.intake.receipts import find
from workflows.queue.failed import ParkedAlike, held_stages, parked_case, parked_groups, quarantined_groups
from workflows.staff.guard import permit
from workflows.staff.subjects import subject_of
from workflows.staff.territories import within

HERE = "/console/operations/parked"
NAMED = 10  # references of a group
Asked = Request[Any, Any, Any]


@get("/operations/parked", opt={"act": "read_operations"}, sync_to_thread=True)
def show_failed(request: Asked) -> Template:
    """All cases that failed, grouped by their error."""
    note_look(request, Act.READ_OPERATIONS)
    return failed_page(request)


def failed_page(request: Asked, **context: Any) -> Template:
    """The page, with what became of an order."""
    who = reader_of(request)
    where = within(who, "read_operations")
    with snapshot() as connection:
        parked, quarantined = parked_groups(connection, NAMED, where), quarantined_groups(connection, NAMED, where)
        held = held_stages(connection)
    asked = request.query_params
    given = {"refused": None, "resumed": asked.get("resumed", ""), "left": asked.get("left", ""), **context}
    return live_page(
        request,
        "operations/parked",
        parked=[each | {"key": key_of(each)} for each in parked],
        quarantined=quarantined,
        held=held,
        goes_on="on" in asked,
        operates=may(who, "resume_parked"),
        reads_cases=may(who, "read_case"),
        **given,
    )


def key_of(group: dict[str, Any]) -> str:
    """A name for a group that stays as long as the group does."""
    return sha256("\n".join((group["kind"], group["stage"], group["error"])).encode()).hexdigest()[:12]


@post("/operations/parked/retry", opt={"act": "resume_parked"}, sync_to_thread=True)
def retry(request: Asked) -> Template | Redirect:
    """Sends one case on, or all that are parked alike."""
    form = request.state.form
    try:
        return resume_one(request, form.get("reference")) if form.get("reference") else resume_alike(request)
    except Refused as refused:
        return failed_page(request, status=status_of(refused), refused=refused)


def resume_one(request: Asked, reference: str) -> Redirect:
    """Sends one case on. Raises NotFound for an unknown reference, Refused for a case that is not parked."""
    who = reader_of(request)
    with transaction() as connection:
        case = find(connection, reference)
        permit(who, "resume_parked", subject_of(connection, case.id, "resume_parked", who))
        if parked_case(connection, case.id) is None:
            raise Refused("not_parked", f"{reference} is not parked: it is '{case.stage}'.")
    try:
        done = Resumed(resume_set([case.id], who.name).cases)
    except SijilError:
        done = Resumed(0, 1)
    return told(done, goes_on=False)


def resume_alike(request: Asked) -> Redirect:
    """Sends on all that are parked alike, for some seconds before the answer and the rest after it."""
    form, who = request.state.form, reader_of(request)
    alike = ParkedAlike(form.get("error"), form.get("kind"), form.get("stage"), within(who, "resume_parked"))
    answer = work_for("\n".join(["resume", *map(str, alike)]), resume_all(alike, who.name))
    if answer.last is None and not answer.goes_on:
        raise Refused("nothing_parked", "No case is parked with this error.")
    return told(answer.last if isinstance(answer.last, Resumed) else Resumed(), goes_on=answer.goes_on)


def told(done: Resumed, *, goes_on: bool) -> Redirect:
    """Back to the page, which says what was done."""
    return go(f"{HERE}?{urlencode({**done._asdict(), **({'on': 1} if goes_on else {})})}")


HANDLERS = [show_failed, retry]
