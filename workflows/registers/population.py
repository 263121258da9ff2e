"""The local population register: a query of our own table of persons."""

from collections.abc import Mapping, Sequence

from models.arrays import array
from models.database import Connection
from workflows.evidence import Compared, RegisteredPerson
from workflows.matching.compared import compared
from workflows.registers.ports import DeclaredPerson

# Who died by one entry is dead by every other one of the same person. Few have two: theirs are found first, so that
# nothing is looked up for each of the others.
PERSONS = """
    with kept as materialized (
        select kept_idcs from person_merge where idcs = any(%(idcs)s::text[])
        union select kept_idcs from person_merge where kept_idcs = any(%(idcs)s::text[])
    ), dead as materialized (
        select distinct m.kept_idcs from kept join person_merge m using (kept_idcs)
        join person o on o.idcs in (m.idcs, m.kept_idcs) where o.status = 'deceased'
    ), dead_entry as materialized (
        select m.idcs from person_merge m join dead using (kept_idcs) union select kept_idcs from dead
    )
    select idcs, given_name_ar, family_name_ar, given_name_la, family_name_la, birth_date, birth_precision,
        case when idcs in (select idcs from dead_entry) then 'deceased' else status end
    from person where idcs = any(%(idcs)s::text[])
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
        rows = self.connection.execute(PERSONS, {"idcs": array(idcs)}).fetchall()
        return {row[0]: RegisteredPerson(*row[1:]) for row in rows}
