"""Reads what pages and the API show of a case; it reads no names."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

import msgspec

from models.database import Connection
from models.errors import NotFound
from workflows.events import KINDS, ApplicationRefused, CorrectionAsked, MembersMismatched, RefusalProposed
from workflows.flows import places
from workflows.intake.receipts import normal

CASE = """
    select c.id, r.reference, c.kind, c.stage, c.version, c.submitted_at, c.stage_since, c.deadline
    from receipt r join cases c on c.id = r.case_id where r.reference = %s
"""
REACHED = "select kind, max(at) from event where case_id = %s group by kind"
# The last event that gives reasons.
LAST_WITH_REASONS = (
    "select kind, facts::text from event where case_id = %s and kind = any(%s) order by seq desc limit 1"
)
GIVE_REASONS = (MembersMismatched, CorrectionAsked, RefusalProposed, ApplicationRefused)
# Why a member does not agree with the population register.
MISMATCHES = ("unknown", "deceased", "name_differs", "birth_date_differs")
UNKNOWN = "There is no application with this reference and secret."


@dataclass(frozen=True, slots=True)
class Status:
    """The stage of an application, and the events that led to it."""

    case_id: int
    reference: str
    kind: str
    stage: str
    version: int
    submitted_at: datetime
    stage_since: datetime
    deadline: datetime | None
    reached: dict[str, datetime]  # when the last event of each kind happened

    @property
    def has_reasons(self) -> bool:
        """Whether its stage has reasons to show."""
        return (self.kind, self.stage) in stages_with_reasons()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a correction is needed, or an application may be or was refused, as a code.

    `member` is the member's position in the declaration, None for the whole household.
    """

    member: int | None
    reason: str

    @property
    def field(self) -> str:
        """The member's path in the declaration."""
        return "members" if self.member is None else f"members[{self.member}]"


@cache
def stages_with_reasons() -> set[tuple[str, str]]:
    """The stages, each after its kind of case, to which an event with reasons leads."""
    return {(kind, to) for kind, stage in places() for event, to in stage.transitions.items() if event in GIVE_REASONS}


def status_of(connection: Connection, reference: str) -> Status:
    """The status of an application by its reference, however the reader typed it. Raises NotFound."""
    row = connection.execute(CASE, [normal(reference)]).fetchone()
    if row is None:
        raise NotFound(UNKNOWN)
    reached = dict(connection.execute(REACHED, [row[0]]).fetchall())
    case_id, reference, kind, stage, version, submitted_at, since, deadline = row
    return Status(case_id, reference, kind, stage, version, submitted_at, since, deadline, reached)


def reasons_of(connection: Connection, case: Status) -> tuple[Reason, ...]:
    """The reasons to show to a reader who has the secret; none where there are none or they were erased."""
    row = (
        connection.execute(LAST_WITH_REASONS, [case.case_id, [each.__name__ for each in GIVE_REASONS]]).fetchone()
        if case.has_reasons
        else None
    )
    if row is None or row[1] is None:
        return ()
    event = msgspec.json.decode(row[1], type=KINDS[row[0]])
    if isinstance(event, MembersMismatched):
        return tuple(Reason(each.member, each.reason) for each in event.mismatches)
    assert isinstance(event, CorrectionAsked | RefusalProposed | ApplicationRefused)
    return (Reason(None, event.reason),)
