"""The ports: what a stage may ask of the world, and which messages an event makes owed.

The layers above give the adapters; tests give their own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple, Protocol

from workflows.casefile import CaseFile
from workflows.events.event import Recorded
from workflows.evidence import Comparison, CorrectionOutcome, Holder, OpenedCase, RegisteredPerson


class Answer(Enum):
    """What a register gives in place of an answer."""

    NONE = "no answer"  # about this person; it answers about others


class PopulationRegister(Protocol):
    """Knows every person. Raises Unavailable where it gives no answer at all."""

    def persons(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson | Answer]:
        """The persons with these identifiers that the register knows; `Answer.NONE` for each it cannot tell now."""


class SocialRegister(Protocol):
    """Knows our own register and cases, and answers about a whole batch at once."""

    def claim_persons(self, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
        """Claims every member for its case, in key order; returns by case which other households hold some.

        A case that misses a person goes to a review, and the engine then releases all persons of the case.
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

    def corrections(self, contested: Mapping[int, tuple[int, int]]) -> Mapping[int, CorrectionOutcome]:
        """The outcome of the last change that each of these appeals opened, with the index as it was contested.

        Absent while that change is still open.
        """


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports that one batch may ask, at one moment."""

    now: datetime
    population: PopulationRegister
    register: SocialRegister
    cases: Cases


class Notice(NamedTuple):
    """A message that an event makes owed."""

    template: str  # its key in the catalogues
    channel: str  # "sms" | "letter"
    language: str  # of the declaration
    recipient: str | None  # a phone number; None for a letter
    body: str  # the text as the citizen reads it


# A pure function: the messages that an event makes owed, given the file before it and the stage to which it led.
Notices = Callable[[CaseFile, Recorded, str], Sequence[Notice]]


@dataclass(frozen=True, slots=True)
class Adapters:
    """What the layers above give to the engine, which builds none of it itself."""

    ports: Callable[[Any, datetime], Ports]  # given the batch's connection and moment
    notices: Notices
