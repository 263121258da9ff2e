"""Loads one case for its page, for a reader who may read it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, NamedTuple

from models.database import Connection, transaction
from models.errors import Refused
from tasks.bootstrap import stored_for
from web.console.enrolment_part import EnrolmentSeen, enrolment_seen
from web.console.forms import Form
from workflows.audit.acts import Act
from workflows.bodies.declaration import Declaration
from workflows.casework.appeal_view import AppealView, Outcome, appeal_of_reference, outcome
from workflows.casework.both_sides import both_sides
from workflows.casework.case_view import CaseView, case_view
from workflows.casework.changes import WaitingPhone, phone_that_waits
from workflows.casework.contested import Basis, basis_of
from workflows.casework.fitting import fits
from workflows.casework.identities import STAGE as IDENTITY
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
from workflows.desk.sharing import may_hold
from workflows.documents.storing import SHOWS, Stored, before_decision, documents_of, moment_at_desk
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
BOTH_SIDES = {"confirm_identity", "take_answer"}  # who may do one of these sees what the population register keeps
DESK = """
    select c.region, c.province, d.due_at, d.holder, d.case_id is not null, d.queue, coalesce(d.barred, '{}')
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
    queue: str | None = None
    barred: Sequence[str] = ()  # who may not decide it any more


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
    documents: Sequence[Stored] = ()  # that the household added
    may_open: bool = False  # whether the reader may look at them
    phone_waits: WaitingPhone | None = None  # another phone of the household that waits already
    removable: frozenset[str] = frozenset()  # the documents that the reader may take back
    takes_documents: bool = False  # whether the reader may add one that the household brings
    enrolment: EnrolmentSeen | None = None
    role: str = ""  # in which the reader reads it
    shows: ClassVar = SHOWS  # what such a one may show

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


def case_for(who: Acting, reference: str, now: datetime, typed: Form | None = None) -> CasePage:
    """A case for a reader who may read it; for one who may do something about its members who do not agree with the
    population register, with what the register keeps of them. The audit notes both. Raises NotFound, and Refused.

    The register is asked after the transaction: one that is slow or dead holds no connection and no row. `typed`: a
    form that comes back.
    """
    with transaction() as connection:
        shown = load_case(connection, who, reference, now, typed)
    if not shown.deeds & BOTH_SIDES:
        return shown
    reading = Doing(Act.READ_PERSON, now, [shown.view.file.id], shown.role)
    return replace(shown, view=both_sides(stored_for(who.name), who, shown.view, reading))


def load_case(
    connection: Connection, who: Acting, reference: str, now: datetime, typed: Form | None = None
) -> CasePage:
    """The case as it is here, for a reader who may read it, which the audit notes. Raises NotFound, and Refused."""
    case = find(connection, reference)
    role = permit(who, "read_case", subject_of(connection, case.id, "read_case", who))
    me, desk = pseudonym(OFFICER, who.name), desk_line(connection, case.id)
    deeds = deeds_of(who, desk, me)
    view = case_view(connection, case.id)
    review = review_part(connection, view, me) if view.file.stage in (REVIEW, HEARING) else None
    others = {other for signal in (review.signals if review else ()) for other in signal.cases}
    appeal = appeal_part(connection, view, who, now) if view.file.kind == APPEAL.kind else None
    others |= {find(connection, appeal.view.appeal.reference).id} if appeal else set()
    seen = enrolment_seen(connection, who, view.file, now, typed)
    persons = seen.view.persons_seen if seen else ()
    note_reading(connection, who, Doing(Act.READ_CASE, now, [case.id, *sorted(others)], role), persons)
    notes = entries_of(connection, case.id)
    decides = deeds & DECIDING and (may_answer(review, view, me) or (appeal and "propose_decision" in appeal.acts))
    decides = decides or ("confirm_identity" in deeds and view.file.stage == IDENTITY)
    lock = open_to_decide(connection, who, case.id, now) if decides else lock_of(connection, case.id, now)
    people = everybody(view, appeal, desk) | {actor for each in notes for actor in (each.actor, each.to) if actor}
    names = names_of(connection, people | ({lock.holder} if lock else set()))
    opens = allows(who, "read_document", Subject(desk.territory))
    documents = documents_of(connection, case.id)
    takes = allows(who, "take_document", Subject(desk.territory)) and bool(moment_at_desk(case.kind, case.stage))
    back = removable_of(who, documents, desk, me) if before_decision(case.kind, case.stage) else frozenset()
    waits = phone_that_waits(connection, case.household_id) if "declare_change" in deeds else None
    return CasePage(
        view, desk, names, me, review, appeal, lock, notes, deeds, documents, opens, waits, back, takes, seen, role
    )


def may_answer(review: ReviewPart | None, view: CaseView, me: str) -> bool:
    """Whether there is a review to answer now, of which the reader did not propose the refusal themselves."""
    return review is not None and view.file.stage == REVIEW and review.proposed_by != me


def removable_of(who: Acting, documents: Sequence[Stored], desk: DeskLine, me: str) -> frozenset[str]:
    """The documents that the reader may take back: of those added at a desk on which nothing was proposed since."""
    at_desk = [each for each in documents if each.at_desk and each.there and not each.proposed_on]
    return frozenset(
        each.id for each in at_desk if allows(who, "take_back_document", Subject(desk.territory, each.actor == me))
    )


def deeds_of(who: Acting, desk: DeskLine, me: str) -> frozenset[str]:
    """What the reader may do with a case at the desk, by its rights."""
    own = desk.holder == me if desk.holder else None
    asked = dict.fromkeys(
        (
            "take_case",
            "add_note",
            "take_answer",
            "decide_review",
            "confirm_identity",
            "propose_decision",
            "declare_change",
        )
    )
    asked |= {"hand_back": own}
    found = {act for act, whose in asked.items() if allows(who, act, Subject(desk.territory, whose))}
    holds_none = who.account is not None and not set(may_hold(desk.queue)) & set(who.roles)
    holds_none = holds_none or me in desk.barred
    return frozenset(found - {"take_case"} if holds_none else found)


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
    region, province, *others = row
    return DeskLine(Territory(region, province), *others)


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
        verdicts_now(view, others, waits.actor if waits else "", me),
    )


def verdicts_now(
    view: CaseView, others: Sequence[RelatedCase], proposed_by: str, me: str
) -> dict[str, tuple[str, ...]]:
    """What the reader may answer now, each with the reasons that fit; a verdict without one is not offered."""
    offered = {
        verdict: tuple(reason for reason in reasons if fits(view.file, verdict, reason, others))
        for verdict, reasons in possible_verdicts(view, proposed_by, me).items()
    }
    return {verdict: reasons for verdict, reasons in offered.items() if reasons}


def possible_verdicts(view: CaseView, proposed_by: str, me: str) -> dict[str, tuple[str, ...]]:
    """What can be answered at this stage, each with its reasons; whoever proposed a refusal does not confirm it."""
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
