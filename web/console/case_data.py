"""Loads one case for its page, for a reader who may read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from models.database import Connection
from models.errors import Refused
from workflows.audit.acts import Act
from workflows.bodies.declaration import Declaration
from workflows.casework.appeal_view import AppealView, Outcome, appeal_of_reference, outcome
from workflows.casework.case_view import CaseView, case_view
from workflows.casework.contested import Basis, basis_of
from workflows.casework.possible import possible_acts
from workflows.casework.reviews import (
    HEARING,
    REVIEW,
    RelatedCase,
    ReviewedChange,
    reviewed_change,
    statement_of,
    still_held,
    under_review,
)
from workflows.casework.same_cause import SharedValue, sharing, values_shared
from workflows.desk.locks import Lock, lock_of, open_to_decide
from workflows.desk.notes import NOTE, Entry, entries_of
from workflows.events.registration import RefusalProposed, Signal
from workflows.flows.appeal import FLOW as APPEAL
from workflows.fraud import raised
from workflows.intake.receipts import find
from workflows.staff.guard import Acting, Subject, permit
from workflows.staff.noting import Doing, note_reading
from workflows.staff.roles import Territory
from workflows.staff.signatures import OFFICER, names_of, pseudonym
from workflows.staff.subjects import subject_of
from workflows.staff.territories import within
from workflows.stages.review import REASONS, proposal

FIRST_OF_SAME_CAUSE = 10
DECIDING = {"decide_review", "propose_decision"}  # who may do one of these opens a case to decide it
DESK = """
    select c.region, c.province, d.due_at, d.holder, d.case_id is not null
    from cases c left join desk_item d on d.case_id = c.id and d.waits_for is not null where c.id = %s
"""


@dataclass(frozen=True, slots=True)
class ReviewPart:
    """What a review rests on, and what may be answered now. `proposed`: the refusal that waits for a second person."""

    signals: Sequence[Signal]
    others: Sequence[RelatedCase]
    change: ReviewedChange | None
    statement: str | None
    shared: Sequence[SharedValue]
    proposed: RefusalProposed | None
    proposed_by: str
    verdicts: dict[str, tuple[str, ...]]

    @property
    def held(self) -> bool:
        """Whether another household holds one of the persons and lets them not go: a cleared review would come back."""
        return still_held(self.others)


@dataclass(frozen=True, slots=True)
class AppealPart:
    """What an appeal rests on, and what the reader may do now, each act with the role in which they may."""

    view: AppealView
    basis: Basis
    acts: dict[str, str]
    outcome: Outcome | None
    same_cause: tuple[int, Sequence[str]]


class DeskLine(NamedTuple):
    """What the desk says of a case: where it belongs, by when somebody should decide (None: nobody), who holds it."""

    territory: Territory
    due_at: datetime | None
    holder: str | None
    waits: bool = False  # for people


@dataclass(frozen=True, slots=True)
class CasePage:
    """A case as its page shows it."""

    view: CaseView
    desk: DeskLine
    names: dict[str, str]
    me: str  # the reader's pseudonym
    review: ReviewPart | None = None
    appeal: AppealPart | None = None
    lock: Lock | None = None  # who has it open to decide it
    notes: Sequence[Entry] = ()  # what people did with it at the desk
    deeds: frozenset[str] = frozenset()  # what the reader may do with it at the desk

    @property
    def contested_declaration(self) -> Declaration | None:
        """What the contested case declares, of an appeal."""
        return self.appeal.basis.declared if self.appeal else None

    def who(self, actor: str) -> str:
        """The name of somebody of the staff, or else the pseudonym."""
        return self.names.get(actor, actor)

    def said_by(self, actor: str) -> str:
        """The last note of somebody for their colleagues; '' where they left none, or it is erased."""
        return next((each.text or "" for each in reversed(self.notes) if each.actor == actor and each.what == NOTE), "")


def load_case(connection: Connection, who: Acting, reference: str, now: datetime) -> CasePage:
    """A case for a reader who may read it, which the audit notes. Raises NotFound, and Refused."""
    case = find(connection, reference)
    subject = subject_of(connection, case.id, "read_case", who)
    role = permit(who, "read_case", subject)
    view = case_view(connection, case.id)
    me = pseudonym(OFFICER, who.name)
    review = review_part(connection, view, me) if view.file.stage in (REVIEW, HEARING) else None
    others = {other for signal in (review.signals if review else ()) for other in signal.cases}
    appeal = appeal_part(connection, view, who, now) if view.file.kind == APPEAL.kind else None
    others |= {find(connection, appeal.view.appeal.reference).id} if appeal else set()
    note_reading(connection, who, Doing(Act.READ_CASE, now, [case.id, *sorted(others)], role))
    desk, notes = desk_line(connection, case.id), entries_of(connection, case.id)
    deeds = deeds_of(who, desk, me)
    opens = review and view.file.stage == REVIEW and review.proposed_by != me
    decides = deeds & DECIDING and (opens or (appeal and "propose_decision" in appeal.acts))
    lock = open_to_decide(connection, who, case.id, now) if decides else lock_of(connection, case.id, now)
    people = everybody(view, appeal, desk) | {actor for each in notes for actor in (each.actor, each.to) if actor}
    names = names_of(connection, people | ({lock.holder} if lock else set()))
    return CasePage(view, desk, names, me, review, appeal, lock, notes, deeds)


def deeds_of(who: Acting, desk: DeskLine, me: str) -> frozenset[str]:
    """What the reader may do with a case at the desk, by its rights."""
    own = desk.holder == me if desk.holder else None
    asked = dict.fromkeys(("take_case", "add_note", "take_answer", "decide_review", "propose_decision"))
    asked |= {"hand_back": own}
    return frozenset(act for act, whose in asked.items() if allows(who, act, Subject(desk.territory, whose)))


def allows(who: Acting, act: str, subject: Subject) -> bool:
    """Whether somebody may do this there."""
    try:
        permit(who, act, subject)
    except Refused:
        return False
    return True


def desk_line(connection: Connection, case_id: int) -> DeskLine:
    """What the desk says of a case."""
    row = connection.execute(DESK, [case_id]).fetchone()
    assert row is not None  # the case is there
    region, province, due_at, holder, waits = row
    return DeskLine(Territory(region, province), due_at, holder, waits)


def everybody(view: CaseView, appeal: AppealPart | None, desk: DeskLine) -> set[str]:
    """The pseudonyms of everybody whom the page names."""
    found = view.actors | {to for each in view.events if (to := getattr(each.event, "to", None))}
    found |= {desk.holder} if desk.holder else set()
    return found | set(appeal.view.may_not) if appeal else found


def review_part(connection: Connection, view: CaseView, me: str) -> ReviewPart:
    """The review of a case, with the households on the other side."""
    file, others = under_review(connection, view.file.reference)
    waits = proposal(file)
    return ReviewPart(
        raised(file),
        others,
        reviewed_change(connection, file),
        statement_of(connection, file),
        values_shared(connection, file),
        file.last(RefusalProposed) if waits or file.stage == HEARING else None,
        waits.actor if waits else "",
        verdicts_now(view, waits.actor if waits else "", me),
    )


def verdicts_now(view: CaseView, proposed_by: str, me: str) -> dict[str, tuple[str, ...]]:
    """What the reader may answer now, each with its reasons; whoever proposed a refusal does not confirm it."""
    file = view.file
    offered = dict(REASONS)
    if file.stage == HEARING or file.parent:
        offered = {"clear": REASONS["clear"]}
    elif file.body.unasked:
        offered.pop("refuse")
    elif proposed_by and proposed_by != me:
        offered["refuse"] = (file.last(RefusalProposed).reason,)
    return offered


def appeal_part(connection: Connection, view: CaseView, who: Acting, now: datetime) -> AppealPart:
    """An appeal with what it rests on."""
    appeal = appeal_of_reference(connection, view.file.reference)
    basis = basis_of(connection, appeal.appeal)
    acts = possible_acts(appeal, pseudonym(OFFICER, who.name), who.roles, now)
    where = within(who, "read_case")
    cause = sharing(connection, appeal, FIRST_OF_SAME_CAUSE, where) if basis.declared else (0, [])
    return AppealPart(appeal, basis, acts, outcome(view.file), cause)
