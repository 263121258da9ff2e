"""What each decision writes beside the case itself: for every table, its columns and the rows of a transition."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from workflows.bodies.change import Change
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile
from workflows.engine import lanes
from workflows.engine.chain import Sealed
from workflows.engine.messages import Entry
from workflows.events.appeal import CorrectionMade
from workflows.events.enrolment import PersonEnrolled
from workflows.events.event import Event
from workflows.events.registration import HouseholdApproved, PersonAwaited, ProgrammeEligibility, ScoreComputed
from workflows.events.update import HouseholdChanged, HouseholdEnded
from workflows.flows import templates_to_prove
from workflows.matching.duplicates.keys import keys_of
from workflows.matching.duplicates.record import record_about
from workflows.registers.ports import Notice

Row = tuple[Any, ...]


class Transition(NamedTuple):
    """One decision: the file it was made on, the event as stored, the messages it makes owed."""

    case: CaseFile
    sealed: Sealed
    messages: Sequence[Entry]


class Transitions:
    """The transitions of a batch: all, in their order, and those by events of some kinds."""

    def __init__(self, transitions: Sequence[Transition]) -> None:
        self.all = transitions
        self.by_kind: dict[type[Event], list[Transition]] = {}
        for each in transitions:
            self.by_kind.setdefault(type(each.sealed.recorded.event), []).append(each)

    def by(self, *kinds: type[Event]) -> list[Transition]:
        """Those by these kinds of events, kind after kind."""
        return [each for kind in kinds for each in self.by_kind.get(kind, ())]


class Projection(NamedTuple):
    """A table that events write to: its columns, which events write there (none named: all), and their rows.

    `of_body`: the rows repeat what the case's body says.
    """

    name: str
    columns: str
    on: tuple[type[Event], ...]
    rows: Callable[[Transition, Any], Iterable[Row]]
    of_body: bool = False
    key: tuple[str, ...] = ()  # by what a row is known, where the table numbers its rows itself

    def rows_of(self, transitions: Transitions) -> list[Row]:
        """All rows of these transitions."""
        chosen = transitions.by(*self.on) if self.on else transitions.all
        return [row for each in chosen for row in self.rows(each, each.sealed.recorded.event)]


class NewVersion(NamedTuple):
    """A version of a household that an event brings: in whose place, whether because that one was wrong, and which
    thresholds it meets.
    """

    number: int
    replaces: int | None
    corrects: bool
    eligibilities: Sequence[ProgrammeEligibility]


def event_rows(transition: Transition, event: Event) -> Iterable[Row]:
    """The event itself."""
    return (event_row(transition.sealed),)


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


def message_rows(transition: Transition, event: Event) -> Iterable[Row]:
    """The messages that it makes owed, with the rank of their case's lane, or of the bulk."""
    if not transition.messages:
        return ()
    s = transition.sealed
    rank = lanes.rank(lanes.lane_of_messages(transition.case.lane, event), s.recorded.at)
    return [
        (s.case_id, s.recorded.seq, *entry.notice, entry.id, entry.salt, rank, s.recorded.at, needs_proof(entry.notice))
        for entry in transition.messages
    ]


def needs_proof(notice: Notice) -> bool:
    """Whether another message follows this one unless its delivery is proved: after a letter none does."""
    return notice.channel == "sms" and notice.template in templates_to_prove()


def score_rows(transition: Transition, event: ScoreComputed) -> Iterable[Row]:
    """A score, beside the facts that explain it."""
    return (
        (
            transition.case.id,
            transition.sealed.recorded.seq,
            transition.case.household_id,
            event.score,
            event.policy,
            transition.sealed.recorded.at,
        ),
    )


def household_rows(transition: Transition, event: HouseholdApproved) -> Iterable[Row]:
    """A household that enters the register with its first version."""
    case = transition.case
    return ((case.household_id, case.id, transition.sealed.recorded.at),) if event.version == 1 else ()


def end_rows(transition: Transition, event: HouseholdEnded) -> Iterable[Row]:
    """A household that leaves the register."""
    return ((transition.case.household_id, transition.case.id, transition.sealed.recorded.at),)


def new_versions(event: HouseholdApproved | HouseholdChanged) -> list[NewVersion]:
    """The versions that an event brings: one, and those in the place of older ones."""
    if isinstance(event, HouseholdApproved):
        return [NewVersion(event.version, None, False, event.eligibilities)]
    corrects = bool(event.corrects)
    return [
        *(NewVersion(each.version, each.replaces, corrects, each.eligibilities) for each in event.earlier),
        NewVersion(event.version, event.corrects or None, corrects, event.eligibilities),
    ]


def declared(transition: Transition, version: NewVersion) -> Declaration:
    """What was declared for a version."""
    body = transition.case.body
    return body.declared(version.replaces) if isinstance(body, Change) else transition.case.declaration


def version_rows(transition: Transition, event: HouseholdApproved | HouseholdChanged) -> Iterable[Row]:
    """Its versions: what was declared."""
    return [version_row(transition, each, declared(transition, each)) for each in new_versions(event)]


def version_row(transition: Transition, version: NewVersion, declaration: Declaration) -> Row:
    """One of them."""
    return (
        transition.case.household_id,
        version.number,
        transition.case.id,
        declaration.milieu,
        *declaration.territory,
        declaration.commune,
        len(declaration.members),
        version.replaces,
        version.corrects,
    )


def period_rows(transition: Transition, event: HouseholdApproved) -> Iterable[Row]:
    """The first version's period: true from when it was declared, known from now."""
    case = transition.case
    true, known = f"[{case.submitted_at},)", f"[{transition.sealed.recorded.at},)"
    return ((case.household_id, 1, 1, true, known),) if event.version == 1 else ()


def member_rows(transition: Transition, event: HouseholdApproved | HouseholdChanged) -> Iterable[Row]:
    """The members of a version, under the names they were declared with."""
    household = transition.case.household_id
    return [
        (household, each.number, position, member.idcs, member.name, member.relationship)
        for each in new_versions(event)
        for position, member in enumerate(declared(transition, each).members)
    ]


def eligibility_rows(transition: Transition, event: HouseholdApproved | HouseholdChanged) -> Iterable[Row]:
    """Which thresholds a version meets."""
    household = transition.case.household_id
    return [
        (household, version.number, each.programme, each.eligible, each.threshold, each.policy)
        for version in new_versions(event)
        for each in version.eligibilities
    ]


def awaited_rows(transition: Transition, event: PersonAwaited) -> Iterable[Row]:
    """The persons for whom a case waits, each with the household that holds them."""
    persons = transition.case.body.persons
    return [
        (transition.case.id, persons[member], household)
        for member, household in zip(event.members, event.households, strict=True)
    ]


def correction_rows(transition: Transition, event: CorrectionMade) -> Iterable[Row]:
    """The index as it was computed and as an upheld appeal corrected it."""
    contested = transition.case.body
    return (
        (
            transition.case.id,
            transition.sealed.recorded.seq,
            transition.case.household_id,
            contested.case,
            contested.seq,
            event.score_computed,
            event.score_corrected,
            event.policy,
            event.case,
            transition.sealed.recorded.at,
        ),
    )


def person_rows(transition: Transition, event: PersonEnrolled) -> Iterable[Row]:
    """A person who comes into the population register; a name that is known in one script stays so."""
    said = transition.case.body
    return (
        (
            event.idcs,
            said.given_name_ar or "",
            said.family_name_ar or "",
            said.given_name_la or "",
            said.family_name_la or "",
            said.birth_date,
            said.birth_precision,
            said.sex,
            said.cin,
            "alive",
            said.birth_place,
            said.nationality,
            said.guardian,
            transition.case.id,
            said.phone,
            said.commune,
            said.address,
            keys_of(record_about(said)),
        ),
    )


NEW_VERSION = (HouseholdApproved, HouseholdChanged)
EVENTS = Projection(
    "event", "case_id, seq, kind, at, actor, evidence, facts, salt, commitment, owed, hash", (), event_rows
)
AWAITED = Projection("person_awaited", "case_id, idcs, household_id", (PersonAwaited,), awaited_rows, True)
PERIODS = Projection(
    "household_period", "household_id, number, version, valid, known", (HouseholdApproved,), period_rows
)
REGISTER = (
    Projection(
        "person",
        "idcs, given_name_ar, family_name_ar, given_name_la, family_name_la, birth_date, birth_precision, sex, cin, "
        "status, birth_place, nationality, guardian, enrolled_by, phone, commune, address, keys",
        (PersonEnrolled,),
        person_rows,
        of_body=True,
        key=("enrolled_by",),
    ),
    Projection("score", "case_id, seq, household_id, value, policy, computed_at", (ScoreComputed,), score_rows),
    Projection(
        "score_correction",
        "case_id, seq, household_id, contested_case, contested_seq, score_computed, score_corrected, policy, "
        "corrected_by, corrected_at",
        (CorrectionMade,),
        correction_rows,
        True,
    ),
    Projection("household", "id, registered_by, registered_at", (HouseholdApproved,), household_rows),
    Projection("household_end", "household_id, case_id, ended_at", (HouseholdEnded,), end_rows),
    Projection(
        "household_version",
        "household_id, version, case_id, milieu, region, province, commune, size, replaces, corrects",
        NEW_VERSION,
        version_rows,
        True,
    ),
    Projection(
        "household_member",
        "household_id, version, position, idcs, name, relationship",
        NEW_VERSION,
        member_rows,
        True,
    ),
    Projection(
        "eligibility",
        "household_id, version, programme, eligible, threshold, policy",
        NEW_VERSION,
        eligibility_rows,
    ),
)
MESSAGES = Projection(
    "message",
    "case_id, seq, template, channel, language, recipient, body, id, salt, rank, due_at, needs_proof",
    (),
    message_rows,
)
PROJECTIONS = (EVENTS, *REGISTER, PERIODS, AWAITED, MESSAGES)
