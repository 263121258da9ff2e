"""Who is enrolled already: the likely duplicates of people who are about to be enrolled."""

from collections.abc import Sequence

from models.database import Connection
from workflows.events.enrolment import Candidate
from workflows.matching.duplicates.record import record_about
from workflows.matching.twins import Newcomer, earlier_twins
from workflows.registers import duplicates


class LikelyDuplicates:
    """Answers the port `Duplicates` by a search for each of them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def candidates(self, people: Sequence[Newcomer]) -> list[tuple[Candidate, ...]]:
        """For each of these people who may be the same, whom an officer looks at first the first."""
        return [self.of_person(each) for each in people]

    def together(self, people: Sequence[Newcomer]) -> list[int | None]:
        """For each of these people the place of the first one before who may be the same, as the register would find
        them; None: nobody.
        """
        if len(people) < 2:
            return [None] * len(people)
        return earlier_twins(people, duplicates.known_context(self.connection, *map(record_about, people)))

    def of_person(self, person: Newcomer) -> tuple[Candidate, ...]:
        """The same for one."""
        found = duplicates.likely_duplicates(self.connection, record_about(person))
        return tuple(
            Candidate(each.idcs, each.zone, tuple([reason.code for reason in each.reasons]), round(each.bits, 1))
            for each in found.candidates
        )
