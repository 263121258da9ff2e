"""What people and the gateway know when all is over, by which the count goes."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from models.database import Connection
from trials.chaos.answers import Answers
from trials.chaos.households import Declared
from trials.chaos.staff import Pause
from trials.generator.answers import Json


class CaseStatus(NamedTuple):
    """The kind and stage of a case; the commune of its present declaration holds the mark of a correction."""

    case_id: int
    kind: str
    stage: str
    commune: str | None


@dataclass
class Observed:
    """What is known outside of the engine."""

    receipts: Mapping[str, str]  # the reference by the sender's key
    bodies: list[Json]
    delivered: Counter[str]  # how often the gateway wrote each reference down
    changed: list[str] = field(default_factory=list)
    answers: Answers = field(default_factory=Answers)
    pauses: list[Pause] = field(default_factory=list)
    updates: dict[str, Declared] = field(default_factory=dict)  # by reference
    appeals: Collection[str] = ()  # their references
    late: Collection[int] = ()  # cases that waited for a register for longer than their back-off
    register: str = ""  # the address of the population register's database; empty: it is this one

    @property
    def references(self) -> Iterator[tuple[str, str]]:
        """Each key, or what was declared, with the reference that was given for it."""
        yield from self.receipts.items()
        yield from (
            (f"{declared.intent.kind} of {declared.registration}", ref) for ref, declared in self.updates.items()
        )
        yield from (("appeal", reference) for reference in self.appeals)


# Names each case for which a promise was broken.
Check = Callable[[Connection, Observed, Mapping[str, CaseStatus]], Iterator[str]]
