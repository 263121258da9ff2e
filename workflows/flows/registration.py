"""The life of a registration on one page: a household declares itself and enters the register."""

from workflows.bodies.declaration import Declaration
from workflows.events.event import Event
from workflows.events.registration import (
    ApplicationReceived,
    ApplicationRefused,
    CaseReopened,
    CaseWithdrawn,
    CorrectionAsked,
    CorrectionReceived,
    CorrectionReminded,
    DuplicateSuspected,
    HearingReminded,
    HearingUnanswered,
    HouseholdApproved,
    IdentityConfirmed,
    IdentityDoubted,
    IdentityNotConfirmed,
    Lapsed,
    MembersMismatched,
    NothingSuspicious,
    NoticesIssued,
    PersonAwaited,
    PersonLetGo,
    PersonNotLetGo,
    PersonsLost,
    PersonsVerified,
    RefusalProposed,
    RegisterChanged,
    ReviewCleared,
    ReviewOverdue,
    ReviewReopened,
    ScoreComputed,
    StatementReceived,
)
from workflows.evidence import (
    Correction,
    Evidence,
    IdentityVerdict,
    IndexInForce,
    PersonsAwaited,
    RegisterAnswer,
    RegisterChange,
    RegisterState,
    Reopening,
    ReviewVerdict,
    ScreeningAnswer,
    Statement,
    TimePassed,
    Withdrawal,
)
from workflows.flows.grammar import (
    CASEWORKER,
    CITIZEN,
    OTHER_HOUSEHOLD,
    Decide,
    Message,
    end,
    flow,
    machine,
    people,
    waiting,
)
from workflows.policies import newest_terms
from workflows.stages import (
    approve,
    await_person,
    correct,
    hear,
    identify,
    lapse,
    look_again,
    notify,
    overdue,
    reopen,
    review,
    score,
    screen,
    unanswered,
    verify,
    withdraw,
)

# What the citizen is told, by SMS or letter. No text names a person, gives a score or a reason, or holds a link.
RECEIVED = Message(
    "received",
    "RSU: we have received your application {reference}. You will get a message once it is processed. This service is "
    "free.",
)
CORRECT = Message(
    "correction",
    "RSU: some of what application {reference} says does not agree with the population register. Correct it within "
    "{days} days, in your file on the site or at a service centre.",
    needs_proof=True,
)
ASKED = Message(
    "correction_asked",
    "RSU: a caseworker looked at application {reference} and asks you to correct it within {days} days, in your file "
    "on the site or at a service centre. It is not refused.",
    needs_proof=True,
)
REMINDER = Message(
    "reminder",
    "RSU: application {reference} waits for your correction before {day}, in your file on the site or at a service "
    "centre. Without it, it will be suspended; you can take it up again later.",
)
SUSPENDED = Message(
    "lapsed",
    "RSU: application {reference} was suspended because no correction came. It is not refused: you can take it up "
    "again at any time.",
)
RESUMED = Message(
    "resumed", "RSU: we have received your answer on application {reference}. It is being processed again."
)
REGISTER_CHANGED = Message(
    "register_changed",
    "RSU: the population register has changed its entry of a member of your household. Application {reference} is "
    "compared with it again; you need do nothing.",
)
REVIEW = Message(
    "review",
    "RSU: a caseworker is looking at application {reference} before it is decided. You need do nothing; we will write "
    "to you.",
)
HEARING = Message(
    "hearing",
    "RSU: a caseworker proposes to refuse application {reference}. Nothing is decided. You may answer within {days} "
    "days, in your file on the site or at a service centre. The reason is on its status page, with the secret code "
    "of your receipt.",
    needs_proof=True,
)
HEARING_REMINDER = Message(
    "hearing_reminder",
    "RSU: you may answer before {day} on application {reference}, which a caseworker proposes to refuse, in your "
    "file on the site or at a service centre. Without an answer, the review goes on.",
)
HEARD = Message(
    "heard",
    "RSU: we have received your answer on application {reference}. A caseworker will read it before anything is "
    "decided.",
)
REGISTERED = Message(
    "registered",
    "RSU: your household is registered, application {reference}. Each programme will tell you its own decision.",
    needs_proof=True,
)
REFUSED = Message(
    "refused",
    "RSU: application {reference} was refused by two caseworkers. You may ask why at a service centre, and you may "
    "apply again.",
    needs_proof=True,
)
WITHDRAWN = Message(
    "withdrawn", "RSU: application {reference} was withdrawn as you asked. You may apply again at any time."
)

# The citizen may withdraw until the household is in the register.
WITHDRAW: dict[type[Evidence], Decide] = {Withdrawal: withdraw.decide}
TO_WITHDRAWN: dict[type[Event], str] = {CaseWithdrawn: "withdrawn"}

# How long people have, with sources and doubts: workflows/policies/terms/.
TERMS = newest_terms()

FLOW = flow(
    "registration",
    Declaration,
    ApplicationReceived,
    machine(
        "submitted",
        "verification",
        {RegisterAnswer: verify.decide, **WITHDRAW},
        {
            PersonsVerified: "verified",
            MembersMismatched: "needs_correction",
            IdentityDoubted: "identity_in_doubt",
            **TO_WITHDRAWN,
        },
        gather=verify.gather,
        asks=verify.people,
        holds_persons=True,
    ),
    machine(
        "verified",
        "scoring",
        {IndexInForce: score.decide, **WITHDRAW},
        {ScoreComputed: "scored", **TO_WITHDRAWN},
        gather=score.gather,
        holds_persons=True,
    ),
    machine(
        "scored",
        "fraud",
        {ScreeningAnswer: screen.decide, **WITHDRAW},
        {
            NothingSuspicious: "fraud_checked",
            PersonAwaited: "awaiting_person",
            DuplicateSuspected: "under_review",
            ReviewReopened: "under_review",
            **TO_WITHDRAWN,
        },
        gather=screen.gather,
        holds_persons=True,
    ),
    machine(
        "fraud_checked",
        "approval",
        {RegisterState: approve.decide, **WITHDRAW},
        {HouseholdApproved: "approved", PersonsLost: "scored", **TO_WITHDRAWN},
        gather=approve.gather,
        holds_persons=True,
    ),
    machine(
        "approved",
        "notification",
        {TimePassed: notify.decide},
        {NoticesIssued: "notified"},
        holds_persons=True,
    ),
    # Another household is about to let a member of this one go.
    waiting(
        "awaiting_person",
        {PersonsAwaited: await_person.decide, **WITHDRAW},
        {PersonLetGo: "scored", PersonNotLetGo: "scored", **TO_WITHDRAWN},
        owner=OTHER_HOUSEHOLD,
        gather=await_person.gather,
        within=TERMS["letting_go"].within,
        holds_persons=True,
    ),
    people(
        "needs_correction",
        CITIZEN,
        {
            Correction: correct.decide,
            RegisterChange: look_again.decide,
            TimePassed: lapse.decide,
            **WITHDRAW,
        },
        {
            CorrectionReceived: "submitted",
            RegisterChanged: "submitted",
            CorrectionReminded: "needs_correction",
            Lapsed: "lapsed",
            **TO_WITHDRAWN,
        },
        within=TERMS["correction"].within,
        reminders=TERMS["correction"].reminders,
    ),
    # The population register neither confirms nor denies that a member is who they say: a caseworker looks.
    people(
        "identity_in_doubt",
        CASEWORKER,
        {
            IdentityVerdict: identify.decide,
            RegisterChange: look_again.decide,
            TimePassed: overdue.decide,
            **WITHDRAW,
        },
        {
            IdentityConfirmed: "verified",
            IdentityNotConfirmed: "needs_correction",
            RegisterChanged: "submitted",
            ReviewOverdue: "identity_in_doubt",
            **TO_WITHDRAWN,
        },
        every=TERMS["identity"].within,
    ),
    people(
        "under_review",
        CASEWORKER,
        {ReviewVerdict: review.decide, TimePassed: overdue.decide, **WITHDRAW},
        {
            ReviewCleared: "scored",
            CorrectionAsked: "needs_correction",
            RefusalProposed: "hearing",
            ApplicationRefused: "rejected",
            ReviewOverdue: "under_review",
            **TO_WITHDRAWN,
        },
        every=TERMS["review"].within,
    ),
    # Before an application is refused, the citizen may answer what is held against them.
    people(
        "hearing",
        CITIZEN,
        {
            Statement: hear.decide,
            Correction: correct.decide,
            ReviewVerdict: review.clear,
            TimePassed: unanswered.decide,
            **WITHDRAW,
        },
        {
            ReviewCleared: "scored",
            StatementReceived: "under_review",
            CorrectionReceived: "submitted",
            HearingReminded: "hearing",
            HearingUnanswered: "under_review",
            **TO_WITHDRAWN,
        },
        within=TERMS["hearing"].within,
        reminders=TERMS["hearing"].reminders,
    ),
    end("lapsed", {Reopening: reopen.decide}, {CaseReopened: "submitted"}),
    end("notified", holds_persons=True),
    end("rejected"),
    end("withdrawn"),
    messages={
        ApplicationReceived: RECEIVED,
        MembersMismatched: CORRECT,
        IdentityNotConfirmed: CORRECT,
        CorrectionAsked: ASKED,
        CorrectionReminded: REMINDER,
        Lapsed: SUSPENDED,
        CorrectionReceived: RESUMED,
        CaseReopened: RESUMED,
        RegisterChanged: REGISTER_CHANGED,
        DuplicateSuspected: REVIEW,
        IdentityDoubted: REVIEW,
        RefusalProposed: HEARING,
        HearingReminded: HEARING_REMINDER,
        StatementReceived: HEARD,
        NoticesIssued: REGISTERED,
        ApplicationRefused: REFUSED,
        CaseWithdrawn: WITHDRAWN,
        # Nothing changes for the citizen yet.
        PersonsVerified: None,
        IdentityConfirmed: None,
        ScoreComputed: None,
        NothingSuspicious: None,
        PersonAwaited: None,
        PersonLetGo: None,
        PersonNotLetGo: None,
        PersonsLost: None,
        HouseholdApproved: None,
        ReviewCleared: None,
        ReviewReopened: None,
        HearingUnanswered: None,
        ReviewOverdue: None,
    },
)
