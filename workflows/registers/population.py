"""The local population register: a query of our own table of persons."""

from collections.abc import Mapping, Sequence

from models.arrays import array
from models.database import Connection
from workflows.evidence import Compared, RegisteredPerson
from workflows.matching.compared import compared
from workflows.registers.ports import DeclaredPerson

# Who died by one entry is dead by every other entry of the same person.
PERSONS = """
    select idcs, given_name_ar, family_name_ar, given_name_la, family_name_la, birth_date, birth_precision,
        case when status = 'alive' and exists (
            select from person_merge m join person o on o.idcs in (m.idcs, m.kept_idcs)
            where m.kept_idcs = coalesce((select kept_idcs from person_merge where idcs = p.idcs), p.idcs)
            and o.status = 'deceased'
        ) then 'deceased' else status end
    from person p where idcs = any(%s::text[])
"""


class LocalRegister:
    """Answers from the table `person`, for a whole batch at once."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def compare(self, people: Sequence[DeclaredPerson]) -> Sequence[Compared | None]:
        """Each of these people beside the table's entry, in the order of the question; None for who is not in it."""
        known = self.stored(list({each.idcs for each in people}))
        return [compared(each, person) if (person := known.get(each.idcs)) is not None else None for each in people]

    def stored(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        """What the table keeps of these persons; an unknown identifier has no entry."""
        rows = self.connection.execute(PERSONS, [array(idcs)]).fetchall()
        return {row[0]: RegisteredPerson(*row[1:]) for row in rows}
