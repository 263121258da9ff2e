"""The life of an appeal on one page: a household contests a decision, people examine it, and what they find counts."""

from workflows.bodies.appeal import Appeal
from workflows.events.appeal import (
    AppealAssigned,
    AppealClosed,
    AppealEscalated,
    AppealLodged,
    AppealOverdue,
    AppealQueued,
    AppealRejected,
    AppealReminded,
    AppealSetAside,
    AppealTextAdded,
    AppealUpheld,
    CommissionFound,
    CommissionOverdue,
    CorrectionAwaited,
    CorrectionBlocked,
    CorrectionMade,
    CorrectionOpened,
    CorrectionOverdue,
    CorrectionRetried,
    DecisionProposed,
    FindingReturned,
    HandedBack,
    InformationAsked,
    InformationGiven,
    InformationNotGiven,
    InformationReminded,
    NothingToCorrect,
    ProposalReturned,
    ProposalUnanswered,
    TakenOver,
)
from workflows.events.event import Event
from workflows.events.registration import CaseWithdrawn
from workflows.evidence import (
    Agreement,
    AppealVerdict,
    Assignment,
    CommissionRequest,
    CorrectionOutcome,
    CorrectionRetry,
    DecisionState,
    Escalation,
    Evidence,
    HandBack,
    InformationRequest,
    Statement,
    TimePassed,
    Withdrawal,
)
from workflows.flows.grammar import CASEWORKER, CITIZEN, Decide, Message, end, flow, machine, people, waiting
from workflows.policies import newest_terms
from workflows.stages import (
    add_text,
    agree,
    agree_in_commission,
    ask,
    assign,
    call_commission,
    check_appeal,
    commission_silent,
    conclude,
    correction_overdue,
    effect_late,
    escalate,
    find,
    find_in_commission,
    hand_back,
    inform,
    retry_correction,
    supervisor_silent,
    take_effect,
    take_over,
    unagreed,
    unanswered_appeal,
    uninformed,
    withdraw,
)

# What the citizen is told, by SMS or letter. No text names a person, gives a score or a reason, or holds a link.
RECEIVED = Message(
    "appeal_received",
    "RSU: we have received your appeal {reference}. A caseworker who did not take the decision will examine it, and "
    "you will have an answer within {days} days.",
)
INFORMATION = Message(
    "appeal_information",
    "RSU: a caseworker needs information on your appeal {reference}. What is missing is on its status page, with the "
    "secret code of your receipt. Please give it within {days} days, at a service centre.",
    needs_proof=True,
)
INFORMATION_REMINDER = Message(
    "appeal_information_reminder",
    "RSU: your appeal {reference} waits before {day} for the information that you were asked for. Without it, we "
    "decide on what we know.",
)
INFORMED = Message("appeal_informed", "RSU: we have received your information on appeal {reference}. It is examined.")
LATE = Message(
    "appeal_late",
    "RSU: your appeal {reference} was not answered in time. It is not rejected: a supervisor has it now and decides "
    "within {days} days.",
)
ESCALATED = Message(
    "appeal_escalated",
    "RSU: your appeal {reference} is before the commission now. You need do nothing; we will write to you.",
)
CORRECTED = Message(
    "appeal_corrected",
    "RSU: your appeal {reference} is decided and your household's entry is corrected. What changed, from which day, "
    "and every reason is on its status page, with the secret code of your receipt.",
)
WITHOUT_ENTRY = Message(
    "appeal_without_entry",
    "RSU: your appeal {reference} is upheld. Your household is not in the register any more, so that nothing is "
    "corrected. You may apply again at any time.",
)
SET_ASIDE = Message(
    "appeal_set_aside",
    "RSU: your appeal {reference} is upheld: the decision that you contested counts no more. Send your declaration "
    "again, on the site or at a service centre.",
)
REJECTED = Message(
    "appeal_rejected",
    "RSU: your appeal {reference} was examined and rejected by two people. Every reason is on its status page, with "
    "the secret code of your receipt, and at any service centre.",
)
WITHDRAWN = Message("appeal_withdrawn", "RSU: appeal {reference} was withdrawn as you asked. The decision stands.")

# How long people have, with sources and doubts: workflows/policies/terms/.
TERMS = newest_terms()
# The citizen may add to the appeal and withdraw it until it is decided.
OF_CITIZEN: dict[type[Evidence], Decide] = {Statement: add_text.decide, Withdrawal: withdraw.decide}
WITHDRAW: dict[type[Evidence], Decide] = {Withdrawal: withdraw.decide}
TO_WITHDRAWN: dict[type[Event], str] = {CaseWithdrawn: "withdrawn"}

FLOW = flow(
    "appeal",
    Appeal,
    AppealLodged,
    machine(
        "lodged",
        "verification",
        {DecisionState: check_appeal.decide, **OF_CITIZEN},
        {AppealQueued: "queued", AppealTextAdded: "lodged", **TO_WITHDRAWN},
        gather=check_appeal.gather,
    ),
    people(
        "queued",
        CASEWORKER,
        {
            Assignment: assign.decide,
            Escalation: escalate.decide,
            TimePassed: unanswered_appeal.decide,
            **OF_CITIZEN,
        },
        {
            AppealAssigned: "under_examination",
            AppealEscalated: "with_commission",
            AppealReminded: "queued",
            AppealOverdue: "with_supervisor",
            AppealTextAdded: "queued",
            **TO_WITHDRAWN,
        },
        within=TERMS["answer"].within,
        reminders=TERMS["answer"].reminders,
    ),
    # The term goes on from the stage before: each event says from when it counts.
    people(
        "under_examination",
        CASEWORKER,
        {
            Assignment: take_over.decide,
            HandBack: hand_back.decide,
            InformationRequest: ask.decide,
            AppealVerdict: find.decide,
            Escalation: escalate.decide,
            TimePassed: unanswered_appeal.decide,
            **OF_CITIZEN,
        },
        {
            TakenOver: "under_examination",
            HandedBack: "queued",
            InformationAsked: "information_asked",
            DecisionProposed: "proposed",
            AppealUpheld: "decided",
            AppealSetAside: "decided",
            AppealEscalated: "with_commission",
            AppealReminded: "under_examination",
            AppealOverdue: "with_supervisor",
            AppealTextAdded: "under_examination",
            **TO_WITHDRAWN,
        },
        within=TERMS["answer"].within,
        reminders=TERMS["answer"].reminders,
    ),
    # The agency's term stands still here.
    people(
        "information_asked",
        CITIZEN,
        {Statement: inform.decide, TimePassed: uninformed.decide, **WITHDRAW},
        {
            InformationGiven: "under_examination",
            InformationReminded: "information_asked",
            InformationNotGiven: "under_examination",
            **TO_WITHDRAWN,
        },
        within=TERMS["information"].within,
        reminders=TERMS["information"].reminders,
    ),
    # To reject an appeal, or to uphold it in part, needs a second person.
    people(
        "proposed",
        CASEWORKER,
        {Agreement: agree.decide, TimePassed: unagreed.decide, **OF_CITIZEN},
        {
            AppealUpheld: "decided",
            AppealRejected: "decided",
            ProposalReturned: "under_examination",
            ProposalUnanswered: "under_examination",
            AppealTextAdded: "proposed",
            **TO_WITHDRAWN,
        },
        within=TERMS["agreement"].within,
    ),
    # The agency did not answer in its term: a supervisor decides, or lets somebody decide. The household need not wait
    # for that, and may ask for the commission.
    people(
        "with_supervisor",
        CASEWORKER,
        {
            Assignment: take_over.decide,
            InformationRequest: ask.decide,
            AppealVerdict: find.decide,
            Escalation: escalate.decide,
            CommissionRequest: call_commission.decide,
            TimePassed: supervisor_silent.decide,
            **OF_CITIZEN,
        },
        {
            TakenOver: "with_supervisor",
            InformationAsked: "information_asked",
            DecisionProposed: "proposed",
            AppealUpheld: "decided",
            AppealSetAside: "decided",
            AppealEscalated: "with_commission",
            AppealTextAdded: "with_supervisor",
            **TO_WITHDRAWN,
        },
        within=TERMS["supervisor"].within,
    ),
    # Whatever the outcome, one member proposes it and a second one agrees.
    people(
        "with_commission",
        CASEWORKER,
        {
            AppealVerdict: find_in_commission.decide,
            Agreement: agree_in_commission.decide,
            TimePassed: commission_silent.decide,
            **OF_CITIZEN,
        },
        {
            CommissionFound: "with_commission",
            FindingReturned: "with_commission",
            AppealUpheld: "decided",
            AppealSetAside: "decided",
            AppealRejected: "decided",
            CommissionOverdue: "with_commission",
            AppealTextAdded: "with_commission",
            **TO_WITHDRAWN,
        },
        every=TERMS["commission"].within,
    ),
    machine(
        "decided",
        "approval",
        {TimePassed: conclude.decide},
        {CorrectionOpened: "effective", NothingToCorrect: "notified", AppealClosed: "notified"},
        opens={CorrectionOpened: conclude.correction},
    ),
    waiting(
        "effective",
        {CorrectionOutcome: take_effect.decide, TimePassed: effect_late.decide},
        {CorrectionMade: "notified", NothingToCorrect: "notified", CorrectionBlocked: "correction_blocked"},
        within=TERMS["taking_effect"].within,
        gather=take_effect.gather,
    ),
    people(
        "correction_blocked",
        CASEWORKER,
        {CorrectionRetry: retry_correction.decide, TimePassed: correction_overdue.decide},
        {
            CorrectionAwaited: "effective",
            CorrectionRetried: "decided",
            CorrectionOverdue: "correction_blocked",
        },
        every=TERMS["review"].within,
    ),
    end("notified"),
    end("withdrawn"),
    messages={
        AppealQueued: RECEIVED,
        InformationAsked: INFORMATION,
        InformationReminded: INFORMATION_REMINDER,
        InformationGiven: INFORMED,
        AppealOverdue: LATE,
        AppealEscalated: ESCALATED,
        CorrectionMade: CORRECTED,
        NothingToCorrect: WITHOUT_ENTRY,
        AppealSetAside: SET_ASIDE,
        AppealRejected: REJECTED,
        CaseWithdrawn: WITHDRAWN,
        # Nothing changes for the citizen yet.
        AppealLodged: None,
        AppealAssigned: None,
        HandedBack: None,
        TakenOver: None,
        AppealTextAdded: None,
        InformationNotGiven: None,
        DecisionProposed: None,
        ProposalReturned: None,
        ProposalUnanswered: None,
        AppealReminded: None,
        CommissionFound: None,
        FindingReturned: None,
        CommissionOverdue: None,
        AppealUpheld: None,
        CorrectionOpened: None,
        AppealClosed: None,
        CorrectionBlocked: None,
        CorrectionAwaited: None,
        CorrectionRetried: None,
        CorrectionOverdue: None,
    },
)
