"""What the stages ask of the world, and which messages are owed. The engine hands it in; tests hand in their own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from workflows.casefile import CaseFile
from workflows.events import Recorded
from workflows.evidence import Holder, RegisteredPerson


class PopulationRegister(Protocol):
    """Who is who. Raises Unavailable where it does not answer."""

    def persons(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        """Those of these identifiers that the register knows."""


class SocialRegister(Protocol):
    """What our own register and open cases say of a batch at once."""

    def claim_persons(self, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
        """Claims every member for its case, in key order; returns by case id who else holds some (nobody: absent).

        A case that loses one goes to a person, and the engine then lets go of all of them.
        """

    def households_by_phone(self, phones: Sequence[str]) -> Mapping[str, int]:
        """How many households gave each phone."""

    def last_versions(self, household_ids: Sequence[int]) -> Mapping[int, int]:
        """The number of each household's last version; absent where it has none."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What a batch of one moment may ask."""

    now: datetime
    population: PopulationRegister
    register: SocialRegister


class Notice(NamedTuple):
    """A message that an event makes owed."""

    template: str  # which message it is, by its key in the catalogues
    channel: str  # "sms" | "letter"
    language: str  # that of the declaration
    recipient: str | None  # a phone number; None for a letter
    body: str  # the text as the citizen reads it


Notices = Callable[[CaseFile, Recorded], Sequence[Notice]]  # pure: what an event makes owed


@dataclass(frozen=True, slots=True)
class Adapters:
    """What the engine is handed from the layers above it."""

    population: Callable[[Any], PopulationRegister]  # given the batch's connection
    notices: Notices
