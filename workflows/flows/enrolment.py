"""The life of an enrolment on one page: a person comes into the population register, and gets an identifier.

It is about no household: its subject is a person, who has no number before the end. Fingerprints, faces and irises are
none of it: whoever compares those is another system, and nothing here stands in for it.
"""

from workflows.bodies.enrolment import Enrolment
from workflows.events.enrolment import (
    EnrolledAlready,
    EnrolmentAttested,
    EnrolmentConfirmed,
    EnrolmentOverdue,
    EnrolmentReceived,
    EnrolmentReminded,
    EnrolmentReturned,
    FoundAnother,
    LikelyDuplicates,
    PersonEnrolled,
)
from workflows.events.event import Event
from workflows.events.registration import CaseWithdrawn, Lapsed
from workflows.evidence import (
    Attestation,
    DuplicateSearch,
    DuplicateVerdict,
    EnrolmentVerdict,
    Evidence,
    TimePassed,
    Withdrawal,
)
from workflows.flows.grammar import CITIZEN, POPULATION_OFFICER, Decide, Message, end, flow, machine, people
from workflows.policies import newest_terms
from workflows.stages import (
    attest,
    confirm_enrolment,
    enrol_person,
    enrolment_overdue,
    not_come,
    tell_apart,
    withdraw,
)

# What whoever asked is told. No text names a person or holds an identifier, and none says who was found.
RECEIVED = Message(
    "enrolment_received",
    "RSU: we have received your enrolment {reference}. Come to a service centre within {days} days, with your papers. "
    "This service is free.",
)
REMINDER = Message(
    "enrolment_reminder",
    "RSU: enrolment {reference} waits for you at a service centre until {day}. Bring your papers.",
)
LAPSED = Message(
    "enrolment_lapsed",
    "RSU: enrolment {reference} ended because nobody came to a service centre. You can begin again at any time.",
)
RETURNED = Message(
    "enrolment_returned",
    "RSU: enrolment {reference} is not complete. Please come to the service centre again within {days} days, with your "
    "papers.",
)
LOOKED_AT = Message(
    "enrolment_looked_at",
    "RSU: an officer is looking at enrolment {reference} before it is decided. You need do nothing; we will write to "
    "you.",
)
KNOWN = Message(
    "enrolment_ended_at_desk",
    "RSU: enrolment {reference} has ended. Please come to a service centre with your papers: there you are told what "
    "came of it.",
)
ENROLLED = Message(
    "enrolled",
    "RSU: enrolment {reference} is complete. Your identifier is in your file on the site, with the secret code of your "
    "receipt, and at any service centre.",
)
WITHDRAWN = Message("enrolment_withdrawn", "RSU: enrolment {reference} was withdrawn as you asked.")

# How long people have, with sources and doubts: workflows/policies/terms/.
TERMS = newest_terms()
WITHDRAW: dict[type[Evidence], Decide] = {Withdrawal: withdraw.decide}
TO_WITHDRAWN: dict[type[Event], str] = {CaseWithdrawn: "withdrawn"}

FLOW = flow(
    "enrolment",
    Enrolment,
    EnrolmentReceived,
    # Sent from home, or begun at a centre: an officer has to see the person and the papers.
    people(
        "pre_enrolled",
        CITIZEN,
        {Attestation: attest.decide, TimePassed: not_come.decide, **WITHDRAW},
        {
            EnrolmentAttested: "attested",
            EnrolmentReminded: "pre_enrolled",
            Lapsed: "lapsed",
            **TO_WITHDRAWN,
        },
        within=TERMS["pre_enrolment"].within,
        reminders=TERMS["pre_enrolment"].reminders,
    ),
    # Nobody enters the register on the word of one officer.
    people(
        "attested",
        POPULATION_OFFICER,
        {EnrolmentVerdict: confirm_enrolment.decide, TimePassed: enrolment_overdue.decide, **WITHDRAW},
        {
            EnrolmentConfirmed: "confirmed",
            EnrolmentReturned: "pre_enrolled",
            EnrolmentOverdue: "attested",
            **TO_WITHDRAWN,
        },
        every=TERMS["confirming"].within,
    ),
    # Searched and enrolled in one transaction: else two who are the same would not see each other.
    machine(
        "confirmed",
        "approval",
        {DuplicateSearch: enrol_person.decide, **WITHDRAW},
        {PersonEnrolled: "notified", LikelyDuplicates: "possible_duplicate", **TO_WITHDRAWN},
        gather=enrol_person.gather,
    ),
    people(
        "possible_duplicate",
        POPULATION_OFFICER,
        {DuplicateVerdict: tell_apart.decide, TimePassed: enrolment_overdue.decide, **WITHDRAW},
        {
            FoundAnother: "confirmed",
            EnrolledAlready: "enrolled_already",
            EnrolmentOverdue: "possible_duplicate",
            **TO_WITHDRAWN,
        },
        every=TERMS["telling_apart"].within,
    ),
    end("notified"),
    end("enrolled_already"),
    end("lapsed"),
    end("withdrawn"),
    messages={
        EnrolmentReceived: RECEIVED,
        EnrolmentReminded: REMINDER,
        Lapsed: LAPSED,
        EnrolmentReturned: RETURNED,
        LikelyDuplicates: LOOKED_AT,
        EnrolledAlready: KNOWN,
        PersonEnrolled: ENROLLED,
        CaseWithdrawn: WITHDRAWN,
        # Nothing changes yet for whoever asked.
        EnrolmentAttested: None,
        EnrolmentConfirmed: None,
        EnrolmentOverdue: None,
        FoundAnother: None,
    },
)
