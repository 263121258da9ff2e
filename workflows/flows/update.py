"""The life of an update on one page: a registered household says what has changed.

The stages decide as those of a registration do. An update that another case opened, such as an appeal, sends no
messages.
"""

from workflows.bodies.change import Change
from workflows.events.event import Event
from workflows.events.registration import (
    ApplicationRefused,
    CaseWithdrawn,
    CorrectionAsked,
    CorrectionReceived,
    CorrectionReminded,
    DuplicateSuspected,
    HearingReminded,
    HearingUnanswered,
    Lapsed,
    MembersMismatched,
    NothingSuspicious,
    PersonAwaited,
    PersonLetGo,
    PersonNotLetGo,
    PersonsLost,
    PersonsVerified,
    RefusalProposed,
    ReviewCleared,
    ReviewOverdue,
    ReviewReopened,
    ScoreComputed,
    StatementReceived,
)
from workflows.events.update import (
    ChangeAccepted,
    ChangeConflicts,
    ChangeKeptOpen,
    ChangeOvertaken,
    ChangeRebased,
    ChangeTold,
    CorrectionAccepted,
    DepartureDeclared,
    HouseholdChanged,
    HouseholdEnded,
    HouseholdGone,
    LossTold,
    RemovalAnnounced,
    RemovalDue,
    ReviewOrdered,
    UpdateReceived,
)
from workflows.evidence import (
    ChangeSilence,
    Comparison,
    Correction,
    Evidence,
    HouseholdState,
    IndexInForce,
    PersonsAwaited,
    RegisterAnswer,
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
    await_person,
    change,
    compare,
    correct,
    hear,
    lapse,
    overdue,
    remove,
    review,
    score,
    screen,
    tell_change,
    unanswered,
    verify,
    withdraw,
)

# What the citizen is told. No text names a person, gives a score or a reason, or holds a link.
RECEIVED = Message(
    "update_received",
    "RSU: we have received a change of your household, {reference}. If it does not come from you, tell a service "
    "centre. This service is free.",
)
DEPARTURE = Message(
    "departure_declared",
    "RSU: a member of your household says that they have left it, {reference}. A caseworker decides; you may answer at "
    "a service centre.",
)
CONFLICT = Message(
    "update_conflict",
    "RSU: another change of your household came before {reference} and says something else. Choose within {days} days "
    "which is right, at the service where you filed or at a service centre.",
)
REMOVAL = Message(
    "removal_announced",
    "RSU: your household will be removed from the register in {days} days, {reference}. You can take that back until "
    "then, at the service where you filed or at a service centre.",
)
REMOVED = Message(
    "removed",
    "RSU: your household was removed from the register, {reference}, as was asked. If you did not ask for it, "
    "tell a service centre at once.",
)
CORRECT = Message(
    "update_correction",
    "RSU: some of what change {reference} says does not agree with the population register. Correct it within {days} "
    "days, at the service where you filed or at a service centre.",
)
ASKED = Message(
    "update_correction_asked",
    "RSU: a caseworker looked at change {reference} and asks you to correct it within {days} days, at the service "
    "where you filed or at a service centre. It is not refused.",
)
REMINDER = Message(
    "update_reminder",
    "RSU: change {reference} waits for your answer before {day}, at the service where you filed or at a service "
    "centre. Without it, your household stays as it is registered.",
)
KEPT_OPEN = Message(
    "update_kept_open",
    "RSU: change {reference} still waits for your answer and stays open until you give it, at the service where you "
    "filed or at a service centre.",
)
LAPSED = Message(
    "update_lapsed",
    "RSU: change {reference} ended because no answer came. Your household stays as it is registered; you can declare "
    "the change again at any time.",
)
RESUMED = Message("update_resumed", "RSU: we have received your answer on change {reference}. It is being processed.")
REVIEW = Message(
    "update_review",
    "RSU: a caseworker is looking at change {reference} before it is decided. You need do nothing; we will write to "
    "you.",
)
HEARING = Message(
    "update_hearing",
    "RSU: a caseworker proposes to refuse change {reference}. Nothing is decided. You may answer within {days} days, "
    "at the service where you filed or at a service centre. The reason is on its status page, with the secret code of "
    "your receipt.",
)
HEARING_REMINDER = Message(
    "update_hearing_reminder",
    "RSU: you may answer before {day} on change {reference}, which a caseworker proposes to refuse, at the "
    "service where you filed or at a service centre. Without an answer, the review goes on.",
)
HEARD = Message(
    "update_heard",
    "RSU: we have received your answer on change {reference}. A caseworker will read it before anything is decided.",
)
CHANGED = Message(
    "update_registered",
    "RSU: the change of your household is registered, {reference}. What changed is on its status page.",
)
LOSS = Message(
    "update_registered_with_loss",
    "RSU: the change of your household is registered, {reference}. By it your household no longer meets the threshold "
    "of a programme. The status page says which, why, and how to object.",
)
REFUSED = Message(
    "update_refused",
    "RSU: change {reference} was refused by two caseworkers. Your household stays as it is registered. You may ask "
    "why, and object, at a service centre.",
)
REVIEW_OPENED = Message(
    "entry_review_opened",
    "RSU: a mistake of ours may touch your household's entry. We look at it again, {reference}. Your entry stays as it "
    "is meanwhile.",
)
REVIEWED = Message(
    "entry_reviewed",
    "RSU: your household's entry was looked at again, {reference}. What changed, if anything, is on its status page.",
)
ENTRY_LOOKED_AT = Message(
    "entry_looked_at",
    "RSU: a caseworker is looking at your household's entry, {reference}. You need do nothing; we will write to you.",
)
VALUE_ASKED = Message(
    "entry_value_asked",
    "RSU: we look at your household's entry again, {reference}. Declare the value that we ask for anew within "
    "{days} days, at a service centre. You sent no change; your entry stays valid.",
)
VALUE_REMINDER = Message(
    "entry_value_reminder",
    "RSU: we wait for the value that we asked for, {reference}, before {day}, at a service centre. Without it, "
    "your household stays as it is registered.",
)
ENTRY_DIFFERS = Message(
    "entry_differs",
    "RSU: we look at your household's entry again, {reference}. Some of it does not agree with the population "
    "register. Correct it within {days} days, at a service centre.",
)
REVIEW_LAPSED = Message(
    "entry_review_lapsed",
    "RSU: the review of your household's entry, {reference}, ended because no answer came. Your household stays "
    "as it is registered; you can declare a change at any time.",
)
REVIEW_RESUMED = Message(
    "entry_review_resumed",
    "RSU: we have received your answer on the review of your household's entry, {reference}. It is being processed.",
)
REVIEWED_WITH_LOSS = Message(
    "entry_reviewed_with_loss",
    "RSU: your household's entry was corrected, {reference}. By it your household no longer meets the threshold "
    "of a programme. The status page says which, why, and how to object.",
)
REVIEW_VOID = Message(
    "entry_review_void",
    "RSU: the review of your household's entry, {reference}, ended, because your household is not in the register"
    " any more.",
)
GONE = Message(
    "update_void", "RSU: change {reference} cannot be made, because your household is not in the register any more."
)
WITHDRAWN = Message(
    "update_withdrawn", "RSU: change {reference} was withdrawn as you asked. Your household stays as it is registered."
)

# The citizen may withdraw until the change is in the register.
WITHDRAW: dict[type[Evidence], Decide] = {Withdrawal: withdraw.decide}
TO_WITHDRAWN: dict[type[Event], str] = {CaseWithdrawn: "withdrawn"}

# How long people have, with sources and doubts: workflows/policies/terms/.
TERMS = newest_terms()

FLOW = flow(
    "update",
    Change,
    UpdateReceived,
    machine(
        "submitted",
        "verification",
        {Comparison: compare.decide, **WITHDRAW},
        {
            ChangeAccepted: "compared",
            CorrectionAccepted: "verified",
            DepartureDeclared: "compared",
            ReviewOrdered: "compared",
            ChangeRebased: "submitted",
            ChangeConflicts: "conflicting",
            RemovalAnnounced: "leaving",
            HouseholdGone: "void",
            **TO_WITHDRAWN,
        },
        gather=compare.gather,
        holds_persons=True,
    ),
    machine(
        "compared",
        "verification",
        {RegisterAnswer: verify.decide, **WITHDRAW},
        {PersonsVerified: "verified", MembersMismatched: "needs_correction", **TO_WITHDRAWN},
        gather=verify.gather,
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
        {HouseholdState: change.decide, **WITHDRAW},
        {
            HouseholdChanged: "approved",
            HouseholdEnded: "removed",
            ChangeOvertaken: "submitted",
            HouseholdGone: "void",
            PersonsLost: "scored",
            **TO_WITHDRAWN,
        },
        gather=change.gather,
        holds_persons=True,
    ),
    machine(
        "approved",
        "notification",
        {TimePassed: tell_change.decide},
        {ChangeTold: "notified", LossTold: "notified"},
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
    # Another change came first and says something else: the citizen is shown both, and chooses.
    people(
        "conflicting",
        CITIZEN,
        {Correction: correct.decide, ChangeSilence: lapse.decide_change, **WITHDRAW},
        {
            CorrectionReceived: "submitted",
            CorrectionReminded: "conflicting",
            ChangeKeptOpen: "conflicting",
            Lapsed: "lapsed",
            **TO_WITHDRAWN,
        },
        gather=lapse.gather,
        within=TERMS["conflict"].within,
        reminders=TERMS["conflict"].reminders,
        renewed_by=frozenset({ChangeKeptOpen}),
    ),
    people(
        "leaving",
        CITIZEN,
        {TimePassed: remove.decide, **WITHDRAW},
        {RemovalDue: "fraud_checked", **TO_WITHDRAWN},
        within=TERMS["removal"].within,
    ),
    people(
        "needs_correction",
        CITIZEN,
        {Correction: correct.decide, ChangeSilence: lapse.decide_change, **WITHDRAW},
        {
            CorrectionReceived: "submitted",
            CorrectionReminded: "needs_correction",
            ChangeKeptOpen: "needs_correction",
            Lapsed: "lapsed",
            **TO_WITHDRAWN,
        },
        gather=lapse.gather,
        within=TERMS["correction"].within,
        reminders=TERMS["correction"].reminders,
        renewed_by=frozenset({ChangeKeptOpen}),
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
    end("notified", holds_persons=True),
    end("removed"),
    end("void"),
    end("lapsed"),
    end("rejected"),
    end("withdrawn"),
    messages={
        UpdateReceived: RECEIVED,
        DepartureDeclared: DEPARTURE,
        ChangeConflicts: CONFLICT,
        RemovalAnnounced: REMOVAL,
        HouseholdEnded: REMOVED,
        HouseholdGone: GONE,
        MembersMismatched: CORRECT,
        CorrectionAsked: ASKED,
        CorrectionReminded: REMINDER,
        ChangeKeptOpen: KEPT_OPEN,
        Lapsed: LAPSED,
        CorrectionReceived: RESUMED,
        DuplicateSuspected: REVIEW,
        RefusalProposed: HEARING,
        HearingReminded: HEARING_REMINDER,
        StatementReceived: HEARD,
        ChangeTold: CHANGED,
        LossTold: LOSS,
        ApplicationRefused: REFUSED,
        CaseWithdrawn: WITHDRAWN,
        # Nothing changes for the citizen yet.
        ChangeAccepted: None,
        CorrectionAccepted: None,
        ChangeRebased: None,
        ChangeOvertaken: None,
        PersonsVerified: None,
        ScoreComputed: None,
        NothingSuspicious: None,
        PersonAwaited: None,
        PersonLetGo: None,
        PersonNotLetGo: None,
        PersonsLost: None,
        HouseholdChanged: None,
        RemovalDue: None,
        ReviewCleared: None,
        ReviewReopened: None,
        HearingUnanswered: None,
        ReviewOverdue: None,
        ReviewOrdered: None,
    },
    # Of a review of its entry that the agency opened; the household declared nothing.
    unasked={
        UpdateReceived: REVIEW_OPENED,
        DuplicateSuspected: ENTRY_LOOKED_AT,
        MembersMismatched: ENTRY_DIFFERS,
        CorrectionAsked: VALUE_ASKED,
        CorrectionReminded: VALUE_REMINDER,
        CorrectionReceived: REVIEW_RESUMED,
        Lapsed: REVIEW_LAPSED,
        HouseholdGone: REVIEW_VOID,
        ChangeTold: REVIEWED,
        LossTold: REVIEWED_WITH_LOSS,
    },
)
