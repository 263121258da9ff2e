"""What the stages ask of the world, and which messages are owed. The engine hands it in; tests hand in their own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple, Protocol

from workflows.casefile import CaseFile
from workflows.events import Recorded
from workflows.evidence import Holder, OpenedCase, RegisteredPerson


class Answer(Enum):
    """What a register says in place of an answer."""

    NONE = "no answer"  # for this one; others have theirs


class PopulationRegister(Protocol):
    """Who is who. Raises Unavailable where it answers nothing at all."""

    def persons(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson | Answer]:
        """Those of these identifiers that the register knows, and `Answer.NONE` for each that it cannot tell now."""


class SocialRegister(Protocol):
    """What our own register and open cases say of a batch at once."""

    def claim_persons(self, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
        """Claims every member for its case, in key order; returns by case id who else holds some (nobody: absent).

        A case that loses one goes to a person, and the engine then lets go of all of them.
        """

    def households_by_phone(self, phones: Sequence[str]) -> Mapping[str, int]:
        """How many households gave each phone."""

    def last_versions(self, household_ids: Sequence[int | None]) -> Mapping[int | None, int]:
        """The number of each household's last version; absent where it has none."""


class Cases(Protocol):
    """What one case may know of another."""

    def opened_by(self, case_ids: Sequence[int]) -> Mapping[int, OpenedCase]:
        """What became of the last case that each of these opened; absent where that is still under way."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What a batch of one moment may ask."""

    now: datetime
    population: PopulationRegister
    register: SocialRegister
    cases: Cases


class Notice(NamedTuple):
    """A message that an event makes owed."""

    template: str  # which message it is, by its key in the catalogues
    channel: str  # "sms" | "letter"
    language: str  # that of the declaration
    recipient: str | None  # a phone number; None for a letter
    body: str  # the text as the citizen reads it


# Pure: what an event makes owed, given the file before it and the stage that it led to.
Notices = Callable[[CaseFile, Recorded, str], Sequence[Notice]]


@dataclass(frozen=True, slots=True)
class Adapters:
    """What the engine is handed from the layers above it: it builds none of this itself."""

    ports: Callable[[Any, datetime], Ports]  # given the batch's connection and moment
    notices: Notices
