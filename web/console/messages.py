"""The operators' page of messages that failed, or of which nobody knows whether they were sent."""

from typing import Any
from urllib.parse import urlencode

from litestar import Request, get, post
from litestar.response import Redirect, Template

from models import clock
from models.database import snapshot, transaction
from models.errors import Refused
from notifications.ledger import Choice, settle, unsent_groups
from tasks.resending import resend_all
from web.console.background import work_for
from web.console.live import live_page, note_look
from web.console.pages import go, may, reader_of
from web.errors import status_of
from workflows.audit.acts import Act
from workflows.intake.receipts import find
from workflows.queue.monitor import messages
from workflows.staff.guard import permit
from workflows.staff.subjects import subject_of
from workflows.staff.territories import within

HERE = "/console/operations/messages"
NAMED = 20  # references of a group
SETTLED = ("sent", "failed")
UNSENT = ("failed", "stuck")
Asked = Request[Any, Any, Any]


@get("/operations/messages", opt={"act": "read_operations"}, sync_to_thread=True)
def show_messages(request: Asked) -> Template:
    """Messages that were not sent, grouped by what the gateway answered."""
    note_look(request, Act.READ_OPERATIONS)
    return messages_page(request)


def messages_page(request: Asked, **context: Any) -> Template:
    """The page, with what became of an order."""
    who = reader_of(request)
    with snapshot() as connection:
        counts, groups = messages(connection), unsent_groups(connection, NAMED, within(who, "read_operations"))
    asked = request.query_params
    given = {"refused": None, "resent": asked.get("resent", ""), "settled": asked.get("settled", ""), **context}
    return live_page(
        request,
        "operations/messages",
        counts=counts,
        groups=groups,
        goes_on="on" in asked,
        operates=may(who, "settle_messages"),
        reads_cases=may(who, "read_case"),
        **given,
    )


@post("/operations/messages/resend", opt={"act": "settle_messages"}, sync_to_thread=True)
def resend(request: Asked) -> Template | Redirect:
    """Has the messages of a group sent again, or those of one case."""
    choice, who = choice_of(request), reader_of(request)
    answer = work_for("\n".join(["resend", *map(str, choice)]), resend_all(choice, who.name))
    if answer.last is None and not answer.goes_on:
        refused = Refused("nothing_to_retry", "No such message failed or is stuck.")
        return messages_page(request, status=status_of(refused), refused=refused)
    return go(f"{HERE}?{urlencode({'resent': answer.last or 0, **({'on': 1} if answer.goes_on else {})})}")


@post("/operations/messages/settle", opt={"act": "settle_messages"}, sync_to_thread=True)
def settle_stuck(request: Asked) -> Template | Redirect:
    """Records what became of a case's stuck messages, as the operator learned from the gateway's operators."""
    choice, who, to = choice_of(request), reader_of(request), request.state.form.get("result")
    try:
        if to not in SETTLED or choice.case_id is None:
            raise Refused("bad_form", "Say which message, and whether it was sent.")
        with transaction() as connection:
            count = settle(connection, choice._replace(statuses=("stuck",), error=None), to, who.name, clock.now())
        if not count:
            raise Refused("nothing_stuck", "No such message of this case is stuck any more.")
    except Refused as refused:
        return messages_page(request, status=status_of(refused), refused=refused)
    return go(f"{HERE}?{urlencode({'settled': count})}")


def choice_of(request: Asked) -> Choice:
    """The messages that a form names, within the operator's territory. Raises NotFound for an unknown reference."""
    form, who, case_id = request.state.form, reader_of(request), None
    if reference := form.get("reference"):
        with transaction() as connection:
            case_id = find(connection, reference).id
            permit(who, "settle_messages", subject_of(connection, case_id, "settle_messages", who))
    statuses = (form.get("status"),) if form.get("status") in UNSENT else UNSENT
    where = within(who, "settle_messages")
    return Choice(statuses, case_id, next(iter(form.all("error")), None), form.get("template") or None, where)


HANDLERS = [show_messages, resend, settle_stuck]
