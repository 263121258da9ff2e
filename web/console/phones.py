"""Another phone for a household that lost its own: declared at a desk, by an officer who saw who declares it.

It opens a change as any other does. Both numbers are told at once, and the new one opens the household's file when
nobody objected for some days.
"""

from typing import Any

from litestar import Request, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from models import clock
from models.database import Connection, transact
from models.days import day_of
from models.errors import Refused, Stale
from notifications.notices import notices
from tasks.wake import wake_after_intake
from web.console.deciding import again
from web.console.forms import Form
from web.console.pages import go, reader_of
from workflows.bodies import reading
from workflows.bodies.change import ChangeRequest
from workflows.bodies.fields import Phone
from workflows.casework.changes import DeclaredChange, Sender, declare_change, phone_that_waits, registered_household
from workflows.intake.receipts import find, normal
from workflows.staff.guard import Acting, permit
from workflows.staff.subjects import subject_of

ACT = "declare_change"


@post("/cases/{reference:str}/phone", opt={"act": ACT}, sync_to_thread=True)
def take_phone(request: Request[Any, Any, Any], reference: FromPath[str]) -> Template | Redirect:
    """Declares another phone of a registered household, and leads to that change."""
    who, form, reference = reader_of(request), request.state.form, normal(reference)
    try:
        change = transact(lambda connection: declared(connection, who, reference, form))
    except (Refused, Stale) as refused:
        return again(request, reference, refused)
    wake_after_intake()
    return go(f"/console/cases/{change}?done=UpdateReceived")


def declared(connection: Connection, who: Acting, reference: str, form: Form) -> str:
    """Opens the change, unless this number waits already; returns its reference. Raises NotFound, and Refused where
    another one waits.
    """
    case, now = find(connection, reference), clock.now()
    role = permit(who, ACT, subject_of(connection, case.id, ACT, who))
    if not form.get("seen"):
        raise Refused("person_not_seen", "Look at the identity document of who declares the household first.")
    phone = reading.text(Phone, form.get("phone"), "phone")
    if waits := phone_that_waits(connection, case.household_id, lock=True):
        if waits.phone == phone:
            return waits.reference
        raise Refused(
            "another_phone_waits", "Another number of this household waits already. Take that one back first."
        )
    known = registered_household(connection, case)
    request = ChangeRequest(
        change="contact",
        true_from=day_of(now),
        based_on=known.version,
        declaration=known.declaration.model_copy(update={"phone": phone}),
    )
    sender = Sender(officer=who.name, role=role)
    return declare_change(connection, DeclaredChange(reference, request, sender), now, notices).reference


HANDLERS = [take_phone]
