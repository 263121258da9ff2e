"""Which event makes which message owed.

No message names a person, gives a score or a reason, or holds a link (docs/formats.md).
"""

from collections.abc import Mapping
from functools import cache

from notifications.catalogues import MESSAGES
from workflows.casefile import CaseFile
from workflows.events import (
    ApplicationReceived,
    ApplicationRefused,
    CaseErased,
    CaseParked,
    CaseReopened,
    CaseResumed,
    CaseWithdrawn,
    CorrectionAsked,
    CorrectionReceived,
    CorrectionReminded,
    DuplicateSuspected,
    Event,
    HouseholdApproved,
    Lapsed,
    MembersMismatched,
    NothingSuspicious,
    NoticesIssued,
    PersonsVerified,
    Recorded,
    RefusalProposed,
    ReviewCleared,
    ReviewOverdue,
    ReviewReopened,
    ScoreComputed,
)
from workflows.flows import stage_of
from workflows.registers.ports import Notice

# Template, and its English words: the key of the catalogues.
TEMPLATES: Mapping[str, str] = {
    "received": "RSU: we have received your application {reference}. You will get a message once it is processed. This "
    "service is free.",
    "correction": "RSU: some of what application {reference} says does not agree with the population register. Correct "
    "it within {days} days, "
    "at the service where you filed or at a service centre.",
    "correction_asked": "RSU: a caseworker looked at application {reference} and asks you to correct it within {days} "
    "days, "
    "at the service where you filed or at a service centre. It is not refused.",
    "reminder": "RSU: application {reference} still waits for your correction, at the service where you filed or at a "
    "service centre. "
    "Without it, it will be suspended; you can take it up again later.",
    "lapsed": "RSU: application {reference} was suspended because no correction came. It is not refused: you can take "
    "it up again at any time.",
    "resumed": "RSU: we have received your answer on application {reference}. It is being processed again.",
    "review": "RSU: a caseworker is looking at application {reference} before it is decided. You need do nothing; we "
    "will write to you.",
    "registered": "RSU: your household is registered, application {reference}. Each programme will tell you its own "
    "decision.",
    "refused": "RSU: application {reference} was refused by two caseworkers. You may ask why at a service centre, and "
    "you may apply again.",
    "withdrawn": "RSU: application {reference} was withdrawn as you asked. You may apply again at any time.",
}
NOTICES: Mapping[type[Event], str] = {
    ApplicationReceived: "received",
    MembersMismatched: "correction",
    CorrectionAsked: "correction_asked",
    CorrectionReminded: "reminder",
    Lapsed: "lapsed",
    CorrectionReceived: "resumed",
    CaseReopened: "resumed",
    DuplicateSuspected: "review",
    NoticesIssued: "registered",
    ApplicationRefused: "refused",
    CaseWithdrawn: "withdrawn",
}
OWED_KINDS = frozenset(kind.__name__ for kind in NOTICES)  # the events that the doctor looks for a message of
# Nothing changes for the citizen yet, or it is an operator's affair.
SILENT = {
    PersonsVerified,
    ScoreComputed,
    NothingSuspicious,
    HouseholdApproved,
    ReviewCleared,
    ReviewReopened,
    RefusalProposed,
    ReviewOverdue,
    CaseParked,
    CaseResumed,
    CaseErased,
}


def notices(case: CaseFile, recorded: Recorded) -> tuple[Notice, ...]:
    """What this event makes owed. A household without a phone is owed a letter."""
    template = NOTICES.get(type(recorded.event))
    if template is None:
        return ()
    declared = case.declaration
    channel = "sms" if declared.phone else "letter"
    body = words(template, declared.language).format(reference=case.reference, days=days_to_correct(case.kind))
    return (Notice(template, channel, declared.language, declared.phone, body),)


@cache
def words(template: str, language: str) -> str:
    """A template's text in a language, with its places for `reference` and `days`."""
    return MESSAGES.text(language, TEMPLATES[template], template)


@cache
def days_to_correct(kind: str) -> int:
    """How long the citizen has, as the map says."""
    within = stage_of(kind, "needs_correction").within
    return within.days if within else 0
