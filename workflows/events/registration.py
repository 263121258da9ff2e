"""What happens to a registration; much of it also happens to a change of a household."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import msgspec

from workflows.events.event import BodyTaken, CaseOpened, Event, TextTaken


class ApplicationReceived(CaseOpened, frozen=True, kw_only=True, tag=True):
    """A household declared itself; the receipt was given."""


class Mismatch(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Why a member (position in the declaration) does not agree with the population register."""

    member: int
    reason: str  # "unknown" | "deceased" | "name_differs" | "birth_date_differs"
    differs: tuple[str, ...] = ()  # of the name "given_name", "family_name", of the birth date "year", "month", "day"


class PersonsVerified(Event, frozen=True, kw_only=True, tag=True):
    """The population register knows every member under this name and birth date, and alive."""

    rules: str


class MembersMismatched(Event, frozen=True, kw_only=True, tag=True):
    """The register does not know, or does not agree on, some members; the citizen is asked."""

    rules: str
    mismatches: tuple[Mismatch, ...]


NAME, BIRTH = "name", "birth"  # what of a member is in doubt


class Doubt(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What of a member (position in the declaration) the register neither confirms nor denies."""

    member: int
    what: str  # NAME | BIRTH
    verdict: str  # a NameVerdict or a BirthVerdict
    score: float = 1  # of the names, for people to read
    differs: tuple[str, ...] = ()  # as of a mismatch

    @property
    def code(self) -> str:
        """What is in doubt, as a reason."""
        return f"{self.what}_in_doubt"


class IdentityDoubted(Event, frozen=True, kw_only=True, tag=True):
    """The register neither confirms nor denies that some members are who they say; a caseworker looks."""

    rules: str
    doubts: tuple[Doubt, ...]


class IdentityFinding(msgspec.Struct, frozen=True, gc=False):
    """What a caseworker found of a doubted member: one and the same person as the register's, or not, and why."""

    doubt: Doubt
    same: bool
    reason: str


class IdentityConfirmed(Event, frozen=True, kw_only=True, tag=True):
    """A caseworker found that every doubted member is who they say: the case goes on."""

    found: tuple[IdentityFinding, ...]
    declared: int  # the number of the body that says who they are


class IdentityNotConfirmed(Event, frozen=True, kw_only=True, tag=True):
    """A caseworker found that some doubted members are not who they say; the citizen is asked."""

    found: tuple[IdentityFinding, ...]
    declared: int

    @property
    def mismatches(self) -> tuple[Mismatch, ...]:
        """Those members, each with the reason."""
        others = [each for each in self.found if not each.same]
        return tuple([Mismatch(each.doubt.member, each.reason, each.doubt.differs) for each in others])


class RegisterChanged(Event, frozen=True, kw_only=True, tag=True):
    """The population register changed what it keeps of these members, who did not agree with it: it is asked again."""

    members: tuple[int, ...]  # positions


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
    """A caseworker asks the citizen to correct the declaration; `about` names values of it, as paths."""

    reason: str
    about: tuple[str, ...] = ()


class RefusalProposed(Event, frozen=True, kw_only=True, tag=True):
    """A first caseworker would refuse: the citizen is heard, then a second caseworker must agree.

    `about` names the values of the declaration that are held against them, as paths.
    """

    reason: str
    about: tuple[str, ...] = ()


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
    """Two caseworkers refused, because of what the citizen was heard on."""

    reason: str
    proposed_by: str
    about: tuple[str, ...] = ()


class ReviewOverdue(Event, frozen=True, kw_only=True, tag=True):
    """Nobody decided in time; the case moves up. Never decides against the household."""

    times: int


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


class NoticesIssued(Event, frozen=True, kw_only=True, tag=True):
    """The outcome is owed to the declarant, in the ledger."""

    programmes: tuple[str, ...]  # those whose threshold is met
