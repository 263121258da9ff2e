"""Every table in one import: migrations and tests need all of `SQLModel.metadata`."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy.dialects.postgresql import dialect
from sqlmodel import SQLModel

from models.application_draft import ApplicationDraft
from models.audit import AuditEntry, AuditSeal
from models.case import Case, CaseBody, CaseFailure, CaseText, EventRow, PersonAwaited, PersonClaim, Receipt
from models.desk import DeskEntry, DeskItem, DeskLock, DeskSearch
from models.document import Document
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
from models.life_feed import LifeEventAside, LifeFeed, MergeHeard
from models.message import Letter, LetterBatch, Message, MessagePart
from models.partner import Partner, PartnerKey, PartnerQuestion, PartnerTries
from models.person_event import PersonBefore, PersonEvent, PersonEventSeal, PersonMerge
from models.phone_code import PhoneCode
from models.population import IssuedIdentifier, NameShare, Person
from models.receipt_session import ReceiptSession, WrongSecret
from models.staff import KeptForm, SignInFlow, SignInWait, StaffAccount, StaffRole, StaffSession
from models.work import Attempt, DailyJob, HeldStage, PausedQueue, QueueSample, RegisterElsewhere, StaffName, Worker

TABLES = (
    IssuedIdentifier,
    Person,
    Partner,
    PartnerKey,
    PartnerQuestion,
    PartnerTries,
    PersonEvent,
    PersonBefore,
    PersonEventSeal,
    PersonMerge,
    NameShare,
    LifeFeed,
    LifeEventAside,
    MergeHeard,
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
    ApplicationDraft,
    ReceiptSession,
    WrongSecret,
    PhoneCode,
    CaseBody,
    CaseText,
    Document,
    EventRow,
    PersonClaim,
    PersonAwaited,
    CaseFailure,
    DeskItem,
    DeskLock,
    DeskEntry,
    DeskSearch,
    Message,
    MessagePart,
    Letter,
    LetterBatch,
    Worker,
    Attempt,
    HeldStage,
    PausedQueue,
    RegisterElsewhere,
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
