"""Notes in the audit that somebody tried what they have no right to: whoever looks around in other offices is seen."""

from models import clock
from models.database import transaction
from models.errors import SijilError
from workflows.audit.acts import Act
from workflows.intake.receipts import find
from workflows.staff.guard import Acting
from workflows.staff.noting import Doing, note_reading

WITHOUT_RIGHT = ("another_role", "another_territory")  # the codes of the guard's refusals (guard.py)


def note_without_right(who: Acting, act: str, why: str, typed: str) -> None:
    """Notes it in a transaction of its own, for that of the act is rolled back.

    `act`: what was tried, a right of rights.py; `why`: the code of the refusal; `typed`: the reference of the case, ''
    where it was about none.
    """
    with transaction() as connection:
        try:
            case_ids = [find(connection, typed).id] if typed else []
        except SijilError:
            case_ids = []
        role, detail = next(iter(who.roles), ""), {"act": act, "why": why}
        note_reading(connection, who, Doing(Act.ACT_REFUSED, clock.now(), case_ids, role, detail=detail))
