"""What the guard must know of a case before somebody acts on it: where it belongs, and whose work it is."""

from models.database import Connection
from workflows.appeals.holding import ASSIGNING
from workflows.staff.guard import Acting, Subject
from workflows.staff.rights import RIGHTS, Whose
from workflows.staff.roles import COUNTRY, Territory
from workflows.staff.signatures import OFFICER, pseudonym

WHERE = "select region, province from cases where id = %s"
HOLDER = "select facts ->> 'to' from event where case_id = %s and kind = any(%s) order by seq desc limit 1"
PROPOSER = "select actor from event where case_id = %s and kind = any(%s) order by seq desc limit 1"
HELD = [each.__name__ for each in ASSIGNING]
PROPOSED = ["RefusalProposed", "DecisionProposed", "CommissionFound", "EnrolmentAttested"]


def subject_of(connection: Connection, case_id: int, act: str, who: Acting) -> Subject:
    """Where a case belongs, and, where the right to this act depends on it, whether it is the work of who acts."""
    actor = actor_of(connection, case_id, act)
    return Subject(territory_of(connection, case_id), actor == pseudonym(OFFICER, who.name) if actor else None)


def territory_of(connection: Connection, case_id: int) -> Territory:
    """Where a case belongs."""
    row = connection.execute(WHERE, [case_id]).fetchone()
    return Territory(*row) if row else COUNTRY


def actor_of(connection: Connection, case_id: int, act: str) -> str | None:
    """The pseudonym of whose work it is: of who holds the case, or of who proposed what another one agrees to.

    None where nobody's, and for an act that asks for neither.
    """
    whose = set(RIGHTS[act].values())
    if Whose.OTHERS in whose:
        row = connection.execute(PROPOSER, [case_id, PROPOSED]).fetchone()
    elif Whose.OWN in whose:
        row = connection.execute(HOLDER, [case_id, HELD]).fetchone()
    else:
        return None
    return row[0] if row else None
