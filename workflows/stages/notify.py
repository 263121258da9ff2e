"""The declarant is told which programmes' thresholds the household meets; the programmes themselves decide on help."""

from workflows.casefile import CaseFile
from workflows.events.registration import HouseholdApproved, NoticesIssued
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> NoticesIssued:
    """Every registered household gets a notice, which names the programmes whose thresholds it meets."""
    approved = case.last(HouseholdApproved)
    return NoticesIssued(programmes=tuple(each.programme for each in approved.eligibilities if each.eligible))
