"""What happens to an appeal against a decision."""

from datetime import datetime
from decimal import Decimal

import msgspec

from workflows.events.event import BodyTaken, CaseOpened, Event, TextTaken


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
    counted_from: datetime | None = None  # the proved delivery of the decision; None: nothing proves it

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
    before: tuple[str, ...] = ()  # who proposed a decision on this appeal before, by their pseudonyms

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
    """The appeal goes before the commission: its household or a supervisor wanted so, or the supervisor was silent."""

    sent_by: str  # "household" | "supervisor" | "silence"


class CommissionFound(Event, frozen=True, kw_only=True, tag=True):
    """A member of the commission proposes what the appeal comes to; a second member must agree."""

    outcome: str  # "upheld" | "partly_upheld" | "rejected"
    findings: tuple[Finding, ...]


class FindingReturned(Event, frozen=True, kw_only=True, tag=True):
    """A second member of the commission does not agree: any member may find anew."""

    reason: str


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
    proposed_by: str = ""


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
