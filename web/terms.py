"""By when the agency answers, and until when a decision may be contested, as pages say it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from models.database import Connection
from web.queries import DECISIONS, Status
from workflows.flows.appeal import FLOW as APPEAL
from workflows.flows.enrolment import FLOW as ENROLMENT
from workflows.policies import newest_terms

# The terms of officers, by the stage in which they look at an enrolment.
OF_OFFICERS = {(ENROLMENT.kind, "attested"): "confirming", (ENROLMENT.kind, "possible_duplicate"): "telling_apart"}
ANSWERED_IN_TERM = ("queued", "under_examination", "with_supervisor")
BEGUN = """
    select (facts ->> 'begun')::timestamptz from event where case_id = %s and kind = 'DecisionProposed'
    order by seq desc limit 1
"""
# Decisions on an application and on a change that may be contested, where the case has ended by them.
CONTESTABLE = {
    ("registration", "rejected"): "ApplicationRefused",
    ("registration", "notified"): "ScoreComputed",
    ("update", "rejected"): "ApplicationRefused",
    ("update", "notified"): "HouseholdChanged",
}


def answered_before(connection: Connection, case: Status, now: datetime) -> datetime | None:
    """The end of the agency's term while it examines an appeal, or officers look at an enrolment; None where it owes no
    answer, or is late.
    """
    due = end_of_term(connection, case) if case.kind == APPEAL.kind else end_of_look(case)
    return due if due and due > now else None


def end_of_look(case: Status) -> datetime | None:
    """When the term of the officer ends who looks at an enrolment; None of every other case."""
    term = OF_OFFICERS.get((case.kind, case.stage))
    return case.stage_since + newest_terms()[term].within if term else None


def end_of_term(connection: Connection, case: Status) -> datetime | None:
    """When the agency's term ends: of a proposal, that of the answer, because it may be returned."""
    if case.stage in ANSWERED_IN_TERM:
        return case.deadline
    if case.stage == "with_commission":
        return case.stage_since + newest_terms()["commission"].within
    if case.stage != "proposed":
        return None
    if late := case.reached.get("AppealOverdue"):
        return late + newest_terms()["supervisor"].within
    row = connection.execute(BEGUN, [case.case_id]).fetchone()
    return row[0] + newest_terms()["answer"].within if row and row[0] else None


def commission_before(now: datetime) -> datetime:
    """The end of the commission's term for an appeal that goes there now."""
    return now + newest_terms()["commission"].within


class LodgingTerm(NamedTuple):
    """The term in which a decision may be contested. It counts from the proved delivery of the message that told it."""

    until: datetime | None  # None: nothing proves that delivery, so the term has not begun
    told_on: datetime | None  # when the delivery was proved; None: it is not, or the decision itself counts

    @property
    def days(self) -> int:
        """How long it is."""
        return newest_terms()["lodging"].within.days


def contested_before(case: Status) -> LodgingTerm | None:
    """The term in which the decision may be contested; None where there is no such decision, and while an appeal
    against it is open or has set it aside.
    """
    if case.contested:
        return None
    decided = case.reached.get(CONTESTABLE.get((case.kind, case.stage), ""))
    return lodging_term(case, decided) if decided else None


def lodged_until(case: Status) -> LodgingTerm | None:
    """The term in which the decision that this case stands at may be contested; None where there is none.

    An appeal that comes later is taken all the same, and a caseworker sees that it is late.
    """
    decided = [case.reached[each] for each in DECISIONS.get((case.kind, case.stage), ()) if each in case.reached]
    return lodging_term(case, max(decided)) if decided else None


def lodging_term(case: Status, decided: datetime) -> LodgingTerm:
    """The term of a decision: as workflows/stages/check_appeal.py counts it."""
    begun = case.proved_at if case.told else decided
    return LodgingTerm(begun + newest_terms()["lodging"].within if begun else None, case.proved_at)


def answer_within() -> timedelta:
    """How long the agency has for the answer to an appeal."""
    return newest_terms()["answer"].within
