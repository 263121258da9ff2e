"""By when the agency answers an appeal, and until when a decision may be contested, as pages say it."""

from datetime import datetime, timedelta

from models.database import Connection
from web.queries import DECISIONS, Status
from workflows.flows.appeal import FLOW as APPEAL
from workflows.policies import newest_terms

ANSWERED_IN_TERM = ("queued", "under_examination", "with_supervisor")
BEGUN = """
    select (facts ->> 'begun')::timestamptz from event where case_id = %s and kind = 'DecisionProposed'
    order by seq desc limit 1
"""
# Decisions on an application and on a change that may be contested, where the case has ended by them.
CONTESTABLE = {
    ("registration", "rejected"): "ApplicationRefused",
    ("update", "rejected"): "ApplicationRefused",
    ("update", "notified"): "HouseholdChanged",
}


def answered_before(connection: Connection, case: Status, now: datetime) -> datetime | None:
    """The end of the agency's term while it examines an appeal; None where it owes no answer, or is late."""
    due = end_of_term(connection, case) if case.kind == APPEAL.kind else None
    return due if due and due > now else None


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


def contested_before(case: Status) -> datetime | None:
    """The end of the term in which the decision may be contested; None where there is no such decision, and while an
    appeal against it is open or has set it aside.
    """
    if case.contested:
        return None
    decided = case.reached.get(CONTESTABLE.get((case.kind, case.stage), ""))
    return decided + newest_terms()["lodging"].within if decided else None


def lodged_until(case: Status) -> datetime | None:
    """The end of the term in which the decision that this case stands at may be contested; None where there is none.

    An appeal that comes later is taken all the same, and a caseworker sees that it is late.
    """
    decided = [case.reached[each] for each in DECISIONS.get((case.kind, case.stage), ()) if each in case.reached]
    return max(decided) + newest_terms()["lodging"].within if decided else None


def answer_within() -> timedelta:
    """How long the agency has for the answer to an appeal."""
    return newest_terms()["answer"].within
