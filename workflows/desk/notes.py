"""What people leave at the desk beside a case: notes for colleagues, and who was given it, by whom, and when."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from models.database import Connection, scalar
from models.errors import NotFound, Refused
from models.patterns import LONGEST_TEXT
from workflows.audit.acts import Act
from workflows.bodies.text import canonical
from workflows.staff.guard import Acting, Subject, permit
from workflows.staff.noting import Doing, sign_act
from workflows.staff.roles import Territory
from workflows.staff.signatures import OFFICER

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # no line and no tab
ASSIGNED, HANDED_BACK, PRIORITY, NOTE = "assigned", "handed_back", "priority", "note"
MOST_NOTES = 200  # of one case (assumed)
ENTER = """
    insert into desk_entry (case_id, at, actor, what, given_to, priority, text) values (%s, %s, %s, %s, %s, %s, %s)
"""
ENTRIES = """
    select case_id, at, actor, what, given_to, priority, text from desk_entry where case_id = %s order by id
"""
WHERE = "select region, province from cases where id = %s for key share"
NOTES = f"select count(*) from desk_entry where case_id = %s and what = '{NOTE}'"


class Entry(NamedTuple):
    """Something that somebody did at the desk: `assigned` (to whom), `handed_back` (by whom it was held), `priority`
    (which), `note` (its text; None: erased).
    """

    case_id: int
    at: datetime
    actor: str
    what: str
    to: str | None = None
    priority: int | None = None
    text: str | None = None


def enter(connection: Connection, entry: Entry) -> None:
    """Keeps an entry."""
    connection.execute(ENTER, entry)


def entries_of(connection: Connection, case_id: int) -> Sequence[Entry]:
    """Everything that people did at the desk with a case, in order."""
    return [Entry(*row) for row in connection.execute(ENTRIES, [case_id])]


def add_note(connection: Connection, who: Acting, case_id: int, text: str, now: datetime) -> None:
    """Keeps a note for colleagues on a case, whatever its stage.

    Raises Refused for who may not, for a text that is empty or too long, and for one note too many; NotFound.
    """
    row = connection.execute(WHERE, [case_id]).fetchone()
    if row is None:
        raise NotFound("There is no such case.")
    role = permit(who, "add_note", Subject(Territory(*row)))
    said = "\n".join(canonical(line) for line in CONTROL.sub("", text).splitlines()).strip()
    if not said or len(said) > LONGEST_TEXT:
        raise Refused("note_length", f"A note has 1 to {LONGEST_TEXT} characters.")
    if scalar(connection, NOTES, [case_id]) >= MOST_NOTES:
        raise Refused("too_many_notes", f"A case takes {MOST_NOTES} notes at most.")
    by = sign_act(connection, OFFICER, who.name, Doing(Act.ADD_NOTE, now, [case_id], role))
    enter(connection, Entry(case_id, now, by, NOTE, None, None, said))
