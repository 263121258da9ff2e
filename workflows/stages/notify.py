"""The outcome is owed to the declarant: which programmes' thresholds the household meets. What follows is the programmes' decision."""

from collections.abc import Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events import HouseholdApproved, NoticesIssued
from workflows.evidence import TimePassed
from workflows.ports import Ports

ON = TimePassed


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, TimePassed]:
    """Nothing needs asking."""
    moment = TimePassed(at=ports.now)
    return {case.id: moment for case in batch}


def decide(case: CaseFile, evidence: TimePassed) -> NoticesIssued:
    """Every registered household is told."""
    approved = case.last(HouseholdApproved)
    return NoticesIssued(programmes=tuple(each.programme for each in approved.eligibilities if each.eligible))
