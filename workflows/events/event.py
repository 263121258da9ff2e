"""What every event is, and those that happen beside every flow."""

from datetime import datetime
from typing import ClassVar

import msgspec

KINDS: dict[str, type["Event"]] = {}  # every kind by its name


class Event(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True, omit_defaults=True):
    """The facts of a decision. Case, sequence, time and actor are the row's."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        KINDS[cls.__name__] = cls

    interactive: ClassVar[bool] = False  # a person waits for what follows, from now on

    @property
    def since(self) -> datetime | None:
        """From when the stage's periods count, where that is not the moment of the event."""
        return None


class BodyTaken(Event, frozen=True, kw_only=True):
    """The case has a new body from now on, which is stored beside."""

    body: int  # its number
    digest: str  # of its stored bytes, under its salt


class TextTaken(Event, frozen=True, kw_only=True):
    """A person said something in their own words, which are stored beside under the event's sequence."""

    digest: str  # of the stored text, under its salt


class CaseOpened(BodyTaken, frozen=True, kw_only=True):
    """A case begins: what its row, its receipt and its body say. Each kind of case has an event of its own for it."""

    channel: str  # "api" | "import" | "case": opened by another case
    kind: str  # of case
    lane: int
    reference: str
    household: int = 0  # 0: it is about none
    key: str = ""  # the digest of what tells a repetition from a new one, under the body's salt; opened by a case: none
    parent: int = 0  # the case that opened it, and the sequence of the event that did
    parent_seq: int = 0


class CaseParked(Event, frozen=True, kw_only=True, tag=True):
    """Our fault: it failed alone too often and waits for an operator, with its error."""

    stage: str
    error: str
    tries: int


class CaseResumed(Event, frozen=True, kw_only=True, tag=True):
    """An operator sent it on from where it failed."""

    stage: str


class CaseErased(Event, frozen=True, kw_only=True, tag=True):
    """Personal facts were erased by law; hashes and commitments stay."""

    events: int


for each in (BodyTaken, TextTaken, CaseOpened):  # what several kinds have in common is none
    del KINDS[each.__name__]


# What happens beside every flow: an operator's affair, of which nobody is told.
OPERATION: tuple[type[Event], ...] = (CaseParked, CaseResumed, CaseErased)


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An event with what its row adds."""

    seq: int
    at: datetime
    actor: str
    event: Event
