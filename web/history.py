"""What happened to a case, as its citizen is told it: every change of theirs with its day, the newest first."""

from datetime import datetime
from typing import NamedTuple

from models.database import Connection
from web.queries import Status

# Events that change something for the citizen; what goes on behind them has no line of its own.
TOLD = (
    "ApplicationReceived",
    "UpdateReceived",
    "ReviewOrdered",
    "PersonsVerified",
    "MembersMismatched",
    "CorrectionReceived",
    "Lapsed",
    "CaseReopened",
    "CaseWithdrawn",
    "ScoreComputed",
    "DuplicateSuspected",
    "PersonAwaited",
    "ReviewCleared",
    "CorrectionAsked",
    "RefusalProposed",
    "StatementReceived",
    "HearingUnanswered",
    "ApplicationRefused",
    "HouseholdApproved",
    "DepartureDeclared",
    "ChangeConflicts",
    "RemovalAnnounced",
    "HouseholdChanged",
    "HouseholdEnded",
    "HouseholdGone",
    "AppealLodged",
    "AppealAssigned",
    "AppealTextAdded",
    "InformationAsked",
    "InformationGiven",
    "InformationNotGiven",
    "AppealOverdue",
    "AppealEscalated",
    "AppealUpheld",
    "AppealSetAside",
    "AppealRejected",
    "CorrectionMade",
    "NothingToCorrect",
    "CaseErased",
)
MOST = 60  # lines of a page
# Of a review of an entry, which nobody of the household sent.
NOT_OF_REVIEWS = ("UpdateReceived", "HouseholdChanged")
PAST = "select kind, at from event where case_id = %s and kind = any(%s) order by seq desc limit %s"


class Happened(NamedTuple):
    """Something that happened, and when."""

    kind: str
    at: datetime


def history_of(connection: Connection, case: Status) -> list[Happened]:
    """What happened to a case, the newest first."""
    told = [each for each in TOLD if not (case.unasked and each in NOT_OF_REVIEWS)]
    return [Happened(*row) for row in connection.execute(PAST, [case.case_id, told, MOST])]
