"""What happens to a change of a registered household, beside what it shares with a registration."""

from datetime import datetime
from decimal import Decimal

import msgspec

from workflows.events.event import BodyTaken, CaseOpened, Event
from workflows.events.registration import ProgrammeEligibility


class UpdateReceived(CaseOpened, frozen=True, kw_only=True, tag=True):
    """A registered household says what has changed; the receipt was given."""


class ChangeAccepted(Event, frozen=True, kw_only=True, tag=True):
    """The change was made on the household's last version, and can be worked on."""

    version: int
    fields: tuple[str, ...]  # that it changes; none names a person


class CorrectionAccepted(Event, frozen=True, kw_only=True, tag=True):
    """The correction that an upheld appeal opened stands on the last version, and can be worked on.

    It is about the past, and people decided it: the population register is not asked who of the members lives today.
    """

    version: int
    fields: tuple[str, ...]


class DepartureDeclared(Event, frozen=True, kw_only=True, tag=True):
    """An adult says that they left a household that they do not head: it is told, and a caseworker will decide."""

    version: int
    fields: tuple[str, ...]


class ReviewOrdered(Event, frozen=True, kw_only=True, tag=True):
    """A supervisor lets a household's entry be looked at again: another one's appeal showed a cause that both share."""

    version: int


class RegisterTold(Event, frozen=True, kw_only=True, tag=True):
    """The population register told of a death, or of two entries of one person: this household's entry follows, or a
    caseworker looks at it.
    """

    version: int
    fields: tuple[str, ...] = ()  # that it changes; none names a person


class EntryToCompare(Event, frozen=True, kw_only=True, tag=True):
    """The population register corrected a birth date of a member: the household's entry is compared with it."""

    version: int


class EntryAgrees(Event, frozen=True, kw_only=True, tag=True):
    """The household's entry agrees with the corrected one as it is: nothing changes."""

    rules: str


class RegisterTookBack(Event, frozen=True, kw_only=True, tag=True):
    """The population register took back what it had told, before anything changed here."""


class ChangeRebased(BodyTaken, frozen=True, kw_only=True, tag=True):
    """The new body has the change as it is beside another one: of other fields, which came first, or of a later day."""

    version: int  # the household's last, on which it is based now


class ChangeKeptOpen(Event, frozen=True, kw_only=True, tag=True):
    """Nobody answered, but a person whom the change lets go is in another household now: its term begins anew."""


class ChangeOvertaken(Event, frozen=True, kw_only=True, tag=True):
    """Another change of the household was registered while this one waited: both are brought together first."""

    version: int  # the household's last


class ChangeConflicts(Event, frozen=True, kw_only=True, tag=True):
    """Another change of the household came first, of the same fields: the citizen is shown both, and chooses."""

    version: int  # the household's last
    fields: tuple[str, ...]


class RemovalAnnounced(Event, frozen=True, kw_only=True, tag=True):
    """The household asks to be removed: it is told, and may take that back until the stage's term is over."""

    version: int


class RemovalDue(Event, frozen=True, kw_only=True, tag=True):
    """Nobody took the removal back in its term."""


class NewPhoneAnnounced(Event, frozen=True, kw_only=True, tag=True):
    """Another phone is to be the household's, and nobody showed both: each is told, and the change may be withdrawn
    until the stage's term is over.
    """


class NewPhoneDue(Event, frozen=True, kw_only=True, tag=True):
    """Nobody withdrew the change of phone in its term."""


class HouseholdGone(Event, frozen=True, kw_only=True, tag=True):
    """The household left the register before this change of it was looked at."""


class MovedVariable(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A variable of the index that has another value, and its term of the sum; None: it did not count then."""

    variable: str
    before: Decimal | None
    after: Decimal | None
    contribution_before: Decimal | None
    contribution_after: Decimal | None


class KnownSpan(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How long a version is true; without `until`, it still is."""

    version: int
    since: datetime
    until: datetime | None = None


class PastChange(msgspec.Struct, frozen=True, gc=False):
    """What the register knows of a household's past from now on: which periods (by number) it closes, which it adds."""

    known_from: datetime
    closed: tuple[int, ...]
    added: tuple[KnownSpan, ...]


class EarlierVersion(msgspec.Struct, frozen=True, gc=False):
    """A version that is true in the place of an older one, for days before those of the household's new version."""

    version: int
    replaces: int
    score: Decimal
    eligibilities: tuple[ProgrammeEligibility, ...]


class UnreachedVersion(msgspec.Struct, frozen=True, gc=False):
    """An older version that held a wrong value too, but is true of no time from the correction's day on.

    None is true in its place; its index is the one that it should have had.
    """

    version: int
    score: Decimal


class HouseholdChanged(Event, frozen=True, kw_only=True, tag=True):
    """The household stands in the register in this version from a day on, and what moved by that."""

    version: int
    score: Decimal
    score_before: Decimal | None  # None: erased
    eligibilities: tuple[ProgrammeEligibility, ...]
    past: PastChange
    corrects: int = 0  # the version in whose place this one is true, because that one was wrong
    moved: tuple[MovedVariable, ...] = ()
    gained: tuple[str, ...] = ()  # programmes
    lost: tuple[str, ...] = ()
    earlier: tuple[EarlierVersion, ...] = ()
    unreached: tuple[UnreachedVersion, ...] = ()


class HouseholdEnded(Event, frozen=True, kw_only=True, tag=True):
    """The household is in the register no more, from a day on: it asked for that, or its last member died."""

    cause: str
    past: PastChange


class ChangeTold(Event, frozen=True, kw_only=True, tag=True):
    """The household is owed the outcome of its change, in the ledger."""


class LossTold(Event, frozen=True, kw_only=True, tag=True):
    """The household is owed the outcome: it does not meet some programmes' thresholds any more, and is told why."""

    programmes: tuple[str, ...]
