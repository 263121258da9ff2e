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
    IdentityConfirmed,
    IdentityDoubted,
    IdentityNotConfirmed,
    Lapsed,
    MembersMismatched,
    NothingSuspicious,
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
from workflows.events.update import (
    ChangeAccepted,
    ChangeConflicts,
    ChangeKeptOpen,
    ChangeOvertaken,
    ChangeRebased,
    ChangeTold,
    CorrectionAccepted,
    DepartureDeclared,
    EntryAgrees,
    EntryToCompare,
    HouseholdChanged,
    HouseholdEnded,
    HouseholdGone,
    LossTold,
    NewPhoneAnnounced,
    NewPhoneDue,
    RegisterTold,
    RegisterTookBack,
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
    IdentityVerdict,
    IndexInForce,
    LifeEventHeard,
    PersonsAwaited,
    RegisterAnswer,
    RegisterChange,
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
    identify,
    lapse,
    look_again,
    new_phone,
    overdue,
    remove,
    review,
    score,
    screen,
    take_back,
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
    "RSU: another change of your household came before {reference} and says something else. Choose within {days} "
    "days which is right, in your file on the site or at a service centre.",
    needs_proof=True,
)
REMOVAL = Message(
    "removal_announced",
    "RSU: your household will be removed from the register in {days} days, {reference}. You can take that back until "
    "then, in your file on the site or at a service centre.",
    needs_proof=True,
)
REMOVED = Message(
    "removed",
    "RSU: your household was removed from the register, {reference}, as was asked. If you did not ask for it, "
    "tell a service centre at once.",
)
NEW_PHONE = Message(
    "new_phone",
    "RSU: in {days} days another phone number becomes that of your household, {reference}. If you did not ask for it, "
    "withdraw it or tell a service centre before then.",
    needs_proof=True,
    to_besides=True,
)
CORRECT = Message(
    "update_correction",
    "RSU: some of what change {reference} says does not agree with the population register. Correct it within {days} "
    "days, in your file on the site or at a service centre.",
    needs_proof=True,
)
ASKED = Message(
    "update_correction_asked",
    "RSU: a caseworker looked at change {reference} and asks you to correct it within {days} days, in your file on "
    "the site or at a service centre. It is not refused.",
    needs_proof=True,
)
REMINDER = Message(
    "update_reminder",
    "RSU: change {reference} waits for your answer before {day}, in your file on the site or at a service centre. "
    "Without it, your household stays as it is registered.",
)
KEPT_OPEN = Message(
    "update_kept_open",
    "RSU: change {reference} still waits for your answer and stays open until you give it, in your file on the site "
    "or at a service centre.",
)
LAPSED = Message(
    "update_lapsed",
    "RSU: change {reference} ended because no answer came. Your household stays as it is registered; you can declare "
    "the change again at any time.",
)
RESUMED = Message("update_resumed", "RSU: we have received your answer on change {reference}. It is being processed.")
REGISTER_CHANGED = Message(
    "update_register_changed",
    "RSU: the population register has changed its entry of a member of your household. Change {reference} is compared "
    "with it again; you need do nothing.",
)
REVIEW = Message(
    "update_review",
    "RSU: a caseworker is looking at change {reference} before it is decided. You need do nothing; we will write to "
    "you.",
)
HEARING = Message(
    "update_hearing",
    "RSU: a caseworker proposes to refuse change {reference}. Nothing is decided. You may answer within {days} days, "
    "in your file on the site or at a service centre. The reason is on its status page, with the secret code of your "
    "receipt.",
    needs_proof=True,
)
HEARING_REMINDER = Message(
    "update_hearing_reminder",
    "RSU: you may answer before {day} on change {reference}, which a caseworker proposes to refuse, in your file on "
    "the site or at a service centre. Without an answer, the review goes on.",
)
HEARD = Message(
    "update_heard",
    "RSU: we have received your answer on change {reference}. A caseworker will read it before anything is decided.",
)
CHANGED = Message(
    "update_registered",
    "RSU: the change of your household is registered, {reference}. What changed is on its status page.",
    needs_proof=True,
)
LOSS = Message(
    "update_registered_with_loss",
    "RSU: the change of your household is registered, {reference}. By it your household no longer meets the threshold "
    "of a programme. The status page says which, why, and how to object.",
    needs_proof=True,
)
REFUSED = Message(
    "update_refused",
    "RSU: change {reference} was refused by two caseworkers. Your household stays as it is registered. You may ask "
    "why, and object, at a service centre.",
    needs_proof=True,
)
REVIEW_OPENED = Message(
    "entry_review_opened",
    "RSU: a mistake of ours may touch your household's entry. We look at it again, {reference}. Your entry stays as it "
    "is meanwhile.",
)
REVIEWED = Message(
    "entry_reviewed",
    "RSU: your household's entry was looked at again, {reference}. What changed, if anything, is on its status page.",
    needs_proof=True,
)
ENTRY_LOOKED_AT = Message(
    "entry_looked_at",
    "RSU: a caseworker is looking at your household's entry, {reference}. You need do nothing; we will write to you.",
)
ENTRY_COMPARED = Message(
    "entry_register_changed",
    "RSU: the population register has changed its entry of a member of your household, {reference}. Your entry is "
    "compared with it again; you need do nothing.",
)
VALUE_ASKED = Message(
    "entry_value_asked",
    "RSU: we look at your household's entry again, {reference}. Declare the value that we ask for anew within "
    "{days} days, at a service centre. You sent no change; your entry stays valid.",
    needs_proof=True,
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
    needs_proof=True,
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
    needs_proof=True,
)
REVIEW_VOID = Message(
    "entry_review_void",
    "RSU: the review of your household's entry, {reference}, ended, because your household is not in the register"
    " any more.",
)
ENTRY_TOLD = Message(
    "entry_told_of",
    "RSU: the population register tells us of a change that concerns a member of your household, {reference}. We look "
    "at your entry; you need do nothing. If it is a mistake, tell a service centre.",
)
DECLARE_ANEW = Message(
    "entry_declare_anew",
    "RSU: a member of your household has changed in the population register, {reference}. Please declare your "
    "household anew within {days} days, at a service centre. Your entry stays valid.",
    needs_proof=True,
)
ENDED_BY_REGISTER = Message(
    "entry_ended",
    "RSU: your household's entry has ended by what the population register tells us, {reference}. If that is a "
    "mistake, tell a service centre at once.",
)
TAKEN_BACK = Message(
    "entry_stays",
    "RSU: the population register has taken back what it told us, {reference}. Your household stays as it is "
    "registered; you need do nothing.",
)
GONE = Message(
    "update_void", "RSU: change {reference} cannot be made, because your household is not in the register any more."
)
WITHDRAWN = Message(
    "update_withdrawn", "RSU: change {reference} was withdrawn as you asked. Your household stays as it is registered."
)
CONFIRMING = Message(
    "confirmation_received",
    "RSU: you said that your household's declaration still holds, {reference}. If it was not you, tell a service "
    "centre. This service is free.",
)
CONFIRMED = Message(
    "confirmed",
    "RSU: your household's declaration is confirmed, {reference}. Its index was computed anew and is on its status "
    "page.",
)

# The citizen may withdraw until the change is in the register.
WITHDRAW: dict[type[Evidence], Decide] = {Withdrawal: withdraw.decide}
TO_WITHDRAWN: dict[type[Event], str] = {CaseWithdrawn: "withdrawn"}
# So may the population register take back what it told, while people look at what it opened.
TAKE_BACK: dict[type[Evidence], Decide] = {LifeEventHeard: take_back.decide}

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
            EntryToCompare: "compared",
            RegisterTold: "verified",
            ChangeRebased: "submitted",
            ChangeConflicts: "conflicting",
            RemovalAnnounced: "leaving",
            NewPhoneAnnounced: "changing_phone",
            HouseholdGone: "void",
            **TO_WITHDRAWN,
        },
        gather=compare.gather,
        holds_persons=True,
    ),
    machine(
        "compared",
        "verification",
        {RegisterAnswer: verify.decide_change, **WITHDRAW},
        {
            PersonsVerified: "verified",
            EntryAgrees: "unchanged",
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
        {Correction: correct.decide, ChangeSilence: lapse.decide_change, **TAKE_BACK, **WITHDRAW},
        {
            CorrectionReceived: "submitted",
            RegisterTookBack: "unchanged",
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
        "changing_phone",
        CITIZEN,
        {TimePassed: new_phone.decide, **WITHDRAW},
        {NewPhoneDue: "submitted", **TO_WITHDRAWN},
        within=TERMS["new_phone"].within,
    ),
    people(
        "needs_correction",
        CITIZEN,
        {
            Correction: correct.decide,
            RegisterChange: look_again.decide,
            ChangeSilence: lapse.decide_change,
            **TAKE_BACK,
            **WITHDRAW,
        },
        {
            CorrectionReceived: "submitted",
            RegisterChanged: "submitted",
            RegisterTookBack: "unchanged",
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
    # The population register neither confirms nor denies that a member is who they say: a caseworker looks.
    people(
        "identity_in_doubt",
        CASEWORKER,
        {
            IdentityVerdict: identify.decide,
            RegisterChange: look_again.decide,
            TimePassed: overdue.decide,
            **TAKE_BACK,
            **WITHDRAW,
        },
        {
            RegisterTookBack: "unchanged",
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
        {ReviewVerdict: review.decide, TimePassed: overdue.decide, **TAKE_BACK, **WITHDRAW},
        {
            ReviewCleared: "scored",
            RegisterTookBack: "unchanged",
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
    end("unchanged"),
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
        NewPhoneAnnounced: NEW_PHONE,
        HouseholdEnded: REMOVED,
        HouseholdGone: GONE,
        MembersMismatched: CORRECT,
        IdentityNotConfirmed: CORRECT,
        CorrectionAsked: ASKED,
        CorrectionReminded: REMINDER,
        ChangeKeptOpen: KEPT_OPEN,
        Lapsed: LAPSED,
        CorrectionReceived: RESUMED,
        RegisterChanged: REGISTER_CHANGED,
        DuplicateSuspected: REVIEW,
        IdentityDoubted: REVIEW,
        RefusalProposed: HEARING,
        HearingReminded: HEARING_REMINDER,
        StatementReceived: HEARD,
        ChangeTold: CHANGED,
        LossTold: LOSS,
        ApplicationRefused: REFUSED,
        CaseWithdrawn: WITHDRAWN,
        RegisterTookBack: TAKEN_BACK,
        # Nothing changes for the citizen yet.
        ChangeAccepted: None,
        CorrectionAccepted: None,
        ChangeRebased: None,
        ChangeOvertaken: None,
        PersonsVerified: None,
        IdentityConfirmed: None,
        ScoreComputed: None,
        NothingSuspicious: None,
        PersonAwaited: None,
        PersonLetGo: None,
        PersonNotLetGo: None,
        PersonsLost: None,
        HouseholdChanged: None,
        RemovalDue: None,
        NewPhoneDue: None,
        ReviewCleared: None,
        ReviewReopened: None,
        HearingUnanswered: None,
        ReviewOverdue: None,
        ReviewOrdered: None,
        RegisterTold: None,
        EntryToCompare: None,
        EntryAgrees: None,
    },
    # Of a review of its entry that the agency opened; the household declared nothing.
    unasked={
        UpdateReceived: REVIEW_OPENED,
        DuplicateSuspected: ENTRY_LOOKED_AT,
        MembersMismatched: ENTRY_DIFFERS,
        IdentityDoubted: ENTRY_LOOKED_AT,
        IdentityNotConfirmed: ENTRY_DIFFERS,
        CorrectionAsked: VALUE_ASKED,
        CorrectionReminded: VALUE_REMINDER,
        CorrectionReceived: REVIEW_RESUMED,
        RegisterChanged: ENTRY_COMPARED,
        Lapsed: REVIEW_LAPSED,
        HouseholdGone: REVIEW_VOID,
        ChangeTold: REVIEWED,
        LossTold: REVIEWED_WITH_LOSS,
    },
    # Of a case that the population register opened by a life event; what is not here is told as of a review.
    by_register={UpdateReceived: ENTRY_TOLD, CorrectionAsked: DECLARE_ANEW, HouseholdEnded: ENDED_BY_REGISTER},
    confirming={UpdateReceived: CONFIRMING, ChangeTold: CONFIRMED},
)
