"""The life of a registration on one page: a household declares itself and enters the register."""

from datetime import timedelta

from workflows.events import (
    ApplicationRefused,
    CaseReopened,
    CaseWithdrawn,
    CorrectionAsked,
    CorrectionReceived,
    CorrectionReminded,
    DuplicateSuspected,
    HouseholdApproved,
    Lapsed,
    MembersMismatched,
    NothingSuspicious,
    NoticesIssued,
    PersonsVerified,
    RefusalProposed,
    ReviewCleared,
    ReviewOverdue,
    ReviewReopened,
    ScoreComputed,
)
from workflows.evidence import (
    Correction,
    IndexInForce,
    RegisterAnswer,
    RegisterState,
    Reopening,
    ReviewVerdict,
    ScreeningAnswer,
    TimePassed,
    Withdrawal,
)
from workflows.flows.grammar import CASEWORKER, CITIZEN, end, flow, machine, people
from workflows.stages import approve, correct, lapse, notify, overdue, reopen, review, score, screen, verify, withdraw

# The periods of people's stages are assumed: the decree's were not found (docs/formats.md names them as such).
REGISTRATION = flow(
    "registration",
    machine(
        "submitted",
        "verification",
        {RegisterAnswer: verify.decide},
        {PersonsVerified: "verified", MembersMismatched: "needs_correction"},
        gather=verify.gather,
    ),
    machine("verified", "scoring", {IndexInForce: score.decide}, {ScoreComputed: "scored"}, gather=score.gather),
    machine(
        "scored",
        "fraud",
        {ScreeningAnswer: screen.decide},
        {NothingSuspicious: "fraud_checked", DuplicateSuspected: "under_review", ReviewReopened: "under_review"},
        gather=screen.gather,
    ),
    machine(
        "fraud_checked",
        "approval",
        {RegisterState: approve.decide},
        {HouseholdApproved: "approved"},
        gather=approve.gather,
    ),
    machine("approved", "notification", {TimePassed: notify.decide}, {NoticesIssued: "notified"}, withdrawable=False),
    people(
        "needs_correction",
        CITIZEN,
        {Correction: correct.decide, Withdrawal: withdraw.decide, TimePassed: lapse.decide},
        {
            CorrectionReceived: "submitted",
            CaseWithdrawn: "withdrawn",
            CorrectionReminded: "needs_correction",
            Lapsed: "lapsed",
        },
        queue="notification",
        within=timedelta(days=30),
        reminders=(timedelta(days=7), timedelta(days=21)),
    ),
    people(
        "under_review",
        CASEWORKER,
        {ReviewVerdict: review.decide, Withdrawal: withdraw.decide, TimePassed: overdue.decide},
        {
            ReviewCleared: "scored",
            CorrectionAsked: "needs_correction",
            RefusalProposed: "under_review",
            ApplicationRefused: "rejected",
            CaseWithdrawn: "withdrawn",
            ReviewOverdue: "under_review",
        },
        queue="notification",
        every=timedelta(days=10),
    ),
    end("lapsed", {Reopening: reopen.decide}, {CaseReopened: "submitted"}),
    end("notified", holds_persons=True),
    end("rejected"),
    end("withdrawn"),
)
