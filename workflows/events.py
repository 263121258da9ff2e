"""Every decision there is, in the past tense. Kinds are for ever: a contract test loads one stored example of each.

Facts are codes and values, never sentences: they must be enough to explain the decision later, in any language.
"""

from datetime import datetime
from decimal import Decimal
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


# Opening -------------------------------------------------------------------------------------------


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


class ApplicationReceived(CaseOpened, frozen=True, kw_only=True, tag=True):
    """A household declared itself; the receipt was given."""


class UpdateReceived(CaseOpened, frozen=True, kw_only=True, tag=True):
    """A registered household says what has changed; the receipt was given."""


# Comparison with the register ----------------------------------------------------------------------


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


class ChangeRebased(BodyTaken, frozen=True, kw_only=True, tag=True):
    """Another change of the household came first, of other fields: the declaration has both now."""

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


class HouseholdGone(Event, frozen=True, kw_only=True, tag=True):
    """The household left the register before this change of it was looked at."""


# Verification --------------------------------------------------------------------------------------


class Mismatch(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Why a member (position in the declaration) does not agree with the population register."""

    member: int
    reason: str  # "unknown" | "deceased" | "name_differs" | "birth_date_differs"


class PersonsVerified(Event, frozen=True, kw_only=True, tag=True):
    """The population register knows every member under this name and birth date, and alive."""

    rules: str


class MembersMismatched(Event, frozen=True, kw_only=True, tag=True):
    """The register does not know, or does not agree on, some members; the citizen is asked."""

    rules: str
    mismatches: tuple[Mismatch, ...]


class CorrectionReceived(BodyTaken, frozen=True, kw_only=True, tag=True):
    """The citizen declared again."""

    interactive: ClassVar[bool] = True


class CorrectionReminded(Event, frozen=True, kw_only=True, tag=True):
    """The citizen has not answered yet and is reminded for the n-th time."""

    reminder: int


class Lapsed(Event, frozen=True, kw_only=True, tag=True):
    """No answer came in time. Not a refusal: the citizen can reopen it."""


class CaseReopened(Event, frozen=True, kw_only=True, tag=True):
    """The citizen took the lapsed application up again."""

    interactive: ClassVar[bool] = True


class CaseWithdrawn(Event, frozen=True, kw_only=True, tag=True):
    """The citizen took the application back."""

    stage: str  # where it stood


# Scoring -------------------------------------------------------------------------------------------


class Contribution(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One term of the sum: a variable, its value, its coefficient, and their product."""

    variable: str
    value: Decimal
    coefficient: Decimal
    product: Decimal


class ScoreComputed(Event, frozen=True, kw_only=True, tag=True):
    """The socio-economic index, exact, with every term that is not zero."""

    policy: str
    score: Decimal
    constant: Decimal
    region: Decimal
    contributions: tuple[Contribution, ...]


# Screening -----------------------------------------------------------------------------------------


class Signal(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A reason to look, never a verdict. `members` are positions; `cases` those that it concerns beside this one."""

    code: str  # of a file in workflows/fraud/
    members: tuple[int, ...] = ()
    cases: tuple[int, ...] = ()
    count: int = 0


class NothingSuspicious(Event, frozen=True, kw_only=True, tag=True):
    """No signal that a person must look at; `noted` are those kept for the record."""

    rules: str
    noted: tuple[Signal, ...] = ()
    taken_over: tuple[int, ...] = ()  # members whom a caseworker gives to this household, though another holds them


class DuplicateSuspected(Event, frozen=True, kw_only=True, tag=True):
    """Another household claims one of these persons; a caseworker sees both."""

    rules: str
    signals: tuple[Signal, ...]


class PersonsLost(Event, frozen=True, kw_only=True, tag=True):
    """Since its screening a person of the case went to another household, or stays there: it is screened anew."""


class PersonAwaited(Event, frozen=True, kw_only=True, tag=True):
    """Other households hold some of these persons, and have said that they let them go: the case waits for that."""

    rules: str
    members: tuple[int, ...]  # positions
    households: tuple[int, ...]  # that hold them, in the same order
    begun: datetime  # since when it waits, however often it was woken in between


class PersonLetGo(Event, frozen=True, kw_only=True, tag=True):
    """What the case waited for has ended: the persons are looked at again."""


class PersonNotLetGo(Event, frozen=True, kw_only=True, tag=True):
    """The wait is over and the persons are held still: a caseworker will look.

    `circle`: each household of a circle waits for the next, so that none would ever go first.
    """

    circle: bool = False


class ReviewReopened(Event, frozen=True, kw_only=True, tag=True):
    """A review that was cleared is there again: the same review goes on, at its place by age, and the citizen, who
    knows of it, is told nothing anew.
    """

    rules: str
    signals: tuple[Signal, ...]
    begun: datetime  # when the review was

    @property
    def since(self) -> datetime:
        """It keeps its place by age."""
        return self.begun


class ReviewCleared(Event, frozen=True, kw_only=True, tag=True):
    """A caseworker found nothing against the household; it is screened again."""

    reason: str


class CorrectionAsked(Event, frozen=True, kw_only=True, tag=True):
    """A caseworker asks the citizen to correct the declaration."""

    reason: str


class RefusalProposed(Event, frozen=True, kw_only=True, tag=True):
    """A first caseworker would refuse: the citizen is heard, then a second caseworker must agree."""

    reason: str


class StatementReceived(TextTaken, frozen=True, kw_only=True, tag=True):
    """The citizen answered what is held against them: the review goes on."""

    interactive: ClassVar[bool] = True
    begun: datetime  # when the review was

    @property
    def since(self) -> datetime:
        """It keeps its place by age."""
        return self.begun


class HearingReminded(Event, frozen=True, kw_only=True, tag=True):
    """The citizen has not answered yet what is held against them, and is reminded for the n-th time."""

    reminder: int


class HearingUnanswered(Event, frozen=True, kw_only=True, tag=True):
    """Nobody answered in the hearing's term: the review goes on, and silence decides nothing."""

    begun: datetime  # when the review was

    @property
    def since(self) -> datetime:
        """It keeps its place by age."""
        return self.begun


class ApplicationRefused(Event, frozen=True, kw_only=True, tag=True):
    """Two caseworkers refused."""

    reason: str
    proposed_by: str


class ReviewOverdue(Event, frozen=True, kw_only=True, tag=True):
    """Nobody decided in time; the case moves up. Never decides against the household."""

    times: int


# Approval and notice -------------------------------------------------------------------------------


class ProgrammeEligibility(msgspec.Struct, frozen=True, gc=False):
    """Whether the score meets a programme's threshold on that day."""

    programme: str
    policy: str
    threshold: Decimal
    eligible: bool


class HouseholdApproved(Event, frozen=True, kw_only=True, tag=True):
    """The household stands in the register, in this version, with its score."""

    version: int
    score: Decimal
    eligibilities: tuple[ProgrammeEligibility, ...]


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


class CorrectedVersion(msgspec.Struct, frozen=True, gc=False):
    """An older version that held the wrong value too, and the one that is true in its place."""

    version: int
    corrects: int
    score: Decimal
    eligibilities: tuple[ProgrammeEligibility, ...]


class UnreachedVersion(msgspec.Struct, frozen=True, gc=False):
    """An older version that held the wrong value too, but is true of no time from the correction's day on.

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
    earlier: tuple[CorrectedVersion, ...] = ()
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


class NoticesIssued(Event, frozen=True, kw_only=True, tag=True):
    """The outcome is owed to the declarant, in the ledger."""

    programmes: tuple[str, ...]  # those whose threshold is met


# Appeals -------------------------------------------------------------------------------------------


class AppealLodged(CaseOpened, frozen=True, kw_only=True, tag=True):
    """A household contests a decision; the receipt was given."""


class Finding(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What an appeal comes to on one contested value, or on the decision as a whole: `path` as in its body."""

    path: str
    upheld: bool
    reason: str  # a code


class AppealQueued(Event, frozen=True, kw_only=True, tag=True):
    """The appeal waits for a caseworker, whether it came in time or not, and whether its decision still stands."""

    begun: datetime  # from when the term of the answer counts
    late: bool
    stands: bool

    @property
    def since(self) -> datetime:
        """The term runs from the receipt on."""
        return self.begun


class AppealAssigned(Event, frozen=True, kw_only=True, tag=True):
    """A caseworker holds the appeal from now on, and examines it."""

    begun: datetime
    to: str

    @property
    def since(self) -> datetime:
        """The term goes on."""
        return self.begun


class HandedBack(Event, frozen=True, kw_only=True, tag=True):
    """The caseworker who held the appeal gave it back: it waits for another one."""

    begun: datetime

    @property
    def since(self) -> datetime:
        """The term goes on."""
        return self.begun


class TakenOver(Event, frozen=True, kw_only=True, tag=True):
    """Another caseworker holds the appeal from now on."""

    to: str
    held_by: str = ""  # before


class AppealTextAdded(TextTaken, frozen=True, kw_only=True, tag=True):
    """The citizen added something to the appeal."""


class InformationAsked(Event, frozen=True, kw_only=True, tag=True):
    """The citizen is asked for information; until they answer, the term of the agency stands still."""

    begun: datetime  # of the term that stands still
    asked: tuple[str, ...]  # codes
    times: int
    role: str


class InformationGiven(TextTaken, frozen=True, kw_only=True, tag=True):
    """The citizen gave information: the examination goes on, and its term with it."""

    begun: datetime  # later than before by as long as the term stood still

    @property
    def since(self) -> datetime:
        """The time that passed with the citizen does not count."""
        return self.begun


class InformationReminded(Event, frozen=True, kw_only=True, tag=True):
    """The citizen has not given the information yet and is reminded for the n-th time."""

    reminder: int


class InformationNotGiven(Event, frozen=True, kw_only=True, tag=True):
    """The information did not come in its term: the examination goes on without it, and silence decides nothing."""

    begun: datetime  # as of InformationGiven

    @property
    def since(self) -> datetime:
        """The time that passed with the citizen does not count."""
        return self.begun


class DecisionProposed(Event, frozen=True, kw_only=True, tag=True):
    """The caseworker would reject the appeal or uphold it in part; a second person must agree."""

    begun: datetime
    outcome: str  # "partly_upheld" | "rejected"
    findings: tuple[Finding, ...]
    counted: datetime  # from when the term of the second person counts, so that it ends with that of the answer

    @property
    def since(self) -> datetime:
        """The second person has no longer than the agency has."""
        return self.counted


class ProposalReturned(Event, frozen=True, kw_only=True, tag=True):
    """The second person does not agree: the examination goes on."""

    begun: datetime
    reason: str

    @property
    def since(self) -> datetime:
        """The term goes on."""
        return self.begun


class ProposalUnanswered(Event, frozen=True, kw_only=True, tag=True):
    """No second person answered in the term: the examination goes on, and the proposal is void."""

    begun: datetime

    @property
    def since(self) -> datetime:
        """The term goes on."""
        return self.begun


class AppealReminded(Event, frozen=True, kw_only=True, tag=True):
    """Three quarters of the term are over and nothing is decided: the supervisor sees it."""

    reminder: int


class AppealOverdue(Event, frozen=True, kw_only=True, tag=True):
    """The agency did not answer in its term: a supervisor has the appeal now. Silence never rejects it."""


class AppealEscalated(Event, frozen=True, kw_only=True, tag=True):
    """The appeal goes before the commission: a supervisor sent it there, or was silent as well."""

    by_silence: bool


class CommissionOverdue(Event, frozen=True, kw_only=True, tag=True):
    """The commission did not decide in its term; the appeal stays with it, and moves up."""

    times: int


class AppealUpheld(BodyTaken, frozen=True, kw_only=True, tag=True):
    """Contested values were wrong: the new body of the appeal holds the corrected declaration."""

    outcome: str  # "upheld" | "partly_upheld"
    findings: tuple[Finding, ...]
    proposed_by: str = ""


class AppealSetAside(Event, frozen=True, kw_only=True, tag=True):
    """A refusal, or a demand for a correction, was wrong: it counts no more, and the household may file again."""

    findings: tuple[Finding, ...]


class AppealRejected(Event, frozen=True, kw_only=True, tag=True):
    """Two people found that the decision was right; each contested value has its reason."""

    findings: tuple[Finding, ...]
    proposed_by: str


class CorrectionOpened(Event, frozen=True, kw_only=True, tag=True):
    """The appeal opens a change of the household, which corrects its entry in the register."""


class AppealClosed(Event, frozen=True, kw_only=True, tag=True):
    """Nothing in the register follows from the decision; the household was told of it."""

    outcome: str  # "set_aside" | "rejected"


class NothingToCorrect(Event, frozen=True, kw_only=True, tag=True):
    """The appeal is upheld, and the household is not in the register any more: no entry can be corrected."""

    case: int = 0  # the change that found nothing; 0: the household had left before one was opened


class CorrectionMade(Event, frozen=True, kw_only=True, tag=True):
    """The register holds the correction, from the day of the contested decision on."""

    case: int  # that made it
    score_computed: Decimal  # the index as it was contested
    score_corrected: Decimal
    policy: str
    version: int  # of the household


class CorrectionBlocked(Event, frozen=True, kw_only=True, tag=True):
    """The change that should correct the entry did not: a caseworker looks."""

    case: int  # 0: it is late
    why: str  # the stage at which it ended or is parked; "late"


class CorrectionAwaited(Event, frozen=True, kw_only=True, tag=True):
    """A caseworker lets the appeal wait again for the same change."""


class CorrectionRetried(Event, frozen=True, kw_only=True, tag=True):
    """A caseworker lets the appeal open another change."""


class CorrectionOverdue(Event, frozen=True, kw_only=True, tag=True):
    """Nobody looked in time at a correction that is blocked."""

    times: int


# Operation -----------------------------------------------------------------------------------------


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
