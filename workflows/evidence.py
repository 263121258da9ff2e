"""What a decision rests on: an answer (a register spoke), a form (a person spoke), or time passed.

Evidence always says when and by whom, and where the rules of a stage have versions, which one was in force. It is
stored with its event, so that the decision can be computed again.
"""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from workflows.events.appeal import Finding
from workflows.events.enrolment import Candidate
from workflows.events.registration import Contribution

SIJIL = "sijil"  # the actor of decisions that no person takes
DECLARANT = "declarant"


KINDS: dict[str, type["Evidence"]] = {}  # every kind by its name


class Evidence(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """When it was given (aware, UTC), by whom (a pseudonymous id), and the version of the rules that decide on it:
    without one, the first.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        KINDS[cls.__name__] = cls

    at: datetime
    by: str = SIJIL
    rules: str | msgspec.UnsetType = msgspec.UNSET


class TimePassed(Evidence, frozen=True, kw_only=True, tag=True):
    """A clock struck; nothing else is known, but the stage's deadline as it was set when the stage began, if it has
    one.
    """

    deadline: datetime | msgspec.UnsetType = msgspec.UNSET


class ChangeSilence(Evidence, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The citizen has not answered about a change until now.

    `bound`: a person whom the change lets go was given to another household already, so that it cannot lapse.
    """

    deadline: datetime
    bound: bool = False


class NoProof(Evidence, frozen=True, kw_only=True, tag=True):
    """What is known of the last message on which a term hangs: nothing that proves its delivery."""

    seq: int  # of the event that made it owed
    sent: datetime | None  # None: it could not be sent
    state: str  # "silent" | "undelivered" | "failed"


class DeclarationAge(Evidence, frozen=True, kw_only=True, tag=True):
    """How long a household's declaration stands unchanged and unconfirmed: its last version, and since when."""

    version: int
    since: datetime


# Answers of registers ------------------------------------------------------------------------------


class RegisteredPerson(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A person as the population register keeps them: what a comparison reads, and no decision."""

    given_name_ar: str
    family_name_ar: str
    given_name_la: str
    family_name_la: str
    birth_date: date
    birth_precision: str = "day"
    status: str = "alive"


class Compared(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A declared person beside the population register's entry: verdicts alone, never a stored value."""

    status: str = "alive"
    name: str = "same"  # a NameVerdict
    score: float = 1  # of the names, from 0 to 1, to four decimals: for people to read, no decision rests on it
    birth: str = "same"  # a BirthVerdict
    differs: tuple[str, ...] = ()  # what is not the same: "given_name", "family_name", "year", "month", "day"


class RegisterAnswer(Evidence, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The population register's answer on a household: one entry a member, in the declaration's order; None where it
    knows nobody.

    `confirmed`: the members of whom a caseworker confirmed before what the register leaves in doubt.
    """

    persons: tuple[Compared | None, ...]
    confirmed: tuple[int, ...] = ()


class RegisterChange(Evidence, frozen=True, kw_only=True, tag=True):
    """The population register changed what it keeps of these members (positions); what, the next answer says."""

    members: tuple[int, ...]


class LifeEventHeard(Evidence, frozen=True, kw_only=True, tag=True):
    """The population register told of what happened to a person: what kind of thing, and where in its feed."""

    kind: str
    source: str
    position: int


class Holder(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Another household's case that holds a person of this one: `member` is the position in this declaration."""

    member: int
    case_id: int
    household_id: int


class ScreeningAnswer(Evidence, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Who else holds these persons, which of them are about to be let go, how many households gave the same phone, this
    one included, and who holds another entry of the population register that is of the same person.
    """

    held: tuple[Holder, ...] = ()
    phone_households: int = 0
    leaving: tuple[int, ...] = ()  # members whose holders have an update under way that lets them go
    twice: tuple[Holder, ...] = ()


class IndexInForce(Evidence, frozen=True, kw_only=True, tag=True):
    """The version of the index that counts.

    One that is published later and dated back changes no score that was computed.
    """

    version: str


class RegisterState(Evidence, frozen=True, kw_only=True, tag=True):
    """Where the social register stands on this household: its last version, 0 for none; and the versions of the
    thresholds that count, by programme.
    """

    last_version: int
    thresholds: tuple[str, ...]
    lost: bool | msgspec.UnsetType = msgspec.UNSET  # a person who was its own at the screening is not any more


class Comparison(Evidence, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A change beside the household's last version in the register (0: it is registered no more).

    `fields`: those that it changes; `conflicts`: those that another change, which came first, changed too. Where there
    are none, `body` is the number of the declaration with both changes, which is stored beside.
    """

    last_version: int
    fields: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    body: int = 0
    digest: str = ""


class KnownPeriod(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A period of the household that the register knows now: its number, since when it is known, and what it says."""

    number: int
    known_since: datetime
    version: int
    since: datetime
    until: datetime | None = None


class RulesOfDay(msgspec.Struct, frozen=True, gc=False):
    """The versions of the index and of the thresholds that were in force on a day."""

    index: str
    thresholds: tuple[str, ...]


class HouseholdState(RegisterState, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Where the register stands on a household that changes: what it knows of its past, and its index until now."""

    periods: tuple[KnownPeriod, ...] = ()
    policy: str | None = None  # by which the last version was scored; None: erased
    contributions: tuple[Contribution, ...] = ()
    score: Decimal | None = None
    met: tuple[str, ...] = ()  # programmes whose threshold the last version meets
    earlier: tuple[RulesOfDay, ...] = ()  # those that count for the older versions which a correction reaches


class PersonsAwaited(Evidence, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """What became of the persons that a case waits for.

    `circle`: those who hold them wait for this one, directly or by others.
    """

    deadline: datetime | None
    circle: bool = False


class OpenedCase(Evidence, frozen=True, kw_only=True, tag=True):
    """What became of a case that this one opened: the stage at which it ended, or that it is parked."""

    case: int
    stage: str
    ended: bool


class DecisionState(Evidence, frozen=True, kw_only=True, tag=True):
    """Whether a contested decision still stands, and by which version of the terms an appeal against it is in time.

    `told`: a message of ours told it; its term counts from `proved`, when the first of its deliveries was proved.
    """

    stands: bool
    terms: str
    told: bool | msgspec.UnsetType = msgspec.UNSET
    proved: datetime | msgspec.UnsetType | None = msgspec.UNSET


class CorrectionOutcome(Evidence, frozen=True, kw_only=True, tag=True):
    """What became of the change that an appeal opened: the stage at which it ended, or that it is parked.

    Where it was registered, also the index as it was contested and as it is corrected.
    """

    case: int
    stage: str
    ended: bool
    score_computed: Decimal | None = None
    score_corrected: Decimal | None = None
    policy: str = ""
    version: int = 0


class DuplicateSearch(Evidence, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Which enrolled people may be the person of an enrolment, but for those whom an officer told apart.

    Where there are none, `idcs` is the identifier that was issued for the person.
    """

    candidates: tuple[Candidate, ...] = ()
    idcs: str = ""


# Forms of people -----------------------------------------------------------------------------------


class Submission(Evidence, frozen=True, kw_only=True, tag=True):
    """Somebody asks for a case. Its body is stored beside, not here."""


class OperatorCommand(Evidence, frozen=True, kw_only=True, tag=True):
    """An operator sends a parked case on, or erases an ended one."""


class DocumentHandling(Evidence, frozen=True, kw_only=True, tag=True):
    """Somebody gives a document for a case, or takes one back. It is stored beside, not here."""


class Correction(Evidence, frozen=True, kw_only=True, tag=True):
    """A citizen declares again.

    `number` is that of the new declaration, which is stored beside, not here; `digest` that of its stored bytes.
    """

    number: int
    digest: str


class Statement(Evidence, frozen=True, kw_only=True, tag=True):
    """A citizen answers what is held against them.

    The text is stored beside, not here; `digest` is that of its stored bytes.
    """

    digest: str


class Withdrawal(Evidence, frozen=True, kw_only=True, tag=True):
    """A citizen takes the application back."""


class Reopening(Evidence, frozen=True, kw_only=True, tag=True):
    """A citizen takes a lapsed application up again."""


class ReviewVerdict(Evidence, frozen=True, kw_only=True, tag=True):
    """A caseworker says what a review comes to: clear it, ask the citizen for a correction, or refuse.

    `reason` is a code; `about` names the values of the declaration that it is about, as paths.
    """

    verdict: str  # "clear" | "correct" | "refuse"
    reason: str
    about: tuple[str, ...] = ()


class MemberIdentity(msgspec.Struct, frozen=True, gc=False):
    """What a caseworker says of a doubted member: one and the same person as the register's, or not; `reason` is a
    code.
    """

    member: int
    same: bool
    reason: str


class IdentityVerdict(Evidence, frozen=True, kw_only=True, tag=True):
    """A caseworker says of each doubted member whether they are who they say."""

    findings: tuple[MemberIdentity, ...]


class CommissionRequest(Evidence, frozen=True, kw_only=True, tag=True):
    """A citizen asks that the commission decides their appeal instead of the supervisor."""


# Of those who handle an appeal: each says in which role.


class Assignment(Evidence, frozen=True, kw_only=True, tag=True):
    """Somebody gives an appeal to a caseworker, or takes it."""

    to: str
    role: str  # "caseworker" | "supervisor" | "commission"


class HandBack(Evidence, frozen=True, kw_only=True, tag=True):
    """The caseworker who holds an appeal gives it back."""

    role: str


class InformationRequest(Evidence, frozen=True, kw_only=True, tag=True):
    """A caseworker asks the citizen for information on an appeal."""

    asked: tuple[str, ...]
    role: str


class AppealVerdict(Evidence, frozen=True, kw_only=True, tag=True):
    """A person says what an appeal comes to, value by value.

    Where that corrects the declaration, `number` is that of the body that holds the corrected one, which is stored
    beside, and `digest` that of its stored bytes.
    """

    findings: tuple[Finding, ...]
    role: str
    terms: str  # the version by which the term of a second person is counted
    number: int = 0
    digest: str = ""


class Agreement(Evidence, frozen=True, kw_only=True, tag=True):
    """A second person agrees with a proposed decision, or gives it back for a reason; the rest as in AppealVerdict."""

    agrees: bool
    role: str
    reason: str = ""
    number: int = 0
    digest: str = ""


class Escalation(Evidence, frozen=True, kw_only=True, tag=True):
    """A supervisor sends an appeal to the commission."""

    role: str


class CorrectionRetry(Evidence, frozen=True, kw_only=True, tag=True):
    """Somebody lets an appeal try again to correct the entry.

    `under_way`: the change that it opened is still open, or was registered since.
    """

    role: str
    under_way: bool


# Of those who handle an enrolment: each says in which role.


class Voucher(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What is known of somebody on whose word an enrolment rests; what stands in the way, as codes."""

    field: str  # the path in the body
    objections: tuple[str, ...] = ()


class Attestation(Evidence, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """An officer at a centre saw the person and the papers.

    `number` is that of the completed body, which is stored beside; `digest` that of its stored bytes.
    """

    number: int
    digest: str
    role: str
    vouchers: tuple[Voucher, ...] = ()


class EnrolmentVerdict(Evidence, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A second officer confirms an attested enrolment, or gives it back for a reason, which is a code."""

    confirms: bool
    role: str
    reason: str = ""
    vouches: bool = False  # whether the officer is somebody on whose word it rests


class DuplicateVerdict(Evidence, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """An officer saw a person and those who look alike: `same` is the identifier of who is the same; none: nobody."""

    role: str
    same: str = ""
    vouches: bool = False


ON_ENROLMENTS: tuple[type[Evidence], ...] = (Attestation, EnrolmentVerdict, DuplicateVerdict)
ON_APPEALS: tuple[type[Evidence], ...] = (
    Assignment,
    HandBack,
    InformationRequest,
    AppealVerdict,
    Agreement,
    Escalation,
    CorrectionRetry,
)
ANSWERS_OF_PEOPLE: tuple[type[Evidence], ...] = (
    Correction,
    Statement,
    Withdrawal,
    Reopening,
    CommissionRequest,
    ReviewVerdict,
    IdentityVerdict,
    *ON_APPEALS,
    *ON_ENROLMENTS,
)
BESIDE_THE_FLOWS: tuple[type[Evidence], ...] = (
    Submission,
    OperatorCommand,
    DocumentHandling,
)  # no stage decides on them
