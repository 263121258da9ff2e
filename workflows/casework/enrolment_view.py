"""What officers see of an enrolment: what was declared, and the enrolled people who look alike. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from models.arrays import array
from models.database import Connection, scalar
from workflows.audit import pseudonyms
from workflows.bodies.enrolment import Enrolment
from workflows.casefile import CaseFile
from workflows.casework.enrolling import FIRST_BODY, find_enrolment, require_secret
from workflows.engine.load import COLUMNS, CaseRow, case_files
from workflows.events.enrolment import Candidate, EnrolmentAttested, LikelyDuplicates, PersonEnrolled
from workflows.registers.vouching import vouchers
from workflows.staff.territories import EVERYWHERE, Parameters, in_territory

STAGES = ("attested", "possible_duplicate", "pre_enrolled")  # of people, those of the officers first
BY_OFFICERS = STAGES[:2]
THERE = (
    f"cases where kind = 'enrolment' and open and not machine and not waiting and stage = any(%(stages)s) "
    f"and {in_territory()}"
)
COUNT = f"select count(*) from {THERE}"
LONGEST = f"select {COLUMNS} from {THERE} order by stage_since, id limit %(limit)s"
PEOPLE = """
    select idcs, given_name_ar, family_name_ar, given_name_la, family_name_la, birth_date, birth_precision, sex, cin,
        status, birth_place, nationality, guardian, phone
    from person where idcs = any(%s::text[])
"""


class Registered(NamedTuple):
    """A person as the population register has them, in the fields of an enrolment."""

    idcs: str
    given_name_ar: str
    family_name_ar: str
    given_name_la: str
    family_name_la: str
    birth_date: date
    birth_precision: str
    sex: str
    cin: str | None
    status: str
    birth_place: str | None
    nationality: str | None
    guardian: str | None
    phone: str | None


class Vouching(NamedTuple):
    """Somebody who vouches: as it is typed, and as the register has them; None: it knows no such identifier."""

    path: str  # of the enrolment
    idcs: str
    cin: str | None  # of a witness
    person: Registered | None
    objections: Sequence[str] = ()  # codes


class Alike(NamedTuple):
    """An enrolled person who may be the same; None: the register has them no more."""

    candidate: Candidate
    person: Registered | None


@dataclass(frozen=True, slots=True)
class EnrolmentView:
    """An enrolment as officers see it."""

    file: CaseFile
    alike: Sequence[Alike] = ()
    vouching: Sequence[Vouching] = ()
    before: Enrolment | None = None  # what was sent, where an officer completed it; None also where that is erased

    @property
    def body(self) -> Enrolment:
        """What is declared."""
        body: Enrolment = self.file.body
        return body

    @property
    def attested_by(self) -> str:
        """The pseudonym of the officer who attested it last; '' where nobody did."""
        return self.file.past[EnrolmentAttested].actor if EnrolmentAttested in self.file.past else ""

    @property
    def persons_seen(self) -> list[str]:
        """The keyed pseudonyms of the enrolled people whom it shows, for the audit."""
        seen = [*(each.candidate.idcs for each in self.alike), *(each.idcs for each in self.vouching if each.person)]
        return [pseudonyms.person(pseudonyms.IDCS, each) for each in seen]

    @property
    def idcs(self) -> str:
        """The identifier that was issued; '' while there is none."""
        return self.file.last(PersonEnrolled).idcs if PersonEnrolled in self.file.past else ""


def enrolments_with_people(
    connection: Connection, limit: int, where: Parameters = EVERYWHERE, stages: Sequence[str] = BY_OFFICERS
) -> tuple[int, list[CaseFile]]:
    """How many enrolments of a territory stand at these stages, and those that stand there longest."""
    asked = {**where, "stages": list(stages)}
    rows = [CaseRow(*row) for row in connection.execute(LONGEST, {**asked, "limit": limit})]
    return int(scalar(connection, COUNT, asked)), case_files(connection, rows) if rows else []


def enrolment_of_reference(connection: Connection, reference: str) -> EnrolmentView:
    """An enrolment by its reference. Raises NotFound, also for another kind of case, and for one that was erased."""
    (file,) = case_files(connection, [find_enrolment(connection, reference)])
    return enrolment_view(connection, file)


def enrolment_of_receipt(connection: Connection, reference: str, secret: str) -> EnrolmentView:
    """What whoever asked sees of it. Raises NotFound for a wrong secret as for another kind of case."""
    (file,) = case_files(connection, [require_secret(connection, reference, secret)])
    return EnrolmentView(file)


def enrolment_view(connection: Connection, file: CaseFile) -> EnrolmentView:
    """An enrolment with those who look alike, while an officer is to tell them apart."""
    if file.stage != "possible_duplicate":
        return EnrolmentView(file)
    candidates = file.last(LikelyDuplicates).candidates
    known = registered(connection, [each.idcs for each in candidates])
    return EnrolmentView(file, [Alike(each, known.get(each.idcs)) for each in candidates])


def registered(connection: Connection, idcs: Sequence[str]) -> Mapping[str, Registered]:
    """These people, as far as the register knows them."""
    rows = connection.execute(PEOPLE, [array(idcs)]).fetchall() if idcs else []
    return {row[0]: Registered(*row) for row in rows}


def with_both_sides(
    connection: Connection, view: EnrolmentView, officer: str, now: datetime, said: Enrolment | None = None
) -> EnrolmentView:
    """An enrolment for the officer who is to act on it, with those who vouch as the register has them, and what was
    sent before a colleague completed it. `said`: what that officer types now in the place of what is stored.
    """
    body = said or view.body
    found = vouchers(connection, body, officer, now)
    known = registered(connection, body.vouching)
    cards: list[str | None] = [each.cin for each in body.witnesses] or [None] * len(found)
    return replace(
        view,
        vouching=[
            Vouching(each.field.partition(".")[0], idcs, card, known.get(idcs), each.objections)
            for each, idcs, card in zip(found, body.vouching, cards, strict=True)
        ],
        before=sent_before(connection, view.file) if EnrolmentAttested in view.file.past else None,
    )


def sent_before(connection: Connection, file: CaseFile) -> Enrolment | None:
    """What was sent at first; None where it was erased."""
    stored = scalar(connection, FIRST_BODY, [file.id])
    return Enrolment.restored(stored) if stored else None
