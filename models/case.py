"""The cases: what was asked, where it stands, what was decided, and who claims whom.

The case table is the queue. Rows that only the engine writes carry no foreign keys: each would cost a look-up a row
(measured in docs/decisions/0004), and `sijil doctor` counts what they would have caught. A check looks nothing up.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlmodel import Field, SQLModel

from models.patterns import LONGEST_TEXT

TIMES = "submitted_at, stage_since, rank, due_at, deadline"
# Whoever agrees to a decision is not who proposed it, nobody takes something away without a second person, and two
# officers answer for an enrolment; facts that were erased pass. Most events are told by their kind alone, for every row
# that the engine copies in is asked.
SECOND_IS_ANOTHER = """
    kind not in ('ApplicationRefused', 'AppealRejected', 'AppealUpheld', 'AppealSetAside', 'EnrolmentConfirmed',
        'FoundAnother', 'EnrolledAlready') or facts is null
    or coalesce(facts ->> 'proposed_by', facts ->> 'attested_by', '') not in ('', actor)
    or (facts ->> 'proposed_by' is null and (kind = 'AppealSetAside'
        or (kind = 'AppealUpheld' and coalesce(facts ->> 'outcome', '') = 'upheld')))
"""


class Case(SQLModel, table=True):
    """One request about one household, and where it stands.

    Only the engine changes `stage`, by `workflows/engine/record.py`.
    """

    __tablename__ = "cases"
    __table_args__ = (
        # What a claim reads: due work of a queue and lane, oldest rank first.
        Index("case_due", "queue", "lane", "rank", postgresql_where=text("ready")),
        # What the sweep reads: timers and back-offs that are over.
        Index("case_timer", "due_at", postgresql_where=text("due_at is not null")),
        # What waits for people, longest waiting first, whether its timer runs, rang, or is quarantined.
        Index(
            "case_with_people",
            "kind",
            "stage",
            "stage_since",
            "id",
            postgresql_where=text("open and not machine and not waiting"),
        ),
        # A declarant has at most one open first registration: there is no household yet to tell them apart. One whose
        # declarant proved no phone keeps nobody else out.
        Index(
            "case_one_open_registration",
            "applicant_idcs",
            unique=True,
            postgresql_where=text("open and kind = 'registration' and proved_at is not null"),
        ),
        # At most one case of a household is in the hands of the machine.
        Index("case_one_in_machine", "household_id", unique=True, postgresql_where=text("machine")),
        # What waits for its turn, household by household.
        Index("case_waiting", "household_id", "rank", postgresql_where=text("waiting")),
        # A case opens another once for each of its events.
        Index(
            "case_opened_once", "parent_id", "parent_seq", unique=True, postgresql_where=text("parent_id is not null")
        ),
        # What a household asked for since: its changes, and its appeals. The register knows its registration.
        Index("case_of_household", "household_id", postgresql_where=text("kind <> 'registration'")),
        CheckConstraint("not waiting or (open and not (machine or ready))", name="case_waiting_is_at_rest"),
        # What stands in no queue, or under a timer that rings for none, nobody would ever claim.
        CheckConstraint(
            "(open and queue is not null) or not (ready or due_at is not null)", name="case_due_in_a_queue"
        ),
        CheckConstraint("not (ready and due_at is not null)", name="case_ready_or_timed"),
        CheckConstraint("open or not machine", name="case_ended_is_at_rest"),
        CheckConstraint("lane between 0 and 3", name="case_lane_known"),  # those of workflows/engine/lanes.py
        # A moment that no program can read, such as infinity, would stop every claim of its queue.
        CheckConstraint(
            f"least({TIMES}) > '1900-01-01Z' and greatest({TIMES}) < '9000-01-01Z'",
            name="case_times_readable",
        ),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    kind: str
    stage: str
    open: bool = Field(sa_column=Column(Boolean, nullable=False))  # not at an end
    machine: bool = Field(sa_column=Column(Boolean, nullable=False))  # a machine stage is next
    queue: str | None = Field(default=None)  # who works on it when it is ready
    lane: int = Field(sa_column=Column(SmallInteger, nullable=False))
    ready: bool = Field(sa_column=Column(Boolean, nullable=False))
    # For its turn: another case of its household is in the machine.
    waiting: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))
    rank: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False)
    )  # ready since, plus its lane's allowance
    due_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))  # timer or back-off
    deadline: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True))
    )  # when the stage ends by itself
    version: int = Field(sa_column=Column(Integer, nullable=False))  # sequence of the last event
    head: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # its hash
    household_id: int | None = Field(default=None, sa_column=Column(BigInteger))  # where it is about one
    applicant_idcs: str | None = None  # who asks, where it is a person of the household
    region: int = Field(sa_column=Column(SmallInteger, nullable=False))
    province: str | None = None  # ISO 3166-2:MA
    body_number: int = Field(sa_column=Column(Integer, nullable=False))  # of the body in force
    submitted_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    stage_since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    # The case that opened it, and the sequence of the event that did.
    parent_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    parent_seq: int | None = None
    # Since when it is known that who filed it has its phone at hand, or since when an office vouches for them.
    proved_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class Receipt(SQLModel, table=True):
    """What the citizen was given, and what tells a repeated request from a new one. Immutable but for erasure."""

    __table_args__ = (Index("receipt_by_case", "case_id"),)

    reference: str = Field(primary_key=True)
    case_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    idempotency_key: str = Field(
        sa_column=Column(Text, nullable=False, unique=True)
    )  # the channel, and the sender's own key
    body_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class CaseBody(SQLModel, table=True):
    """What was sent, as its kind of case has it: a declaration, say. A correction is a new one.

    Immutable but for erasure.
    """

    __tablename__ = "case_body"
    __table_args__ = (Index("case_body_phone", "phone"),)

    case_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    household_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    body: str | None = Field(default=None, sa_column=Column(JSON))  # None: erased
    phone: str | None = None
    salt: bytes | None = Field(
        default=None, sa_column=Column(LargeBinary)
    )  # of the digests that the event which took it holds; erased with it
    made_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class CaseText(SQLModel, table=True):
    """What a person said in their own words: the text that the event of this sequence took.

    Immutable but for erasure.
    """

    __tablename__ = "case_text"
    __table_args__ = (CheckConstraint(f"char_length(text) between 1 and {LONGEST_TEXT}", name="case_text_length"),)

    case_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    text: str | None = None  # None: erased
    salt: bytes | None = Field(
        default=None, sa_column=Column(LargeBinary)
    )  # of the digest that the event which took it holds; erased with it


class EventRow(SQLModel, table=True):
    """One decision, in the past tense.

    `hash` chains it to the one before; facts and salt can be erased by law without breaking that.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("event_at", "at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
        CheckConstraint(SECOND_IS_ANOTHER, name="event_second_is_another"),
    )

    case_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    kind: str
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    actor: str  # a pseudonymous id
    evidence: str | None = Field(
        default=None, sa_column=Column(JSON)
    )  # what was known; exact bytes, hence json and not jsonb
    facts: str | None = Field(default=None, sa_column=Column(JSON))  # what follows from it
    salt: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    commitment: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # of salt, evidence and facts
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    owed: bytes = Field(
        sa_column=Column(LargeBinary, nullable=False, server_default="")
    )  # the digests of the messages it makes owed, one after the other


class PersonClaim(SQLModel, table=True):
    """Who holds a person: the first case to commit keeps them until it ends without registering them."""

    __tablename__ = "person_claim"
    __table_args__ = (Index("person_claim_by_case", "case_id"),)

    idcs: str = Field(primary_key=True)
    household_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    case_id: int = Field(sa_column=Column(BigInteger, nullable=False))


class PersonAwaited(SQLModel, table=True):
    """A person for whom a case waits, while the household that holds them is about to let them go."""

    __tablename__ = "person_awaited"
    __table_args__ = (Index("person_awaited_of", "household_id"), Index("person_awaited_idcs", "idcs"))

    case_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    idcs: str = Field(primary_key=True)
    household_id: int = Field(sa_column=Column(BigInteger, nullable=False))  # that holds the person


class CaseFailure(SQLModel, table=True):
    """A case that failed alone: how often, why, and where it goes on when an operator says so."""

    __tablename__ = "case_failure"
    __table_args__ = (
        # What the sweep reads, a part at a time: those that may be over.
        Index("case_failure_open", "case_id", postgresql_where=text("not parked")),
        # Do all fail there alike?
        Index("case_failure_alike", "kind", "stage", "error", "at"),
    )

    case_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str
    stage: str
    version: int = Field(sa_column=Column(Integer, nullable=False))  # of the case: once it moved, tries count anew
    tries: int = Field(sa_column=Column(SmallInteger, nullable=False))
    error: str  # the exception's class and place, never its data
    traceback: str
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    parked: bool
    unanswered_since: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True))
    )  # a register answers for others, not for it
    # It failed, and so did counting that: a forged or half-restored event row, say. An operator's to look at.
    uncounted: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))
