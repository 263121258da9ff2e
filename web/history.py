"""What happened to a case, as its citizen is told it: every change of theirs with its day, the newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from models.database import Connection
from web.queries import Status
from workflows.evidence import DECLARANT

# Events that change something for the citizen; what goes on behind them has no line of its own.
TOLD = (
    "ApplicationReceived",
    "UpdateReceived",
    "ReviewOrdered",
    "RegisterTold",
    "EntryToCompare",
    "EntryAgrees",
    "RegisterTookBack",
    "PersonsVerified",
    "MembersMismatched",
    "IdentityDoubted",
    "IdentityConfirmed",
    "IdentityNotConfirmed",
    "RegisterChanged",
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
    "NewPhoneAnnounced",
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
    "EnrolmentReceived",
    "EnrolmentAttested",
    "EnrolmentReturned",
    "EnrolmentConfirmed",
    "LikelyDuplicates",
    "FoundAnother",
    "EnrolledAlready",
    "PersonEnrolled",
    "DocumentAdded",
    "DocumentRemoved",
    "CaseErased",
)
DOCUMENTS = ("DocumentAdded", "DocumentRemoved")  # beside what the household says
AT_DESK = "AtDesk"  # how the texts end of what an officer did with a document for the household
ANSWERS = ("StatementReceived", "AppealTextAdded", "InformationGiven")  # what the citizen said in their own words
MOST = 60  # lines of a page
# Of a review of an entry, which nobody of the household sent.
NOT_OF_REVIEWS = ("UpdateReceived", "HouseholdChanged")
PAST = "select kind, at, actor <> %s from event where case_id = %s and kind = any(%s) order by seq desc limit %s"


class Happened(NamedTuple):
    """Something that happened, and when."""

    kind: str
    at: datetime
    by_others: bool = False  # by anybody but the household

    @property
    def told(self) -> str:
        """What of it is told: of a document also that the household did it not by itself."""
        return f"{self.kind}{AT_DESK}" if self.kind in DOCUMENTS and self.by_others else self.kind


def answer_in(history: Sequence[Happened]) -> Happened | None:
    """The citizen's answer, where nothing that concerns them happened since: they see first of all that it came."""
    last = next((each for each in history if each.kind not in DOCUMENTS), None)
    return last if last and last.kind in ANSWERS else None


def history_of(connection: Connection, case: Status) -> list[Happened]:
    """What happened to a case, the newest first."""
    told = [each for each in TOLD if not (case.unasked and each in NOT_OF_REVIEWS)]
    return [Happened(*row) for row in connection.execute(PAST, [DECLARANT, case.case_id, told, MOST])]
