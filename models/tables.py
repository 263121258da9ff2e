"""Every table in one import: migrations and tests need all of `SQLModel.metadata`."""

from models.case import Case, CaseBody, CaseFailure, CaseText, EventRow, PersonAwaited, PersonClaim, Receipt
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
from models.work import Attempt, DailyJob, HeldStage, PausedQueue, StaffName, Worker

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
    CaseBody,
    CaseText,
    EventRow,
    PersonClaim,
    PersonAwaited,
    CaseFailure,
    Message,
    Worker,
    Attempt,
    HeldStage,
    PausedQueue,
    StaffName,
    DailyJob,
)
