"""Takes enrolments in, and what officers do with them: complete and attest, confirm or give back, tell people apart."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from models.database import Connection, scalar
from models.days import day_of
from models.errors import NotFound, Problem, Refused
from models.settings import settings
from workflows.audit.acts import Act
from workflows.bodies import reading
from workflows.bodies.enrolment import Enrolment, EnrolmentRequest, objections, stored_enrolment
from workflows.bodies.fields import Idcs
from workflows.casefile import NewCase
from workflows.casework.answers import AnswerResult, CitizenAnswer, answer_of_citizen, result_of
from workflows.desk.search_keys import FIND_BY, keys_of_body
from workflows.engine.chain import new_salt
from workflows.engine.lanes import INTERACTIVE
from workflows.engine.load import CaseRow, case_files
from workflows.engine.opening import (
    BODIES,
    Origin,
    case_numbers,
    hash_of,
    insert_cases,
    opening,
    record_openings,
    sealed_body,
)
from workflows.engine.record import copy
from workflows.engine.work import advance_locked, lock
from workflows.evidence import DECLARANT, Attestation, DuplicateVerdict, EnrolmentVerdict, Evidence, Submission
from workflows.flows import PARKED
from workflows.flows.enrolment import FLOW
from workflows.intake.receipts import find, is_secret_of, normal, secret_for
from workflows.intake.submit import Accepted, free_keys_of, keep_receipts, known_receipts
from workflows.registers.ports import Notices
from workflows.registers.vouching import vouchers, vouches
from workflows.staff.noting import Doing, note_act
from workflows.staff.roles import POPULATION_OFFICER
from workflows.staff.signatures import OFFICER, sign

UNKNOWN = "There is no application with this reference and secret."
NOT_VALID = "The enrolment is not valid; problems names each field."
FIRST_BODY = "select body::text from case_body where case_id = %s and number = 1"
MOST_OPEN = 20  # enrolments of one phone (assumed)
ELSEWHERE = "The population register is on another machine: people are enrolled there."
LOOK_AT_VOUCHERS = "Compare those who vouch with what the register has of them, then attest."
TOO_MANY = "Too many enrolments with this phone wait already. Come to a service centre."
OPEN_OF_PHONE = """
    select count(*) from case_body b join cases c on c.id = b.case_id
    where b.phone = %s and b.number = c.body_number and c.kind = 'enrolment' and c.open
"""
BELONGS = "update cases set region = %s, province = %s where id = %s"


@dataclass(frozen=True, slots=True)
class Filing:
    """An enrolment that arrives, with the key by which the sender's repetition of it is known.

    Without one it is another one: who sent the same words, which others may know, would be given the receipt, and with
    it the identifier. At a desk its content is the key.
    """

    sent: EnrolmentRequest
    key: str | None = None
    officer: str = ""
    role: str = ""  # in which the officer acts
    on_page: bool = False
    reference: str = ""  # that it was begun under; empty: it gets one
    drawn: str = field(default_factory=secrets.token_hex)  # in place of a key

    @property
    def channel(self) -> str:
        """How it reaches us."""
        return "office" if self.officer else "page" if self.on_page else "api"

    @property
    def body(self) -> Enrolment:
        """What is stored of it."""
        return stored_enrolment(self.sent)

    @property
    def full_key(self) -> str:
        """The key with its channel and kind."""
        otherwise = hash_of(self.body.stored()).hex() if self.officer else self.drawn
        return f"{self.channel}:{FLOW.kind}:{self.key or otherwise}"


@dataclass(frozen=True, slots=True)
class Officer:
    """Who acts on which enrolment, in which role; and the version that they looked at, if they say."""

    reference: str
    name: str
    role: str = POPULATION_OFFICER
    version: int | None = None


@dataclass(frozen=True, slots=True)
class AtDesk:
    """An act on an enrolment: its row, the officer's name and pseudonym, and the moment."""

    connection: Connection
    row: CaseRow
    officer: Officer
    by: str
    at: datetime

    @property
    def body(self) -> Enrolment:
        """The enrolment as it stands."""
        (file,) = case_files(self.connection, [self.row])
        found: Enrolment = file.body
        return found


class Deed(NamedTuple):
    """What an officer does, and what gives the stage its form."""

    act: Act
    form: Callable[[AtDesk], Evidence]


def file_enrolment(connection: Connection, filing: Filing, now: datetime, notices: Notices) -> Accepted:
    """Opens an enrolment; the caller commits, and only then gives out the receipt.

    Raises Refused where something cannot be so, where its key came with another one, and where people are enrolled
    elsewhere.
    """
    refuse_where_register_is_elsewhere()
    if known := repeated(connection, filing):
        return known
    require_fit(connection, filing, now)
    (number,) = case_numbers(connection, 1)
    new, origin = NewCase(FLOW.kind, INTERACTIVE, None, filing.body), Origin(filing.channel, filing.full_key)
    by = sign(connection, OFFICER, filing.officer) if filing.officer else DECLARANT
    opened = opening(number, new, origin, Submission(at=now, by=by), notices, filing.reference)
    reference = opened.file.reference
    if not keep_receipts(connection, [(reference, number, origin.key, hash_of(opened.body))]):
        again = repeated(connection, filing)
        assert again  # somebody sent the same at this moment
        return again
    insert_cases(connection, [opened])
    record_openings(connection, [opened], now)
    if filing.officer:
        note_act(connection, by, filing.officer, Doing(Act.FILE_ENROLMENT, now, [number], filing.role))
    return Accepted(reference, secret_for(reference), number)


def require_fit(connection: Connection, filing: Filing, now: datetime) -> None:
    """Raises Refused with a problem for each field that cannot be so, and where many of its phone wait already."""
    refuse_what_cannot_be(filing.sent, now)
    refuse_too_many(connection, filing)


def refuse_where_register_is_elsewhere() -> None:
    """Raises Refused where the population register is on another machine, because people are enrolled there: an
    identifier of ours would be of nobody there.
    """
    if settings().population_url:
        raise Refused("register_elsewhere", ELSEWHERE)


def refuse_what_cannot_be(sent: EnrolmentRequest, now: datetime, *, at_centre: bool = False) -> None:
    """Raises Refused with a problem for each field that cannot be so."""
    if problems := objections(sent, day_of(now), at_centre=at_centre):
        raise Refused("not_valid", NOT_VALID, problems=problems)


def refuse_too_many(connection: Connection, filing: Filing) -> None:
    """Raises Refused where many enrolments of a phone wait: nobody has messages sent to it without end.

    At a desk an officer knows who asks.
    """
    if filing.officer or filing.sent.phone is None:
        return
    if scalar(connection, OPEN_OF_PHONE, [filing.sent.phone]) >= MOST_OPEN:
        raise Refused("too_many_open", TOO_MANY, problems=[Problem("phone", TOO_MANY)])


def repeated(connection: Connection, filing: Filing) -> Accepted | None:
    """The receipt that was given for this key before. Raises Refused where it came with another enrolment."""
    if filing.key is None:
        free_keys_of(connection, FLOW.kind, [filing.full_key])
    found = list(known_receipts(connection, [filing.full_key]).values())
    if not found:
        return None
    ((reference, case_id, _),) = found
    if scalar(connection, FIRST_BODY, [case_id]) != filing.body.stored():
        raise Refused("key_reused", "This idempotency key was used for another enrolment. Use a new key.")
    return Accepted(reference, secret_for(reference), case_id, repeated=True)


def act_on_enrolment(
    connection: Connection, officer: Officer, deed: Deed, now: datetime, notices: Notices
) -> AnswerResult:
    """Lets an officer act on an enrolment.

    Raises NotFound for another kind of case, Refused where a rule forbids the act or people are enrolled elsewhere,
    Stale where the case moved on since.
    """
    refuse_where_register_is_elsewhere()
    row = find_enrolment(connection, officer.reference)
    row = lock(connection, row.id, officer.version)
    by = sign(connection, OFFICER, officer.name)
    refuse_elsewhere(row, deed.act)
    given = deed.form(AtDesk(connection, row, officer, by, now))
    result = result_of(advance_locked(connection, row, given, notices))
    note_act(connection, by, officer.name, Doing(deed.act, now, [row.id], officer.role))
    return result


def find_enrolment(connection: Connection, reference: str) -> CaseRow:
    """The row of an enrolment. Raises NotFound for another kind of case."""
    row = find(connection, reference)
    if row.kind != FLOW.kind:
        raise NotFound(f"{reference} is no enrolment: it is a case of the kind '{row.kind}'.")
    return row


def withdraw_enrolment(connection: Connection, answer: CitizenAnswer, now: datetime, notices: Notices) -> AnswerResult:
    """Whoever asked takes an enrolment back, with the secret of its receipt.

    Raises what `answer_of_citizen` raises, and NotFound for another kind of case.
    """
    require_secret(connection, answer.reference, answer.secret)
    return answer_of_citizen(connection, answer, now, notices)


def require_secret(connection: Connection, reference: str, secret: str) -> CaseRow:
    """The row of an enrolment by its receipt. Raises NotFound for a wrong secret as for another kind of case."""
    if not is_secret_of(normal(reference), secret):
        raise NotFound(UNKNOWN)
    row = find(connection, reference)
    if row.kind != FLOW.kind:
        raise NotFound(UNKNOWN)
    return row


STAGE_OF: dict[Act, str] = {
    Act.ATTEST_ENROLMENT: "pre_enrolled",
    Act.CONFIRM_ENROLMENT: "attested",
    Act.RETURN_ENROLMENT: "attested",
    Act.TELL_APART: "possible_duplicate",
}


def refuse_elsewhere(row: CaseRow, act: Act) -> None:
    """Raises Refused where the case is at another stage, before anything is looked up for the act."""
    if row.stage not in (STAGE_OF[act], PARKED):
        raise Refused("not_possible_now", f"This is not possible while the enrolment is '{row.stage}'.")


def attestation(sent: EnrolmentRequest | None = None, seen: Collection[str] = ()) -> Deed:
    """Completes an enrolment from the papers that the officer saw, which without `sent` say what was sent before; the
    new body is stored beside. `seen`: the identifiers of those who vouch whom the officer was shown as the register has
    them, without whom it takes no attestation.
    """

    def form(act: AtDesk) -> Attestation:
        said = sent or act.body
        body = stored_enrolment(said)
        if not set(seen).issuperset(body.vouching):
            raise Refused("look_at_vouchers", LOOK_AT_VOUCHERS)
        refuse_what_cannot_be(said, act.at, at_centre=True)
        number, digest = store(act, body)
        return Attestation(
            at=act.at,
            by=act.by,
            number=number,
            digest=digest,
            role=act.officer.role,
            vouchers=vouchers(act.connection, body, act.officer.name, act.at),
        )

    return Deed(Act.ATTEST_ENROLMENT, form)


def store(act: AtDesk, body: Enrolment) -> tuple[int, str]:
    """Stores the next body of a case; returns its number and digest."""
    row, number, salt, stored = act.row, act.row.body_number + 1, new_salt(), body.stored()
    act.connection.execute(BELONGS, [*body.territory, row.id])
    copy(act.connection, "case_body", BODIES, [(row.id, number, None, stored, body.phone, salt, act.at)])
    act.connection.execute(FIND_BY, [row.id, keys_of_body(body)])
    return number, sealed_body(salt, stored)


def confirmation(reason: str = "") -> Deed:
    """Confirms what a colleague attested; with a reason, gives it back."""

    def form(act: AtDesk) -> EnrolmentVerdict:
        return EnrolmentVerdict(
            at=act.at,
            by=act.by,
            confirms=not reason,
            role=act.officer.role,
            reason=reason,
            vouches=vouches(act.connection, act.body, act.officer.name),
        )

    return Deed(Act.RETURN_ENROLMENT if reason else Act.CONFIRM_ENROLMENT, form)


def verdict(same: str = "") -> Deed:
    """Says that none of those who look alike is this person, or which one is."""
    idcs = reading.text(Idcs, same, "same") if same else ""

    def form(act: AtDesk) -> DuplicateVerdict:
        return DuplicateVerdict(
            at=act.at,
            by=act.by,
            role=act.officer.role,
            same=idcs,
            vouches=vouches(act.connection, act.body, act.officer.name),
        )

    return Deed(Act.TELL_APART, form)
