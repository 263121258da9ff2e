"""What the guard must know of a case before somebody acts on it."""

from models.database import Connection
from workflows.staff.guard import Subject
from workflows.staff.roles import Territory

WHERE = "select region, province from cases where id = %s"


def subject_of(connection: Connection, case_id: int) -> Subject:
    """Where a case belongs."""
    row = connection.execute(WHERE, [case_id]).fetchone()
    return Subject(Territory(*row)) if row else Subject()
