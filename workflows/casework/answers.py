"""What people answer: a citizen corrects, makes a statement, withdraws, reopens or asks for the commission; a
caseworker answers a review; an operator resumes what was parked.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import psycopg

from models.database import Connection, scalar
from models.days import day_of
from models.errors import NotFound, Problem, Refused, Stale
from models.settings import settings
from workflows.audit.acts import Act, Purpose
from workflows.bodies.body import Body
from workflows.bodies.change import UPDATE
from workflows.bodies.declaration import Declaration, objections
from workflows.casefile import CaseFile
from workflows.casework.redeclaring import redeclared
from workflows.casework.standing import stands_since
from workflows.desk.search_keys import FIND_BY, keys_of_body
from workflows.engine.chain import new_salt
from workflows.engine.load import CaseRow, case_files
from workflows.engine.opening import BODIES, sealed_body
from workflows.engine.progress import CaseInProgress, apply
from workflows.engine.record import copy
from workflows.engine.texts import take_text
from workflows.engine.work import BatchOutcome, advance, lock, lock_all, write
from workflows.events.event import CaseResumed, Event
from workflows.events.registration import ApplicationRefused
from workflows.evidence import (
    DECLARANT,
    CommissionRequest,
    Correction,
    Evidence,
    OperatorCommand,
    Reopening,
    ReviewVerdict,
    Statement,
    Withdrawal,
)
from workflows.flows import PARKED, Move
from workflows.flows.registration import FLOW as REGISTERS
from workflows.intake.receipts import find, normal, opens
from workflows.registers.person_moves import given_away
from workflows.registers.ports import Notices
from workflows.registers.social import REGISTERED_ALREADY, registered_again
from workflows.staff.noting import Doing, note_act, sign_act
from workflows.staff.signatures import OFFICER, OPERATOR, pseudonym, sign

MOST_TEXTS = 20  # of one case (assumed)
ANOTHER = (
    "The declarant now named already has another open application. Withdraw that one first, or correct it instead."
)
TEXTS = "select count(*) from case_text where case_id = %s"
REDECLARE = "update cases set applicant_idcs = %s, region = %s, province = %s where id = %s"
PHONE_SHOWN = """
    select c.proved_at is not null, b.phone from cases c join case_body b on b.case_id = c.id
    where (c.id, b.number) = (%s, %s)
"""
PROVED = "select proved_at is not null from cases where id = %s"
RESUME = "delete from case_failure where case_id = any(%s) and parked returning case_id, stage"


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """Where a case stands, for whoever just acted or came too late; `queues` are to be woken after the commit."""

    stage: str
    version: int
    event: str = ""
    queues: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CitizenAnswer:
    """A citizen's answer, of a kind: `correction` (with the whole declaration anew), `statement` (with its text),
    `withdrawal`, `reopening` or, of an overdue appeal, `escalation` to the commission.

    The version is the one that was looked at, if the citizen says. An officer who takes the answer at a desk knows the
    citizen in another way than by the secret.
    """

    reference: str
    secret: str
    kind: str
    version: int | None = None
    declaration: Declaration | None = None
    statement: str | None = None
    officer: str = ""
    role: str = ""  # in which the officer acts


@dataclass(frozen=True, slots=True)
class CaseworkerAnswer:
    """A caseworker's verdict on a review: `clear`, `correct` or `refuse`, with a reason of `stages/review.py`."""

    reference: str
    caseworker: str
    verdict: str
    reason: str
    version: int | None = None
    about: Sequence[str] = ()  # values of the declaration, as paths
    role: str = ""  # in which the caseworker acts


def answer_of_citizen(connection: Connection, answer: CitizenAnswer, now: datetime, notices: Notices) -> AnswerResult:
    """A citizen answers, with the secret of the receipt or to an officer.

    Raises NotFound for an unknown reference and for a wrong secret alike, Refused where it is not possible now, Stale
    where the case moved on since the answer's version (without one: the version now).
    """
    if not answer.officer and not opens(connection, normal(answer.reference), answer.secret):
        raise NotFound("There is no application with this reference and secret.")
    case = find(connection, answer.reference)
    if answer.version is not None and stands_since(connection, case.id, answer.version):
        answer = replace(answer, version=case.version)
    if answer.kind == "withdrawal" and case.kind == UPDATE:
        refuse_given_away(connection, case)
    moved = act(connection, case, answer.version, form_of(connection, case, answer, now), notices)
    if answer.kind in ("correction", "reopening") and case.kind == REGISTERS.kind:
        refuse_registered(connection, case)
    if answer.declaration is not None and answer.kind == "correction":
        refuse_other_phone(connection, case, answer, answer.declaration)
    return moved


def refuse_given_away(connection: Connection, case: CaseRow, kept: Collection[str] | None = None) -> None:
    """Raises Refused where a caseworker has given a person to another household whom this update lets go.

    `kept`: the persons whom the household would hold then; None: all whom it held. It locks the update, so that nobody
    gives a person away while its end is decided.
    """
    lock(connection, case.id)
    given = given_away(connection, [case.id]).get(case.id, set())
    if given if kept is None else given & set(kept):
        raise Refused("given_away", "A person who leaves by this change was given to another household: it goes on.")


def form_of(connection: Connection, case: CaseRow, answer: CitizenAnswer, now: datetime) -> Evidence:
    """A citizen's answer as the stage is given it; what was sent with it is stored beside."""
    doing = Doing(Act.TAKE_ANSWER, now, [case.id], answer.role)
    by = sign_act(connection, OFFICER, answer.officer, doing) if answer.officer else DECLARANT
    match answer.kind:
        case "correction":
            return redeclare(connection, case, answer, by, now)
        case "statement":
            return state(connection, case, answer, by, now)
        case "withdrawal":
            return Withdrawal(at=now, by=by)
        case "reopening":
            return Reopening(at=now, by=by)
        case "escalation":
            return CommissionRequest(at=now, by=by)
    raise Refused(
        "unknown_answer",
        "An answer is a correction, a statement, a withdrawal, a reopening or an escalation.",
        problems=[Problem("kind", "Must be one of these.")],
    )


def state(connection: Connection, case: CaseRow, answer: CitizenAnswer, by: str, now: datetime) -> Statement:
    """Stores what the citizen says. The case is locked first, so that of two clicks at once the second is Stale."""
    if not answer.statement:
        raise Refused(
            "statement_missing", "A statement needs its text.", problems=[Problem("statement", "Is missing.")]
        )
    row = lock(connection, case.id, case.version if answer.version is None else answer.version)
    return stated(connection, row, answer.statement, by, now)


def stated(connection: Connection, row: CaseRow, text: str, by: str, now: datetime) -> Statement:
    """Stores what a citizen says, themselves or to an officer, beside the event that this case has next."""
    if scalar(connection, TEXTS, [row.id]) >= MOST_TEXTS:
        raise Refused("too_many_texts", f"A case takes {MOST_TEXTS} texts at most. A caseworker can help.")
    return Statement(at=now, by=by, digest=take_text(connection, row.id, row.version + 1, text))


def redeclare(connection: Connection, case: CaseRow, answer: CitizenAnswer, by: str, now: datetime) -> Correction:
    """Stores the new declaration beside the old. Even the declarant's identifier may have been the mistake.

    The case is locked first, so that of two clicks at once the second is Stale.
    """
    version, declaration = answer.version, answer.declaration
    if declaration is None:
        raise Refused(
            "declaration_missing",
            "A correction needs the whole declaration anew.",
            problems=[Problem("declaration", "Is missing.")],
        )
    lock(connection, case.id, case.version if version is None else version)
    refuse_what_cannot_be(case, declaration, now)
    body = new_body(connection, case, declaration)
    if case.kind == UPDATE:
        refuse_given_away(connection, case, body.persons)
    try:
        connection.execute(REDECLARE, [body.applicant, *body.territory, case.id])
    except psycopg.errors.UniqueViolation:
        raise Refused("open_application", ANOTHER, problems=[Problem("declaration.members", ANOTHER)]) from None
    number, salt, stored = case.body_number + 1, new_salt(), body.stored()
    row = (case.id, number, case.household_id, stored, body.contact.phone, salt, now)
    copy(connection, "case_body", BODIES, [row])
    connection.execute(FIND_BY, [case.id, keys_of_body(body)])
    return Correction(at=now, by=by, number=number, digest=sealed_body(salt, stored))


def new_body(connection: Connection, case: CaseRow, declaration: Declaration) -> Body:
    """The body of this case with another declaration; an update is tried anew.

    Raises Refused, also for a kind of case that is corrected by no declaration.
    """
    if case.kind == REGISTERS.kind:
        return declaration
    if case.kind != UPDATE:
        raise Refused("not_possible_now", f"A case of kind '{case.kind}' is corrected by no declaration.")
    (file,) = case_files(connection, [case])
    return redeclared(connection, file, declaration)


def refuse_what_cannot_be(case: CaseRow, declaration: Declaration, now: datetime) -> None:
    """Raises Refused for one correction too many, and for a declaration that cannot be so."""
    if case.body_number > settings().max_corrections:
        raise Refused(
            "too_many_corrections",
            f"An application is corrected {settings().max_corrections} times at most. A caseworker can help.",
        )
    found = objections(declaration, day_of(now), settings().max_members)
    if problems := [Problem(f"declaration.{each['field']}", each["message"]) for each in found]:
        raise Refused("not_valid", "The declaration is not valid; problems names each field.", problems=problems)


def refuse_other_phone(connection: Connection, case: CaseRow, answer: CitizenAnswer, declaration: Declaration) -> None:
    """Raises Refused where an application names another phone than a code showed: codes would go to it at once.

    At a desk the officer knows who declares. A phone that nobody showed may have been typed wrong.
    """
    if answer.officer or case.kind != REGISTERS.kind:
        return
    proved, phone = connection.execute(PHONE_SHOWN, [case.id, case.body_number]).fetchone() or (False, None)
    if proved and phone and declaration.phone != phone:
        text = (
            "A code showed the phone of this application. It changes once the household is registered, or before that "
            "at a service centre."
        )
        raise Refused("phone_shown", text, problems=[Problem("declaration.phone", text)])


def refuse_registered(connection: Connection, case: CaseRow) -> None:
    """Raises Refused where the household, as it is declared now, was registered by another application: it would be a
    review against itself.
    """
    (file,) = case_files(connection, lock_all(connection, [case.id]))
    (proved,) = connection.execute(PROVED, [case.id]).fetchone() or (False,)
    if registered_again(connection, [file.declaration], [proved])[0]:
        raise Refused(
            "already_registered", REGISTERED_ALREADY, problems=[Problem("declaration.members", REGISTERED_ALREADY)]
        )


def answer_of_caseworker(
    connection: Connection, answer: CaseworkerAnswer, now: datetime, notices: Notices
) -> AnswerResult:
    """A caseworker answers a review. Raises what `answer_of_citizen` raises, secrets aside."""
    case = find(connection, answer.reference)
    by = sign(connection, OFFICER, answer.caseworker)
    if answer.verdict != "clear" and case.kind == UPDATE:
        refuse_given_away(connection, case)
    moved = act(connection, case, answer.version, in_evidence(answer, now), notices)
    decided = Act.AGREE_TO_REFUSE if moved.event == ApplicationRefused.__name__ else Act.DECIDE_REVIEW
    note_act(connection, by, answer.caseworker, Doing(decided, now, [case.id], answer.role))
    return moved


def in_evidence(answer: CaseworkerAnswer, now: datetime) -> ReviewVerdict:
    """A caseworker's answer as the stage is given it: who says so is a pseudonym."""
    by = pseudonym(OFFICER, answer.caseworker)
    return ReviewVerdict(at=now, by=by, verdict=answer.verdict, reason=answer.reason, about=tuple(answer.about))


def act(connection: Connection, case: CaseRow, version: int | None, form: Evidence, notices: Notices) -> AnswerResult:
    """Puts the form before the engine."""
    try:
        return result_of(advance(connection, case.id, case.version if version is None else version, form, notices))
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name != "case_one_open_registration":
            raise
        raise Refused(
            "open_application",
            "The declarant has another open application meanwhile. Withdraw that one first, or go on with it.",
        ) from None


def result_of(advanced: tuple[Event, CaseFile, BatchOutcome]) -> AnswerResult:
    """Where the engine left a case."""
    event, file, progress = advanced
    return AnswerResult(file.stage, file.version, type(event).__name__, progress.queues)


def resume(
    connection: Connection, case_ids: Sequence[int], operator: str, now: datetime, notices: Notices
) -> BatchOutcome:
    """An operator sends parked cases on from where they failed, all together. Raises Stale where one is not parked."""
    rows = lock_all(connection, case_ids)
    failed_at = dict(connection.execute(RESUME, [list(case_ids)]))
    if others := set(case_ids) - failed_at.keys():
        raise Stale(f"Case {min(others)} is not {PARKED}.")
    files = case_files(connection, rows)
    cases = [CaseInProgress(file, row.head, row) for file, row in zip(files, rows, strict=True)]
    doing = Doing(Act.RESUME_PARKED, now, case_ids, purpose=Purpose.OPERATION)
    evidence = OperatorCommand(at=now, by=sign_act(connection, OPERATOR, operator, doing))
    for case in cases:
        stage = failed_at[case.file.id]
        apply(case, CaseResumed(stage=stage), Move(stage), evidence, notices)
    return write(connection, cases, now, notices)
