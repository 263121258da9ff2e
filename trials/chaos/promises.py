"""What people were promised with an answer, held against the history: it is there as often as it was told, and nothing
else is.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from models.database import Connection
from trials.chaos.answers import TAKEN, UNKNOWN
from trials.chaos.staff import MOMENT
from workflows.events import CaseWithdrawn
from workflows.flows import places

if TYPE_CHECKING:
    from trials.chaos.verdict import Held, Standing

# What nobody but a person does.
BY_PEOPLE = [
    "CorrectionReceived",
    "CaseWithdrawn",
    "CaseReopened",
    "ReviewCleared",
    "CorrectionAsked",
    "RefusalProposed",
    "ApplicationRefused",
    "CaseResumed",
]
HAPPENED = (
    "select r.reference, e.kind, count(*) from event e join receipt r using (case_id) where e.kind = any(%s) "
    "group by 1, 2"
)
MARKED = """
    select d.body->>'commune', count(*), bool_and(exists (
        select from event e where e.case_id = d.case_id and e.kind = 'CorrectionReceived'
            and (e.facts->>'body')::int = d.number
    )) from case_body d where d.number > 1 group by 1
"""
LAPSED = "select r.reference, e.at from event e join receipt r using (case_id) where e.kind = 'Lapsed'"
WORKED = "select case_id, kind, at from event where kind = any(%s) and at between %s and %s"
Told = tuple[str, str, int, int, int]  # reference, kind; how often it happened, was answered, and was not answered


def told(connection: Connection, held: "Held") -> Iterator[Told]:
    """Of everything that people did: how often it stands in the history, and what they were told."""
    happened = {(reference, kind): int(times) for reference, kind, times in connection.execute(HAPPENED, [BY_PEOPLE])}
    taken, unknown = held.answers.counted(TAKEN), held.answers.counted(UNKNOWN)
    for key in sorted(happened.keys() | taken.keys()):
        yield (*key, happened.get(key, 0), taken[key], unknown[key])


def answers_lost(connection: Connection, held: "Held", standings: "Mapping[str, Standing]") -> Iterator[str]:
    """Taken, by the answer that was given, and not in the history; and declarations that are not those
    that were sent.
    """
    yield from (
        f"{reference} {kind}: {times} of {taken}"
        for reference, kind, times, taken, _ in told(connection, held)
        if times < taken
    )
    in_history = {commune: complete for commune, _, complete in connection.execute(MARKED)}
    yield from (
        f"a declaration that no event took: {commune}" for commune, complete in in_history.items() if not complete
    )
    for reference, marks in held.answers.marks.items():
        corrections = sum(
            act.reference == reference and act.told == TAKEN and "CorrectionReceived" in act.kinds
            for act in held.answers.acts
        )
        if sum(mark in in_history for mark in marks) < corrections:
            yield f"{reference}: fewer declarations than corrections that were taken"


def answers_doubled(connection: Connection, held: "Held", standings: "Mapping[str, Standing]") -> Iterator[str]:
    """In the history more often than it was taken, or can have been; and declarations that nobody sent, or that are
    there twice.
    """
    for reference, kind, times, taken, unknown in told(connection, held):
        if times > taken + unknown:
            yield f"{reference} {kind}: {times}, taken {taken}, no answer {unknown}"
    for commune, times, _ in connection.execute(MARKED):
        if times > 1 or commune not in held.answers.sent:
            yield f"{times} declarations of {commune}"


def withdrawn_undone(connection: Connection, held: "Held", standings: "Mapping[str, Standing]") -> Iterator[str]:
    """Who was told that the application is withdrawn, and it is not."""
    for act in held.answers.acts:
        if (
            act.told == TAKEN
            and act.kinds == (CaseWithdrawn.__name__,)
            and standings[act.reference].stage != "withdrawn"
        ):
            yield f"{act.reference} is {standings[act.reference].stage}"


def lapsed_early(connection: Connection, held: "Held", standings: "Mapping[str, Standing]") -> Iterator[str]:
    """Lapsed before a deadline that was set nearer; the others have thirty days."""
    for reference, at in connection.execute(LAPSED):
        deadlines: list[datetime] = held.answers.deadlines.get(reference, [])
        if not any(deadline <= at for deadline in deadlines):
            yield f"{reference} at {at}, deadlines {deadlines}"


def refused_by_one(connection: Connection, held: "Held", standings: "Mapping[str, Standing]") -> Iterator[str]:
    """Rejected, though no two different people asked for it."""
    refusing: dict[str, set[str]] = {}
    for act in held.answers.acts:
        if act.done and {"RefusalProposed", "ApplicationRefused"}.intersection(act.kinds):
            refusing.setdefault(act.reference, set()).add(act.by)
    for reference, standing in standings.items():
        if standing.stage == "rejected" and len(refusing.get(reference, ())) < 2:
            yield f"{reference} by {refusing.get(reference, 'nobody')}"


def receipts_changed(connection: Connection, held: "Held", standings: "Mapping[str, Standing]") -> Iterator[str]:
    """Who sent the same again and was given another reference."""
    yield from held.changed


def worked_while_paused(connection: Connection, held: "Held", standings: "Mapping[str, Standing]") -> Iterator[str]:
    """Decisions of a queue that an operator held back at that time."""
    for queue, since, until in held.pauses:
        kinds = [
            event.__name__
            for _, step in places()
            if step.queue == queue and step.owner == "machine"
            for event in step.transitions
            if event is not CaseWithdrawn
        ]
        for case_id, kind, at in connection.execute(WORKED, [kinds, since + MOMENT, until]):
            yield f"case {case_id} {kind} at {at}, {queue} paused from {since} to {until}"
