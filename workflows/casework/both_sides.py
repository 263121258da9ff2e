"""Shows an officer both sides of who does not agree with the population register: what is declared, what it keeps."""

from collections.abc import Callable, Mapping, Sequence

from models.database import transaction
from models.errors import DatabaseAway, Unavailable
from workflows.audit.pseudonyms import IDCS, person
from workflows.casework.case_view import CaseView
from workflows.evidence import RegisteredPerson
from workflows.staff.guard import Acting
from workflows.staff.noting import Doing, note_reading

Stored = Callable[[Sequence[str]], Mapping[str, RegisteredPerson]]  # what the register keeps of these persons


def both_sides(stored: Stored, who: Acting, view: CaseView, doing: Doing) -> CaseView:
    """The case with what the register keeps now of the members who do not agree with it; the audit notes of whom.

    Call it with no transaction open: the register may be elsewhere, and slow. Where it gives no answer, the view says
    so. What cannot be noted is not shown.
    """
    doubted = [each.declared.idcs for each in view.members if each.doubt]
    if not doubted:
        return view
    try:
        found = stored(doubted)
    except DatabaseAway:
        raise
    except Unavailable:
        return view.without_register()
    with transaction() as connection:
        note_reading(connection, who, doing, sorted(person(IDCS, idcs) for idcs in found))
    return view.beside(found)
