"""What each decision writes beside the case itself: for every table, its columns and the rows of a move."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from workflows.casefile import CaseFile
from workflows.engine import lanes
from workflows.engine.chain import Sealed
from workflows.engine.messages import Entry
from workflows.events import CorrectionMade, Event, HouseholdApproved, ScoreComputed

Row = tuple[Any, ...]


class Transition(NamedTuple):
    """One decision: the file it was made on, the event as stored, the messages it makes owed."""

    case: CaseFile
    sealed: Sealed
    messages: Sequence[Entry]


class Projection(NamedTuple):
    """A table that moves write to: its columns, the event that makes rows of it (None: every one), a move's rows, and
    whether they repeat what its body says.
    """

    name: str
    columns: str
    on: type[Event] | None
    rows: Callable[[Transition, Any], Iterable[Row]]
    of_body: bool = False

    def rows_of(self, moves: Iterable[Transition]) -> list[Row]:
        """All rows of these moves."""
        of_event = moves if self.on is None else [move for move in moves if type(move.sealed.recorded.event) is self.on]
        return [row for move in of_event for row in self.rows(move, move.sealed.recorded.event)]


def event_rows(move: Transition, event: Event) -> Iterable[Row]:
    """The event itself."""
    return (event_row(move.sealed),)


def event_row(s: Sealed) -> Row:
    """An event as it is stored."""
    return (
        s.case_id,
        s.recorded.seq,
        s.kind,
        s.recorded.at,
        s.recorded.actor,
        s.evidence.decode(),
        s.facts.decode(),
        s.salt,
        s.commitment,
        s.owed,
        s.hash,
    )


def message_rows(move: Transition, event: Event) -> Iterable[Row]:
    """The messages that it makes owed, with the rank of their case's lane."""
    if not move.messages:
        return ()
    s, rank = move.sealed, lanes.rank(move.case.lane, move.sealed.recorded.at)
    return [
        (s.case_id, s.recorded.seq, *entry.notice, entry.id, entry.salt, rank, s.recorded.at) for entry in move.messages
    ]


def score_rows(move: Transition, event: ScoreComputed) -> Iterable[Row]:
    """A score, beside the facts that explain it."""
    return (
        (
            move.case.id,
            move.sealed.recorded.seq,
            move.case.household_id,
            event.score,
            event.policy,
            move.sealed.recorded.at,
        ),
    )


def household_rows(move: Transition, event: HouseholdApproved) -> Iterable[Row]:
    """A household that enters the register with its first version."""
    return ((move.case.household_id, move.case.id, move.sealed.recorded.at),) if event.version == 1 else ()


def version_rows(move: Transition, event: HouseholdApproved) -> Iterable[Row]:
    """A household's version: what was declared."""
    case, declared = move.case, move.case.declaration
    return (
        (
            case.household_id,
            event.version,
            case.id,
            declared.milieu,
            *declared.territory,
            declared.commune,
            len(declared.members),
        ),
    )


def period_rows(move: Transition, event: HouseholdApproved) -> Iterable[Row]:
    """The first version's period: true from when it was declared, known from now."""
    true, known = f"[{move.case.submitted_at},)", f"[{move.sealed.recorded.at},)"
    return ((move.case.household_id, 1, 1, true, known),) if event.version == 1 else ()


def member_rows(move: Transition, event: HouseholdApproved) -> Iterable[Row]:
    """Its members, under the names they were declared with."""
    household, version = move.case.household_id, event.version
    return [
        (household, version, position, member.idcs, member.name, member.relationship)
        for position, member in enumerate(move.case.declaration.members)
    ]


def eligibility_rows(move: Transition, event: HouseholdApproved) -> Iterable[Row]:
    """Which thresholds it meets."""
    household, version = move.case.household_id, event.version
    return [
        (household, version, each.programme, each.eligible, each.threshold, each.policy) for each in event.eligibilities
    ]


def correction_rows(move: Transition, event: CorrectionMade) -> Iterable[Row]:
    """The index as it was computed and as an upheld appeal corrected it."""
    contested = move.case.body
    return (
        (
            move.case.id,
            move.sealed.recorded.seq,
            move.case.household_id,
            contested.case,
            contested.seq,
            event.score_computed,
            event.score_corrected,
            event.policy,
            event.case,
            move.sealed.recorded.at,
        ),
    )


EVENTS = Projection(
    "event", "case_id, seq, kind, at, actor, evidence, facts, salt, commitment, owed, hash", None, event_rows
)
REGISTER = (
    Projection("score", "case_id, seq, household_id, value, policy, computed_at", ScoreComputed, score_rows),
    Projection(
        "score_correction",
        "case_id, seq, household_id, contested_case, contested_seq, score_computed, score_corrected, policy, "
        "corrected_by, corrected_at",
        CorrectionMade,
        correction_rows,
        True,
    ),
    Projection("household", "id, registered_by, registered_at", HouseholdApproved, household_rows),
    Projection(
        "household_version",
        "household_id, version, case_id, milieu, region, province, commune, size",
        HouseholdApproved,
        version_rows,
        True,
    ),
    Projection("household_period", "household_id, number, version, valid, known", HouseholdApproved, period_rows),
    Projection(
        "household_member",
        "household_id, version, position, idcs, name, relationship",
        HouseholdApproved,
        member_rows,
        True,
    ),
    Projection(
        "eligibility",
        "household_id, version, programme, eligible, threshold, policy",
        HouseholdApproved,
        eligibility_rows,
    ),
)
MESSAGES = Projection(
    "message", "case_id, seq, template, channel, language, recipient, body, id, salt, rank, due_at", None, message_rows
)
PROJECTIONS = (EVENTS, *REGISTER, MESSAGES)
