"""An enrolment on the page of its case: what is declared, those who look alike, and the form of who completes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from models.database import Connection
from models.days import day_of
from models.errors import Refused
from web.asked import Asked, FieldProblem
from web.console.forms import Form
from web.enrolling.fields import (
    FIELDS,
    NAMES,
    OF_PROOF,
    PROOFS,
    field_of,
    problems_of,
    request_in,
    said_in,
    typed_from,
)
from workflows.bodies import reading
from workflows.bodies.enrolment import Enrolment, EnrolmentRequest, objections, stored_enrolment
from workflows.bodies.territory import provinces
from workflows.casefile import CaseFile
from workflows.casework.enrolment_view import (
    Alike,
    EnrolmentView,
    Registered,
    enrolment_view,
    with_both_sides,
)
from workflows.flows.enrolment import FLOW
from workflows.matching.births import YEAR
from workflows.matching.duplicates.wording import ZONES, Side, said_of
from workflows.staff.guard import Acting, permit
from workflows.staff.subjects import subject_of

COMPARED = (*NAMES, "birth_date", "birth_place", "sex", "nationality", "cin", "guardian", "phone")
COMMON = (*NAMES, "birth_date", "birth_place", "sex", "nationality")
LAST = ("commune", "address", "region", "province", "phone", "email", "language")
# Names apart, of which one script is enough. Without a phone the commune may not be: letters are sent there.
MAY_BE_EMPTY = ("address", "province", "phone", "email")
ABOVE = ("proof", "region", "province", "phone", "email", "language")  # in the head of the page, and of this part
ACTS = {
    "pre_enrolled": ("attest_enrolment",),
    "attested": ("confirm_enrolment", "return_enrolment"),
    "possible_duplicate": ("tell_apart",),
}


class EnrolmentSeen(NamedTuple):
    """An enrolment, and what its reader may do with it now."""

    view: EnrolmentView
    acts: frozenset[str]
    open: Sequence[FieldProblem] = ()  # what an officer has to complete, before anything is typed


class Declared(NamedTuple):
    """What is declared at one field; `before`: what was sent, where an officer changed it at the centre."""

    asked: Asked
    value: Any
    changed: bool = False
    before: Any = None


class LooksAlike(NamedTuple):
    """An enrolled person who may be the same, with what the search says of both, as keys of the catalogue."""

    alike: Alike
    zone: str
    reasons: Sequence[tuple[Side, Sequence[str]]]  # what speaks for it first, then against it


@dataclass(frozen=True, slots=True)
class EnrolmentForm:
    """The form of an officer who says what the papers say: what is typed in it, and what is wrong with that."""

    typed: Mapping[str, Sequence[str]]
    problems: Sequence[FieldProblem]
    proof: str

    optional: ClassVar = MAY_BE_EMPTY

    @property
    def common(self) -> list[Asked]:
        """What is asked of everybody."""
        return [FIELDS[each] for each in COMMON]

    @property
    def last(self) -> list[Asked]:
        """Where the person lives, comes and is reached; of the provinces those of every region."""
        every = tuple(sorted(provinces()))
        return [FIELDS[each]._replace(choices=every) if each == "province" else FIELDS[each] for each in LAST]

    @property
    def of_proof(self) -> list[tuple[str, list[Asked]]]:
        """What is asked besides, of each kind of papers."""
        return [(proof, [FIELDS[each] for each in OF_PROOF[proof]]) for proof in PROOFS]


@dataclass(frozen=True, slots=True)
class EnrolmentPart(EnrolmentForm):
    """An enrolment on the page of its case, for a reader who may do `acts` with it."""

    view: EnrolmentView
    acts: frozenset[str]
    open: Sequence[FieldProblem] = ()

    @property
    def declared(self) -> list[Declared]:
        """What is declared, in the order of the form; what stands elsewhere on the page, only where it was changed."""
        body, before = self.view.body, self.view.before
        found = []
        for each in FIELDS.values():
            value, was = value_at(body, each.path), value_at(before, each.path) if before else None
            changed = before is not None and was != value
            if changed or (value not in (None, "") and not self.is_elsewhere(each.path)):
                found.append(Declared(each, value, changed, was))
        return found

    def is_elsewhere(self, path: str) -> bool:
        """Whether the page says this in another place: above, or beside the register's entry of who vouches."""
        vouches = path == "guardian" or path.startswith("witnesses")
        return path in ABOVE or (vouches and bool(self.view.vouching))

    @property
    def compared(self) -> list[tuple[Asked, Any, list[Any]]]:
        """What is compared with those who look alike: as it is declared, and as the register has it of each."""
        return [
            (
                FIELDS[name],
                shown(self.view.body, name),
                [shown(each.person, name) if each.person else None for each in self.view.alike],
            )
            for name in COMPARED
        ]

    @property
    def candidates(self) -> list[LooksAlike]:
        """Those who look alike, with the reasons, whoever is the likeliest first."""
        return [
            LooksAlike(each, ZONES[each.candidate.zone], by_side(each.candidate.reasons)) for each in self.view.alike
        ]


def shown(person: Enrolment | Registered, name: str) -> Any:
    """A value as it is compared, of a birth whose day nobody knows the year; None where there is none."""
    value = getattr(person, name)
    return str(value.year) if name == "birth_date" and person.birth_precision == YEAR else value or None


def by_side(codes: Sequence[str]) -> list[tuple[Side, list[str]]]:
    """The sentences of these reasons, each once, by what they speak for."""
    said = dict.fromkeys(each for code in codes for each in said_of(code))
    found = [(side, [each.sentence for each in said if each.side is side]) for side in Side]
    return [(side, sentences) for side, sentences in found if sentences]


def enrolment_part(seen: EnrolmentSeen, form: Form | None, refused: Refused | None) -> EnrolmentPart:
    """An enrolment for its page: what was typed is kept, and each wrong field has its own words."""
    body = seen.view.body
    typed = typed_in(form) if form and form.get("proof") else typed_of(body)
    proof = (form.get("proof") if form else "") or body.proof
    problems = problems_of(refused.problems) if refused else ()
    return EnrolmentPart(typed, problems, proof, seen.view, seen.acts, seen.open)


def enrolment_seen(
    connection: Connection, who: Acting, file: CaseFile, now: datetime, form: Form | None = None
) -> EnrolmentSeen | None:
    """An enrolment as somebody sees it who may read it; None of another kind of case. Who may act on it sees those who
    vouch as the register has them, also those whom they have just typed.
    """
    if file.kind != FLOW.kind:
        return None
    offered = ACTS.get(file.stage, ())
    acts = frozenset(act for act in offered if may(connection, who, file.id, act))
    view = enrolment_view(connection, file)
    if not acts:
        return EnrolmentSeen(view, acts)
    said = typed_enrolment(form) if form and form.get("proof") else None
    wanting = problems_of(objections(view.body, day_of(now), at_centre=True)) if file.stage == FLOW.first else ()
    return EnrolmentSeen(with_both_sides(connection, view, who.name, now, said), acts, wanting)


def may(connection: Connection, who: Acting, case_id: int, act: str) -> bool:
    """Whether somebody may do this with this enrolment."""
    try:
        permit(who, act, subject_of(connection, case_id, act, who))
    except Refused:
        return False
    return True


def request_of(form: Form) -> EnrolmentRequest:
    """What the papers say, as it was typed. Raises Refused with a problem for each field that cannot be so."""
    asked = asked_of(form.get("proof"), form)
    return reading.valid(EnrolmentRequest, {"proof": form.get("proof"), **request_in(said_in(asked, typed_in(form)))})


def typed_enrolment(form: Form) -> Enrolment | None:
    """The enrolment that was typed; None where some of it cannot be read."""
    try:
        return stored_enrolment(request_of(form))
    except Refused:
        return None


def asked_of(proof: str, form: Form) -> list[Asked]:
    """What is asked of who has these papers."""
    region = said_in([FIELDS["region"]], typed_in(form))
    return [field_of(each, region) for each in (*COMMON, *OF_PROOF.get(proof, ()), *LAST)]


def typed_in(form: Form) -> dict[str, list[str]]:
    """What was typed, field by field."""
    found: dict[str, list[str]] = {}
    for name, value in form.pairs:
        found.setdefault(name, []).append(value)
    return found


def typed_of(body: Enrolment) -> dict[str, list[str]]:
    """What was sent, as it stands in the fields of the form."""
    said = {each: value_at(body, each) for each in FIELDS}
    return typed_from(list(FIELDS.values()), said | {"birth_precision": body.birth_precision})


def value_at(body: Enrolment, path: str) -> Any:
    """What an enrolment says at a path; None where it says nothing."""
    place, _, name = path.partition("].")
    if not name:
        return getattr(body, path)
    number = int(place.removeprefix("witnesses["))
    return getattr(body.witnesses[number], name) if number < len(body.witnesses) else None
