"""Checks of the promises that an answer makes: the history holds each act as often as it was taken, and no other."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from models.database import Connection
from trials.chaos.answers import TAKEN, UNKNOWN
from trials.chaos.observed import CaseStatus, Observed
from trials.chaos.staff import MOMENT
from workflows.events.registration import CaseWithdrawn
from workflows.flows import places

# The kinds of events that only people cause.
BY_PEOPLE = [
    "CorrectionReceived",
    "CaseWithdrawn",
    "CaseReopened",
    "ReviewCleared",
    "CorrectionAsked",
    "RefusalProposed",
    "StatementReceived",
    "IdentityConfirmed",
    "IdentityNotConfirmed",
    "ApplicationRefused",
    "CaseResumed",
    "AppealTextAdded",
    "AppealAssigned",
    "TakenOver",
    "HandedBack",
    "InformationAsked",
    "InformationGiven",
    "DecisionProposed",
    "ProposalReturned",
    "CommissionFound",
    "FindingReturned",
    "AppealUpheld",
    "AppealSetAside",
    "AppealRejected",
    "AppealEscalated",
    "CorrectionAwaited",
    "CorrectionRetried",
]
HAPPENED = """
    select r.reference, e.kind, count(*) from event e join receipt r using (case_id)
    where e.kind = any(%s) group by 1, 2
"""
# Declarations of corrections, each with the mark in its commune, and how often it is there. A change may have other new
# bodies, which bring it together with another change.
MARKED = """
    select coalesce(d.body->>'commune', d.body->'declaration'->>'commune'), count(*) from case_body d
    join cases c on c.id = d.case_id
    where d.number > 1 and (c.kind = 'registration' or exists (
        select from event e where e.case_id = d.case_id and e.kind = 'CorrectionReceived'
        and (e.facts->>'body')::int = d.number
    )) group by 1
"""
UNTAKEN = """
    select d.case_id, d.number from case_body d where d.number > 1 and not exists (
        select from event e where e.case_id = d.case_id and (e.facts->>'body')::int = d.number
    )
"""
LAPSED = "select r.reference, e.at from event e join receipt r using (case_id) where e.kind = 'Lapsed'"
UNHEARD = """
    select r.reference from cases c join receipt r on r.case_id = c.id where c.stage = 'rejected' and not exists (
        select from event p join event h on h.case_id = p.case_id and h.seq > p.seq
        where p.case_id = c.id and p.kind = 'RefusalProposed' and h.kind in ('StatementReceived', 'HearingUnanswered')
        and not exists (select from event o where o.case_id = p.case_id and o.kind = p.kind and o.seq > p.seq)
    )
"""
UNANSWERED = "select r.reference, e.at from event e join receipt r using (case_id) where e.kind = 'HearingUnanswered'"
REFUSING = {"RefusalProposed", "ApplicationRefused", "DecisionProposed", "CommissionFound", "AppealRejected"}
REJECTED = "select r.reference from event e join receipt r using (case_id) where e.kind = 'AppealRejected'"
WORKED = "select case_id, kind, at from event where kind = any(%s) and at between %s and %s"
# Reference and kind; then how often the history holds it, how often it was taken, how often no answer came.
ActCounts = tuple[str, str, int, int, int]


def act_counts(connection: Connection, seen: Observed) -> Iterator[ActCounts]:
    """Counts the acts of people in the history and in the answers that they got."""
    happened = {(reference, kind): int(times) for reference, kind, times in connection.execute(HAPPENED, [BY_PEOPLE])}
    taken, unknown = seen.answers.counted(TAKEN), seen.answers.counted(UNKNOWN)
    for key in sorted(happened.keys() | taken.keys()):
        yield (*key, happened.get(key, 0), taken[key], unknown[key])


def answers_lost(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds acts that were taken and are not in the history, and declarations without their event."""
    yield from (
        f"{reference} {kind}: {times} of {taken}"
        for reference, kind, times, taken, _ in act_counts(connection, seen)
        if times < taken
    )
    in_history = {commune for commune, _ in connection.execute(MARKED)}
    yield from (
        f"a body that no event took: case {case_id}, {number}" for case_id, number in connection.execute(UNTAKEN)
    )
    for reference, marks in seen.answers.marks.items():
        corrections = sum(
            act.reference == reference and act.result == TAKEN and "CorrectionReceived" in act.kinds
            for act in seen.answers.acts
        )
        if sum(mark in in_history for mark in marks) < corrections:
            yield f"{reference}: fewer declarations than corrections that were taken"


def answers_doubled(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds acts that the history holds more often than people did them, and declarations doubled or never sent."""
    for reference, kind, times, taken, unknown in act_counts(connection, seen):
        if times > taken + unknown:
            yield f"{reference} {kind}: {times}, taken {taken}, no answer {unknown}"
    for commune, times in connection.execute(MARKED):
        if times > 1 or commune not in seen.answers.sent:
            yield f"{times} declarations of {commune}"


def withdrawn_undone(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds applications that are not withdrawn, though a withdrawal was taken."""
    for act in seen.answers.acts:
        if (
            act.result == TAKEN
            and act.kinds == (CaseWithdrawn.__name__,)
            and statuses[act.reference].stage != "withdrawn"
        ):
            yield f"{act.reference} is {statuses[act.reference].stage}"


def lapsed_early(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds applications that lapsed before a deadline that was set nearer; the others have thirty days."""
    for reference, at in connection.execute(LAPSED):
        deadlines: list[datetime] = seen.answers.deadlines.get(reference, [])
        if not any(deadline <= at for deadline in deadlines):
            yield f"{reference} at {at}, deadlines {deadlines}"


def refused_by_one(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds applications and appeals that were rejected without two different people."""
    refusing: dict[str, set[str]] = {}
    for act in seen.answers.acts:
        if act.done and REFUSING.intersection(act.kinds):
            refusing.setdefault(act.reference, set()).add(act.by)
    for reference, status in statuses.items():
        if status.stage == "rejected" and len(refusing.get(reference, ())) < 2:
            yield f"{reference} by {refusing.get(reference, 'nobody')}"
    for (reference,) in connection.execute(REJECTED):
        if len(refusing.get(reference, ())) < 2:
            yield f"appeal {reference} by {refusing.get(reference, 'nobody')}"


def refused_unheard(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds applications that were rejected before their citizen was heard, and hearings that ended before a deadline
    that was set nearer; the others have fifteen days.
    """
    yield from (f"{reference} was not heard" for (reference,) in connection.execute(UNHEARD))
    for reference, at in connection.execute(UNANSWERED):
        deadlines: list[datetime] = seen.answers.hearings.get(reference, [])
        if not any(deadline <= at for deadline in deadlines):
            yield f"{reference} was heard until {at}, deadlines {deadlines}"


def receipts_changed(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds applications that got another reference when they were sent again."""
    yield from seen.changed


def worked_while_paused(connection: Connection, seen: Observed, statuses: Mapping[str, CaseStatus]) -> Iterator[str]:
    """Finds decisions of a queue that was paused at that moment."""
    for queue, since, until in seen.pauses:
        kinds = [
            event.__name__
            for _, step in places()
            if step.queue == queue and step.owner == "machine"
            for event in step.transitions
            if event.__name__ not in BY_PEOPLE
        ]
        for case_id, kind, at in connection.execute(WORKED, [kinds, since + MOMENT, until]):
            yield f"case {case_id} {kind} at {at}, {queue} paused from {since} to {until}"
