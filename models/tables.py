"""Every table in one import: migrations and tests need all of `SQLModel.metadata`."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy.dialects.postgresql import dialect
from sqlmodel import SQLModel

from models.audit import AuditEntry, AuditSeal
from models.case import Case, CaseBody, CaseFailure, CaseText, EventRow, PersonAwaited, PersonClaim, Receipt
from models.desk import DeskEntry, DeskItem, DeskLock, DeskSearch
from models.household import (
    Eligibility,
    Household,
    HouseholdEnd,
    HouseholdMember,
    HouseholdPeriod,
    HouseholdVersion,
    Score,
    ScoreCorrection,
)
from models.message import Message
from models.population import Person
from models.receipt_session import ReceiptSession, WrongSecret
from models.staff import KeptForm, SignInFlow, SignInWait, StaffAccount, StaffRole, StaffSession
from models.work import Attempt, DailyJob, HeldStage, PausedQueue, QueueSample, StaffName, Worker

TABLES = (
    Person,
    Household,
    HouseholdEnd,
    HouseholdVersion,
    HouseholdPeriod,
    HouseholdMember,
    Score,
    ScoreCorrection,
    Eligibility,
    Case,
    Receipt,
    ReceiptSession,
    WrongSecret,
    CaseBody,
    CaseText,
    EventRow,
    PersonClaim,
    PersonAwaited,
    CaseFailure,
    DeskItem,
    DeskLock,
    DeskEntry,
    DeskSearch,
    Message,
    Worker,
    Attempt,
    HeldStage,
    PausedQueue,
    QueueSample,
    StaffName,
    StaffAccount,
    StaffRole,
    StaffSession,
    SignInWait,
    SignInFlow,
    KeptForm,
    DailyJob,
    AuditEntry,
    AuditSeal,
)

GIVEN_AS_TEXT = frozenset({"uuid", "tstzrange"})  # our rows hold these as texts, which the binary format does not take
BINARY_AS = {"json": "text"}  # both are bytes of UTF-8 there


@cache
def binary_types(table: str, columns: str) -> Sequence[str]:
    """The types of these columns for COPY's binary format; none if our rows give one of the columns as a text."""
    known = SQLModel.metadata.tables[table].columns
    postgresql = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no type
    types = [known[name].type.compile(postgresql).lower() for name in columns.split(", ")]
    return () if GIVEN_AS_TEXT.intersection(types) else [BINARY_AS.get(each, each) for each in types]
