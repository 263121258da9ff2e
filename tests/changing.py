"""Declares changes of registered households in tests."""

from datetime import date
from typing import Any

from models import clock
from models.database import transaction
from models.days import day_of
from notifications.notices import notices
from tests.filing import Body
from workflows.bodies import reading
from workflows.bodies.change import ChangeRequest
from workflows.casework.changes import DeclaredChange, Departure, Sender, declare_change, declare_departure
from workflows.doctor import examine
from workflows.history.replay import replay
from workflows.intake.submit import Accepted


def change_of(body: Body, kind: str, cause: str | None = None, *, based_on: int = 1, **more: Any) -> ChangeRequest:
    """A change of this kind, true from today, by which the household is as this body says."""
    declared = {name: value for name, value in body.items() if name != "application"}
    day = more.pop("true_from", day_of(clock.now()))
    sent = {"change": kind, "true_from": day.isoformat(), "based_on": based_on, "declaration": declared}
    return reading.valid(ChangeRequest, sent | ({"cause": cause} if cause else {}))


def declare(receipt: Accepted, request: ChangeRequest, **sender: Any) -> Accepted:
    """Declares a change with the receipt's secret, or as the sender says."""
    by = Sender(**sender) if sender else Sender(secret=receipt.secret)
    with transaction() as connection:
        return declare_change(connection, DeclaredChange(receipt.reference, request, by), clock.now(), notices)


def depart(receipt: Accepted, idcs: str, true_from: date | None = None, officer: str = "amina") -> Accepted:
    """An adult says at a desk that they left."""
    departure = Departure(receipt.reference, idcs, true_from or day_of(clock.now()), officer)
    with transaction() as connection:
        return declare_departure(connection, departure, clock.now(), notices)


def without(body: Body, position: int = -1) -> Body:
    """The body without this member; where they declared it, the first member does."""
    members = [dict(each) for each in body["members"]]
    gone = members.pop(position)
    if gone.get("declarant"):
        next(each for each in members if each["relationship"] == "head")["declarant"] = True
    return body | {"members": members}


def nothing_wrong() -> bool:
    """Every row is as its events say, and every decision is the same again; a clock that a test moved aside."""
    with transaction() as connection:
        wrong = {name: count for name, count in examine(connection).items() if count and name != "events_ahead"}
        again = replay(connection)
    assert not wrong, wrong
    assert not again.mismatches, again.mismatches
    return True
