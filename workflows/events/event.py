"""What every event is, and those that happen beside every flow."""

from datetime import date, datetime
from typing import ClassVar

import msgspec

KINDS: dict[str, type["Event"]] = {}  # every kind by its name


class Event(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True, omit_defaults=True):
    """The facts of a decision. Case, sequence, time and actor are the row's."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        KINDS[cls.__name__] = cls

    interactive: ClassVar[bool] = False  # a person waits for what follows, from now on
    in_bulk: ClassVar[bool] = False  # many at once, whose messages let all others pass

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

    channel: str  # "api" | "page" | "office" | "import" | "case": opened by another case | "register"
    kind: str  # of case
    lane: int
    reference: str
    household: int = 0  # 0: it is about none
    key: str = ""  # the digest of what tells a repetition from a new one, under the body's salt; opened by a case: none
    parent: int = 0  # the case that opened it, and the sequence of the event that did
    parent_seq: int = 0
    proved: bool = False  # who sent it has its phone at hand, or an office vouches for them


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


class DocumentAdded(Event, frozen=True, kw_only=True, tag=True):
    """A document was given for the case. What it shows is stored beside, sealed; the name of its file nowhere."""

    document: str  # its id
    digest: str  # of its sealed bytes
    media_type: str
    size: int  # of what it shows, in bytes
    pages: int
    moment: str  # for what it was given: a code
    shows: str  # what whoever gave it says that it shows: a code


class DocumentRemoved(Event, frozen=True, kw_only=True, tag=True):
    """A document was taken back before the decision: what it shows is gone; that it was there stays."""

    document: str


class MessageRepeated(Event, frozen=True, kw_only=True, tag=True):
    """Nothing proves that a message arrived on which a term hangs: another one follows."""

    of: int  # the sequence of the event that made the first message owed
    event: str  # the kind of that event
    first: datetime  # when that was
    channel: str  # of the message that follows: "sms" | "letter"
    renews: bool = False  # the term of the stage begins anew, so that nobody loses the days
    counts_from: datetime | None = None  # where it is not the moment of the event: a letter is on its way first

    @property
    def since(self) -> datetime | None:
        """From when that term counts."""
        return self.counts_from


class ConfirmationReminded(Event, frozen=True, kw_only=True, tag=True):
    """The household of this case was asked to look through its declaration and to confirm it once more."""

    in_bulk: ClassVar[bool] = True

    version: int  # the household's last one
    reminder: int  # from 1, of those that the terms have for one version
    day: date  # before which it should confirm


class ChangeInvited(Event, frozen=True, kw_only=True, tag=True):
    """The population register told of something by which this household may have changed: it is asked to say so."""

    in_bulk: ClassVar[bool] = True

    version: int  # the household's last one
    happened: str  # the kind of life event
    source: str  # the feed, and the position in it
    position: int
    day: date  # before which it should say so


for each in (BodyTaken, TextTaken, CaseOpened):  # what several kinds have in common is none
    del KINDS[each.__name__]


# What happens beside every flow: an operator's affair, of which nobody is told.
OPERATION: tuple[type[Event], ...] = (CaseParked, CaseResumed, CaseErased)
# Documents come and go beside the flow, too: they move no case, and make nothing stale that its household has begun.
DOCUMENTS: tuple[type[Event], ...] = (DocumentAdded, DocumentRemoved)
# What may only make a message owed: nothing that its household has begun becomes stale by it.
REMINDING: tuple[type[Event], ...] = (MessageRepeated, ConfirmationReminded, ChangeInvited)
BESIDE_THE_FLOWS = (*OPERATION, *DOCUMENTS, *REMINDING)  # no stage decides on one of these


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An event with what its row adds."""

    seq: int
    at: datetime
    actor: str
    event: Event
