"""The local population register: a query of our own table of persons."""

from collections.abc import Mapping, Sequence

from models.arrays import array
from models.database import Connection
from workflows.evidence import RegisteredPerson
from workflows.registers.ports import Answer

PERSONS = """
    select idcs, given_name_ar, family_name_ar, given_name_la, family_name_la, birth_date, birth_precision, status
    from person where idcs = any(%s::text[])
"""


class LocalRegister:
    """Answers from the table `person`, for a whole batch at once."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def persons(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson | Answer]:
        """The persons that the register knows, by identifier; an unknown identifier has no entry."""
        rows = self.connection.execute(PERSONS, [array(idcs)]).fetchall()
        return {row[0]: RegisteredPerson(*row[1:]) for row in rows}
