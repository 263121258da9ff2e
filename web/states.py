"""What a citizen is told of where a case stands: in which words, who must act now, and how far it has come. Pure."""

from datetime import UTC, datetime

from web.queries import OPEN, SET_ASIDE, Status
from workflows.flows import FLOWS, PARKED
from workflows.flows.grammar import CITIZEN, MACHINE
from workflows.flows.registration import FLOW as REGISTRATION

# The way of a case as a citizen sees it, by its kind: a step, and the event that ends it. Where it ends well.
STEPS = {
    "registration": (
        ("received", "ApplicationReceived"),
        ("verified", "PersonsVerified"),
        ("scored", "ScoreComputed"),
        ("checked", "NothingSuspicious"),
        ("registered", "NoticesIssued"),
    ),
    "update": (
        ("change_received", "UpdateReceived"),
        ("change_verified", "PersonsVerified"),
        ("scored", "ScoreComputed"),
        ("checked", "NothingSuspicious"),
        ("change_registered", "HouseholdChanged"),
    ),
    "enrolment": (
        ("enrolment_asked", "EnrolmentReceived"),
        ("enrolment_seen", "EnrolmentAttested"),
        ("enrolment_confirmed", "EnrolmentConfirmed"),
        ("enrolment_issued", "PersonEnrolled"),
    ),
}
ALSO = {"PersonsVerified": "IdentityConfirmed"}  # a step that ends by another event, too
# What sends a case back to the beginning of its way.
AGAIN = ("CorrectionReceived", "CaseReopened", "ChangeRebased", "RegisterChanged", "EnrolmentReturned")
# Stages that are the same to a citizen: somebody examines an appeal, the entry is being corrected, a caseworker looks.
SAID_AS = {
    ("appeal", "queued"): "under_examination",
    ("appeal", "proposed"): "under_examination",
    ("appeal", "correction_blocked"): "effective",
    ("registration", "identity_in_doubt"): "under_review",
    ("update", "identity_in_doubt"): "under_review",
}
# What a citizen is told of a review of their entry, of which they declared nothing: other texts than a change's.
SAID_OF_REVIEWS = {
    "in_work": "under_way",
    "under_review": "under_way",
    "awaiting_person": "under_way",
    "correction_asked": "correction_asked",
    "needs_correction": "needs_correction",
    "notified": "notified",
    "lapsed": "lapsed",
    "void": "void",
}
# And of one that the population register brought about; the others are told as those of reviews.
SAID_OF_REGISTER = {
    "in_work": "under_way",
    "under_review": "under_way",
    "awaiting_person": "under_way",
    "correction_asked": "correction_asked",
    "notified": "notified",
    "removed": "removed",
}
# Where it has ended, or lies with us, and the citizen may do something all the same.
MAY_ACT = (
    "lapsed",
    "rejected",
    "update_rejected",
    "update_void",
    "update_departure",
    "enrolment_lapsed",
    "set_aside",
    "appeal_set_aside",
    "appeal_rejected",
)
TAKE_BACK = ("leaving", "changing_phone")  # it goes on by itself, unless the citizen takes it back
MUST, MAY, WORK, DONE = TURNS = ("must", "may", "work", "done")
WELL_ENDED = "notified"
REVIEW_BEGINS = ("DuplicateSuspected", "ReviewReopened")
NEVER = datetime.min.replace(tzinfo=UTC)


def state_of(case: Status) -> str:
    """The stage as citizens are told it, after its kind of case: no kind has the texts of another one."""
    if case.household_gone and case.stage == WELL_ENDED and case.kind in STEPS:
        return "gone"
    if case.contested == SET_ASIDE:
        return "set_aside"
    if case.by_register and said_of(case) in SAID_OF_REGISTER:
        return f"register_{SAID_OF_REGISTER[said_of(case)]}"
    if case.unasked and said_of(case) in SAID_OF_REVIEWS:
        return f"review_{SAID_OF_REVIEWS[said_of(case)]}"
    return said_of(case) if case.kind == REGISTRATION.kind else f"{case.kind}_{said_of(case)}"


def said_of(case: Status) -> str:
    """The stage as citizens are told it: who asks for a correction, and why a caseworker looks, are told apart."""
    if is_in_work(case):
        return "in_work"
    if case.came_to and case.stage == WELL_ENDED:
        return case.came_to
    if case.stage == "pre_enrolled" and "EnrolmentReturned" in case.reached:
        return "returned"
    if (case.kind, case.stage) in SAID_AS:
        return SAID_AS[case.kind, case.stage]
    by_register = max(case.reached.get(kind, NEVER) for kind in ("MembersMismatched", "IdentityNotConfirmed"))
    if case.stage == "needs_correction" and case.reached.get("CorrectionAsked", NEVER) > by_register:
        return "correction_asked"
    if case.stage == "under_review" and was_heard(case):
        return "heard"
    return "departure" if case.stage == "under_review" and "DepartureDeclared" in case.reached else case.stage


def was_heard(case: Status) -> bool:
    """Whether the review goes on after a hearing: a refusal is still proposed, and a second person may decide it."""
    proposed, *begun = (case.reached.get(kind, NEVER) for kind in ("RefusalProposed", *REVIEW_BEGINS))
    return proposed > max(begun)


def is_in_work(case: Status) -> bool:
    """Whether the machine has it. A technical delay is ours, not the citizen's."""
    return case.stage == PARKED or FLOWS[case.kind].stages[case.stage].owner == MACHINE


def turn_of(case: Status) -> str:
    """Whose turn it is, which the page's colour, sign and words say: "must" or "may", the citizen's; "work", ours;
    "done", nobody's.
    """
    if case.stage != PARKED and FLOWS[case.kind].stages[case.stage].owner == CITIZEN:
        return MAY if case.stage in TAKE_BACK else MUST
    if case.contested == OPEN:
        return WORK
    if state_of(case) in MAY_ACT:
        return MAY
    return WORK if case.stage == PARKED or FLOWS[case.kind].stages[case.stage].open else DONE


def progress(case: Status) -> list[tuple[str, str]]:
    """The steps of the way: each `done`, `now`, `yours` (it waits for the citizen) or `ahead`.

    None of what has left the way or nobody declared.

    After a correction, the steps that must be done again are ahead again.
    """
    way = () if case.unasked or "RemovalAnnounced" in case.reached else STEPS.get(case.kind, ())
    if not way or (case.stage != WELL_ENDED and case.stage != PARKED and not FLOWS[case.kind].stages[case.stage].open):
        return []
    since = max(
        (case.reached[kind] for kind in AGAIN if kind in case.reached),
        default=case.submitted_at,
    )
    done = [kind == way[0][1] or reached(case, kind) >= since for _, kind in way]
    now = done.index(False) if False in done else len(done)
    at_hand = "yours" if turn_of(case) == MUST else "now"
    return [
        (name, "done" if done[place] else at_hand if place == now else "ahead") for place, (name, _) in enumerate(way)
    ]


def reached(case: Status, kind: str) -> datetime:
    """When a step that this event ends was done last; never, where it was not."""
    return max(case.reached.get(each, NEVER) for each in (kind, ALSO.get(kind, kind)))
