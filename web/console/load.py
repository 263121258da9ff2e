"""The supervisors' page: who has how much to do, how long cases wait, whose term ends soon; and cases change hands."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Request, get, post
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, snapshot, transact
from models.errors import Refused
from notifications.notices import notices
from web.console.forms import Form
from web.console.live import live_page, note_look
from web.console.pages import go, may, reader_of
from web.errors import status_of
from workflows.audit.acts import Act, Purpose
from workflows.desk.areas import areas_of
from workflows.desk.bulk import MOST, Outcome, in_bulk
from workflows.desk.colleagues import Colleague, colleague, colleagues
from workflows.desk.load import ageing, due, load
from workflows.desk.sharing import Deed, assign
from workflows.staff.guard import Acting

HERE = "/console/load"
Asked = Request[Any, Any, Any]


@get("/load", opt={"act": "read_load"}, sync_to_thread=True)
def show_load(request: Asked) -> Template:
    """The load of a territory."""
    note_look(request, Act.READ_LOAD, Purpose.OVERSIGHT)
    return load_page(request)


def load_page(request: Asked, **context: Any) -> Template:
    """The page, with what became of an act."""
    who, now, holder = reader_of(request), clock.now(), request.query_params.get("holder") or None
    with snapshot() as connection:
        people = load(connection, who, now)
        ages, listed = ageing(connection, who, now), due(connection, who, now, holder)
        others = colleagues(connection, areas_of(who, "read_load"))
    given = {"refused": None, "chosen": (), "to": None, **context}
    return live_page(
        request,
        "operations/load",
        people=people,
        ages=ages,
        listed=listed[:MOST],
        more=len(listed) > MOST,
        names={each.holder: each.name for each in people},
        holder=holder,
        colleagues=others,
        assigns=may(who, "assign_case"),
        reads_cases=may(who, "read_case"),
        done=request.query_params.get("done", ""),
        failed=failures_in(request.query_params.get("not", "")),
        **given,
    )


def failures_in(said: str) -> list[tuple[str, str]]:
    """The codes with which cases did not change hands, each with how many, from the address."""
    pairs = [each.partition(":") for each in said.split(",") if each]
    return [(code, count) for code, _, count in pairs if count.isdecimal()]


@post("/load", opt={"act": "assign_case"}, sync_to_thread=True)
def reassign(request: Asked) -> Template | Redirect:
    """Gives the chosen cases to a colleague, each where that is possible."""
    form, who, now = request.state.form, reader_of(request), clock.now()
    try:
        case_ids = chosen(form)
        outcomes = transact(lambda connection: give_all(connection, who, case_ids, receiver(connection, form), now))
    except Refused as refused:
        typed = {"chosen": form.all("case"), "to": form.number("to")}
        return load_page(request, status=status_of(refused), refused=refused, **typed)
    failed = Counter(each.code for each in outcomes if not each.done)
    said = {"done": len(outcomes) - failed.total(), "not": ",".join(f"{code}:{n}" for code, n in failed.items())}
    kept = {"holder": form.get("holder")} if form.get("holder") else {}
    return go(f"{HERE}?{urlencode({**kept, **said})}")


def chosen(form: Form) -> list[int]:
    """The cases that a form names. Raises Refused where it names none."""
    found = [int(each) for each in form.all("case") if each.isascii() and each.isdecimal() and len(each) < 19]
    if not found:
        raise Refused("none_chosen", "Choose at least one case.")
    return found


def receiver(connection: Connection, form: Form) -> Colleague:
    """Who is to have the cases. Raises Refused where the form does not say."""
    account = form.number("to")
    found = colleague(connection, account) if account is not None else None
    if found is None:
        raise Refused("no_colleague", "Say who is to have the cases.")
    return found


def give_all(
    connection: Connection, who: Acting, case_ids: Sequence[int], to: Colleague, now: datetime
) -> list[Outcome]:
    """Gives each of these cases to a colleague; what became of each."""
    return in_bulk(connection, case_ids, lambda each: assign(connection, Deed(who, each, now), to.name, notices))


HANDLERS = [show_load, reassign]
