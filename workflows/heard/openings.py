"""Opens the case of a household that a life event calls for: nobody filed it, and it opens once for each event."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from models.database import Connection
from models.days import day_of
from workflows.bodies.change import CORRECTION, REMOVAL, UPDATE, Change, HeardEvent
from workflows.bodies.declaration import Declaration
from workflows.casefile import NewCase
from workflows.casework.changes import without
from workflows.casework.same_cause import open_new
from workflows.engine.lanes import UPDATE as UPDATE_LANE
from workflows.engine.opening import Origin, case_numbers, opening
from workflows.evidence import Submission
from workflows.heard.households import Home
from workflows.heard.told import LifeEvent
from workflows.intake.receipts import OPENED_BY_REGISTER
from workflows.registers.ports import Notices

CHANNEL = "register"
OF_KEY = "select c.id, c.open from receipt r join cases c on c.id = r.case_id where r.idempotency_key = %s"


@dataclass(frozen=True, slots=True)
class Hearing:
    """In which feed an event stands, when it is applied, and whether it was before, and waited for cases since."""

    source: str
    now: datetime
    notices: Notices
    again: bool = False


class Opened(NamedTuple):
    """The case of an event and a household: its number, whether it is open, and whether it was opened just now."""

    case_id: int
    open: bool = True
    new: bool = True


def open_case(connection: Connection, event: LifeEvent, home: Home, hearing: Hearing) -> Opened:
    """Opens the case of this household because of an event, or finds the one that was opened because of it before."""
    key = f"{OPENED_BY_REGISTER}{hearing.source}:{event.position}:{home.household_id}"
    if row := connection.execute(OF_KEY, [key]).fetchone():
        return Opened(row[0], row[1], new=False)
    (number,) = case_numbers(connection, 1)
    new = NewCase(UPDATE, UPDATE_LANE, home.household_id, body_of(event, home, hearing))
    made = opening(number, new, Origin(CHANNEL, key), Submission(at=hearing.now), hearing.notices)
    open_new(connection, [made], hearing.now)
    return Opened(number)


def body_of(event: LifeEvent, home: Home, hearing: Hearing) -> Change:
    """What the case says: whoever died is left out, where a machine can say what is left; else nothing changes yet."""
    heard = HeardEvent.model_validate(
        {
            "kind": event.kind,
            "source": hearing.source,
            "position": event.position,
            "idcs": event.idcs,
            "other": event.other,
        }
    )
    if event.kind != "death":
        return Change(**of_entry(home), life_event=heard)
    day = day_of_death(event, home, hearing.now)
    return Change(**of_death(home, event.idcs), true_from=day, based_on=home.version, life_event=heard)


def of_entry(home: Home) -> dict[str, Any]:
    """A correction of the last version with nothing changed yet: whatever is found counts from its first day."""
    return {
        "change": CORRECTION,
        "cause": "error",
        "true_from": day_of(home.since),
        "based_on": home.version,
        "decided_on": home.decided_on,
        "declaration": home.declaration,
    }


def of_death(home: Home, idcs: str) -> dict[str, Any]:
    """The household without the dead; of the only member, its end; of a head, as it is, for people to say what is."""
    if len(home.declaration.members) == 1:
        return {"change": REMOVAL, "cause": "death", "declaration": home.declaration}
    return {
        "change": "member_left",
        "cause": "death",
        "declaration": left_by(home.declaration, idcs) or home.declaration,
    }


def left_by(declaration: Declaration, idcs: str) -> Declaration | None:
    """The household without this member; None where nobody can say without its people what it is then."""
    leaver = next(each for each in declaration.members if each.idcs == idcs)
    if leaver.relationship == "head":
        return None
    try:
        return Declaration.restored(without(declaration, leaver).stored())
    except ValidationError:
        return None


def day_of_death(event: LifeEvent, home: Home, now: datetime) -> date:
    """The day on which it happened, as far as the household was in the register and that day has come."""
    return min(max(event.on or day_of(event.at), home.first_day), day_of(now))
