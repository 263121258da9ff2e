"""The ports: what a stage may ask of the world, and which messages an event makes owed.

The layers above give the adapters; tests give their own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple, Protocol

from workflows.casefile import CaseFile
from workflows.events.enrolment import Candidate
from workflows.events.event import Recorded
from workflows.events.registration import Doubt
from workflows.evidence import Compared, Comparison, CorrectionOutcome, Holder, OpenedCase, RegisteredPerson
from workflows.matching.twins import Newcomer
from workflows.matching.verdict import Named


class Answer(Enum):
    """What a register gives in place of an answer."""

    NONE = "no answer"  # about this person; it answers about others


class DeclaredPerson(Named, Protocol):
    """A person as somebody declares them: what a population register is asked about. A member of a household is one."""

    @property
    def idcs(self) -> str:
        """The digital civil and social identifier."""

    @property
    def birth_date(self) -> date:
        """Of a year alone 01-01, of a month alone its first day."""

    @property
    def birth_precision(self) -> str:
        """How much of the birth date is known: "year", "month" or "day"."""


class PopulationRegister(Protocol):
    """Knows every person, and compares. It gives no stored value to a decision.

    Raises Unavailable where it gives no answer at all.
    """

    def compare(self, people: Sequence[DeclaredPerson]) -> Sequence[Compared | Answer | None]:
        """Each of these people beside the register's entry, in the order of the question.

        None: it knows no such identifier; `Answer.NONE`: it cannot tell now.
        """

    def stored(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        """What the register keeps of these persons, for an officer who must see both sides; never for a stage.

        Whoever asks has it noted in the audit.
        """


class RemotePopulation(PopulationRegister, Protocol):
    """A population register elsewhere. The engine asks it under a lease, with no transaction open."""

    @property
    def longest(self) -> float:
        """Seconds that a question takes at most."""

    def asked_by(self, officer: str) -> PopulationRegister:
        """The same as this officer asks it, by their pseudonym, which the register notes."""

    def left_alone(self) -> timedelta | None:
        """For how long it is still left alone; None: it may be asked."""

    def most(self) -> int:
        """About how many persons it is asked at once; while it is only tried, about one."""

    def counts(self) -> Mapping[str, float]:
        """For operators: the counters `register_calls`, `register_persons` and `register_failures` of this process, and
        `register_open`, which is 1 while the register is left alone.
        """


class SocialRegister(Protocol):
    """Knows our own register and cases, and answers about a whole batch at once."""

    def claim_persons(self, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
        """Claims every member for its case, in key order; returns by case which other households hold some.

        A case that misses a person goes to a review, and the engine then releases all persons of the case.
        """

    def declared_twice(self, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
        """By case the members, claimed before, of whom the population register has another entry that another
        household holds, or the same one declares.
        """

    def households_by_phone(self, phones: Sequence[str]) -> Mapping[str, int]:
        """How many households gave each phone."""

    def last_versions(self, household_ids: Sequence[int | None]) -> Mapping[int | None, int]:
        """The number of each household's last version; absent where it has none."""

    def about_to_leave(
        self, files: Mapping[int, CaseFile], held: Mapping[int, Sequence[Holder]]
    ) -> Mapping[int, tuple[int, ...]]:
        """For each file, the members whom another household holds and has said to let go."""

    def compare(self, files: Sequence[CaseFile]) -> Mapping[int, Comparison]:
        """Each change beside its household's last version; a declaration with both changes is stored at once."""

    def households(self, household_ids: Sequence[int]) -> Mapping[int, Any]:
        """What is known of each household: the fields of `HouseholdState`, as a named tuple."""

    def persons_lost(self, files: Sequence[CaseFile]) -> Collection[int]:
        """The cases which do not hold all their persons any more, and may not take them over now."""

    def confirmed(
        self, doubts: Mapping[int, Sequence[Doubt]], files: Sequence[CaseFile]
    ) -> Mapping[int, Collection[int]]:
        """For each of these doubted cases, the members of whom a caseworker confirmed just this doubt before, in a case
        of the household, as they are declared now.
        """

    def given_away(self, case_ids: Sequence[int]) -> Mapping[int, Collection[str]]:
        """Whom each of these updates lets go, and its household holds no more: another one was given them."""

    def waiting_in_circles(self) -> Collection[int]:
        """The cases that wait for persons whose households wait for theirs."""


class Cases(Protocol):
    """Knows what became of the cases that others opened."""

    def opened_by(self, case_ids: Sequence[int]) -> Mapping[int, OpenedCase]:
        """The outcome of the last case that each of these opened; absent while that case is still open."""

    def standing(self, decisions: Sequence[tuple[int, int]]) -> Collection[tuple[int, int]]:
        """Those of these decisions, by case and sequence, that no later decision about the household replaced."""

    def when_reached(self, decisions: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], datetime | None]:
        """Those of these decisions of which a message told, each with when its delivery was proved; None: it is not."""

    def corrections(self, contested: Mapping[int, tuple[int, int]]) -> Mapping[int, CorrectionOutcome]:
        """The outcome of the last change that each of these appeals opened, with the index as it was contested.

        Absent while that change is still open.
        """


class Duplicates(Protocol):
    """Finds who is enrolled already under another spelling."""

    def candidates(self, people: Sequence[Newcomer]) -> Sequence[tuple[Candidate, ...]]:
        """For each of these people those of the register who may be the same, the likeliest first."""

    def together(self, people: Sequence[Newcomer]) -> Sequence[int | None]:
        """For each of these people, none of whom is in the register yet, the place of the first one before who may be
        the same and is like nobody before; None: nobody.
        """


class Identifiers(Protocol):
    """Issues identifiers. Raises Broken where none are left."""

    def hold(self) -> None:
        """Lets nobody else search and issue until this transaction ends: each sees whom the one before enrolled."""

    def issue(self, count: int) -> Sequence[str]:
        """So many identifiers, each for ever for one person."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports that one batch may ask, at one moment."""

    now: datetime
    population: PopulationRegister
    register: SocialRegister
    cases: Cases
    duplicates: Duplicates
    identifiers: Identifiers


class Notice(NamedTuple):
    """A message that an event makes owed."""

    template: str  # its key in the catalogues
    channel: str  # "sms" | "letter" | "email"
    language: str  # of the declaration
    recipient: str | None  # a phone number or an e-mail address; None for a letter
    body: str  # the text as the citizen reads it


# A pure function: the messages that an event makes owed, given the file before it and the stage to which it led.
Notices = Callable[[CaseFile, Recorded, str], Sequence[Notice]]


@dataclass(frozen=True, slots=True)
class Adapters:
    """What the layers above give to the engine, which builds none of it itself."""

    ports: Callable[[Any, datetime], Ports]  # given the batch's connection and moment
    notices: Notices
    remote: RemotePopulation | None = None  # the population register, where it is elsewhere
