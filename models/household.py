"""The social register: versions of households, with their members, scores and eligibilities.

A version holds what was declared. Its periods say when that was true (`valid`) and when we knew it (`known`), both as
half-open ranges of instants; a version may have several (workflows/registers/periods.py).
Keys begin with the household, so that these tables can be partitioned by its hash.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Identity, Integer, Numeric, SmallInteger, Text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlmodel import Field, SQLModel


class Household(SQLModel, table=True):
    """The register's entry. Intake gives it a number with its first application; approval writes the row."""

    id: int = Field(sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    registered_by: int = Field(sa_column=Column(BigInteger, nullable=False))  # the case
    registered_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class HouseholdEnd(SQLModel, table=True):
    """A household that the register knows no more, and the case that ended it."""

    __tablename__ = "household_end"

    household_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    case_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    ended_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class HouseholdVersion(SQLModel, table=True):
    """A household as a case declared it. It never changes."""

    __tablename__ = "household_version"

    household_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    case_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    milieu: str
    region: int = Field(sa_column=Column(SmallInteger, nullable=False))
    province: str | None = None  # ISO 3166-2:MA
    commune: str
    size: int = Field(sa_column=Column(SmallInteger, nullable=False))
    replaces: int | None = None  # the version in whose place it is true
    corrects: bool = False  # because that one was wrong


class HouseholdPeriod(SQLModel, table=True):
    """How long a version was true, and how long we knew it so. Written once; later only the end of `known`."""

    __tablename__ = "household_period"
    __table_args__ = (
        # Two versions of a household never claim the same moment of truth at the same moment of knowledge.
        ExcludeConstraint(
            ("household_id", "="), ("valid", "&&"), ("known", "&&"), name="household_period_no_overlap", using="gist"
        ),
        # An empty range overlaps nothing, so the constraint above would let it pass.
        CheckConstraint("not (isempty(valid) or isempty(known))", name="household_period_not_empty"),
    )

    household_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))  # in the order of writing
    version: int = Field(sa_column=Column(Integer, nullable=False))
    valid: Range[datetime] = Field(sa_column=Column(TSTZRANGE, nullable=False))
    known: Range[datetime] = Field(sa_column=Column(TSTZRANGE, nullable=False))


class HouseholdMember(SQLModel, table=True):
    """A member of a household version, with the names as declared.

    Only `person_claim` says which household a person belongs to (docs/decisions/0011).
    """

    __tablename__ = "household_member"

    household_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    position: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    idcs: str = Field(sa_column=Column(Text, nullable=False))
    name: str | None = None  # erased by `sijil erase`
    relationship: str


class Score(SQLModel, table=True):
    """The socio-economic index of a case. The facts of the event with the same key say how it was computed."""

    case_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    household_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    value: Decimal = Field(sa_column=Column(Numeric, nullable=False))  # exact, never rounded
    policy: str
    computed_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ScoreCorrection(SQLModel, table=True):
    """The index of a household as it was computed and, after an appeal was upheld, as it is corrected.

    Its key is that of the appeal's event; `contested_case` and `contested_seq` name the decision that was contested.
    """

    __tablename__ = "score_correction"

    case_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    household_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    contested_case: int = Field(sa_column=Column(BigInteger, nullable=False))
    contested_seq: int
    score_computed: Decimal = Field(sa_column=Column(Numeric, nullable=False))  # exact, never rounded
    score_corrected: Decimal = Field(sa_column=Column(Numeric, nullable=False))
    policy: str  # the version of the index that computed the corrected one
    corrected_by: int = Field(sa_column=Column(BigInteger, nullable=False))  # the case of the change
    corrected_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Eligibility(SQLModel, table=True):
    """Whether a household version meets a programme's threshold. The programme decides what follows from it."""

    household_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    programme: str = Field(sa_column=Column(Text, primary_key=True))
    eligible: bool
    threshold: Decimal = Field(sa_column=Column(Numeric, nullable=False))
    policy: str
