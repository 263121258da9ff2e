"""Answers what partners ask, in the order of the checks: the signature, the rate, the policy, the values; then one
statement for a batch, and one row of the audit in its transaction. Nothing is answered that was not noted.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from math import ceil
from typing import Any, NamedTuple

import msgspec

from models import clock
from models.database import Connection, read_rows, transact, transaction
from workflows.audit.acts import Act
from workflows.audit.entries import Entry, record
from workflows.audit.pseudonyms import IDCS, pseudonyms
from workflows.evidence import Compared, RegisteredPerson
from workflows.matching.births import PRECISIONS
from workflows.population import feed, guesses, questions
from workflows.population.partners import OF_KEY, Partner, admit, key_and_partner
from workflows.population.policies import Policy
from workflows.population.questions import Asked, Comparisons, Declared, Records
from workflows.population.refusals import NotAnswered
from workflows.population.signatures import Head, head_of, require_fresh, require_signed
from workflows.population.tokens import tokens
from workflows.registers.population import LocalRegister
from workflows.registers.ports import Answer

ROLE = "partner"  # in which a partner acts, as the audit has it
TOO_OFTEN = "asked_too_often"  # why nothing is told of somebody
Detail = dict[str, str | int | bool]


class Request(NamedTuple):
    """A request as it came."""

    partner: str
    signature: str
    path: str  # with what stands behind a question mark
    body: bytes


class Signed(NamedTuple):
    """A request whose partner is proved."""

    partner: Partner
    head: Head
    now: datetime


def signed(request: Request) -> Signed:
    """Who asks. Raises NotAnswered where that is not proved, or they may not ask any more."""
    if not (request.partner and request.signature):
        raise NotAnswered("signature_missing")
    head, now = head_of(request.signature), clock.now()
    rows = read_rows(OF_KEY, {"name": request.partner.replace("\0", ""), "kid": head.kid.replace("\0", "")})
    if not rows:
        raise NotAnswered("key_unknown")
    partner, key = key_and_partner(rows[0])
    require_signed(request.signature, request.body, key.x)
    require_fresh(head, request.path, now)
    if key.revoked_at:
        raise NotAnswered("key_revoked")
    if not key.is_valid(now):
        raise NotAnswered("key_not_valid")
    if partner.revoked_at:
        raise NotAnswered("partner_revoked")
    return Signed(partner, head, now)


def require_admitted(asker: Signed, question: str, people: int) -> None:
    """Counts a question against the rate of its partner. Raises NotAnswered for too many, and for an id used before."""
    cost = max(people, 1)
    free, new = transact(lambda connection: admit(connection, asker.partner, question, cost, asker.now))
    if not free:
        raise NotAnswered("too_many", wait=ceil(cost / asker.partner.rate))
    if not new:
        raise NotAnswered("replayed", "id")


def compare(request: Request) -> bytes:
    """The answer to `POST /population/v1/comparisons`, as JSON. Raises NotAnswered."""
    asker = signed(request)
    asked = questions.read(request.body, Comparisons)
    number = questions.question_id(asked.id)
    questions.require_whole(asked, len(asked.people), asker.now)
    require_admitted(asker, number, len(asked.people))
    policy, fields = asker.partner.policy, fields_of(asked.people)
    why: Detail = {"question": number, "purpose": asked.purpose, "basis": asked.basis, "fields": ",".join(fields)}
    with noted_refusal(asker, why):
        questions.require_purpose(policy, asked.purpose)
        questions.require_fields(policy, asked.people)
    people = questions.declared(asked.people, asker.now)
    with transaction() as connection:
        found = told_at_most(connection, asker, people, LocalRegister(connection).compare(people))
        note(connection, asker, Act.COMPARE_PERSONS, [each.idcs for each in people], {**why, **counts(found)})
    return encode({"id": asked.id, "answers": answers(asker.partner, asked.people, people, found)})


def records(request: Request) -> bytes:
    """The answer to `POST /population/v1/records`, as JSON: what is stored, for an officer. Raises NotAnswered."""
    asker = signed(request)
    asked = questions.read(request.body, Records)
    number = questions.question_id(asked.id)
    questions.require_whole(asked, len(asked.idcs), asker.now)
    require_admitted(asker, number, len(asked.idcs))
    why: Detail = {"question": number, "purpose": asked.purpose, "officer": asked.officer}
    with noted_refusal(asker, why):
        if not asker.partner.policy.records:
            raise NotAnswered("records_not_allowed")
        questions.require_purpose(asker.partner.policy, asked.purpose)
    wanted = questions.identifiers(asked.idcs)
    with transaction() as connection:
        found = LocalRegister(connection).stored(wanted)
        note(connection, asker, Act.READ_PERSONS, wanted, {**why, "known": len(found)})
    return encode({"id": asked.id, "records": [stored(each, found.get(each)) for each in wanted]})


def events(request: Request, after: str, limit: str) -> bytes:
    """The answer to `GET /population/v1/events`, as JSON: life events in their order. Raises NotAnswered.

    A look that finds nothing is not noted: the feed is looked at again and again.
    """
    asker = signed(request)
    require_admitted(asker, questions.question_id(asker.head.id), 1)
    if not asker.partner.policy.events:
        with noted_refusal(asker, {}):
            raise NotAnswered("events_not_allowed")
    start, most = questions.cursor(after, limit)
    with transaction() as connection:
        found = feed.page(connection, asker.partner, start, most)
        if found.about:
            note(connection, asker, Act.READ_EVENTS, found.about, {"after": start, "next": found.next})
    return encode({"events": found.events, "next": found.next, "more": found.more})


encode = msgspec.json.Encoder().encode


@contextmanager
def noted_refusal(asker: Signed, why: Detail) -> Iterator[None]:
    """Notes in the audit that a partner asked for what its policy does not let it ask."""
    try:
        yield
    except NotAnswered as refused:
        flaws = ",".join(f"{each.code}:{each.place}" if each.place else each.code for each in refused.flaws)
        with transaction() as connection:
            note(connection, asker, Act.QUESTION_REFUSED, (), {**why, "refused": flaws})
        raise


def note(connection: Connection, asker: Signed, act: Act, idcs: Sequence[str], detail: Detail) -> None:
    """Notes a question in the audit: who asked about whom, why, and what came of it, without a name or an answer.

    The partner's own purpose and basis stand in the detail.
    """
    entry = Entry(
        at=asker.now,
        actor=asker.partner.actor,
        role=ROLE,
        act=act,
        persons=pseudonyms(IDCS, idcs),
        count=len(idcs),
        detail=detail,
    )
    record(connection, entry)


def fields_of(people: Sequence[Asked]) -> list[str]:
    """The fields that a question has of anybody, in their order."""
    return list(dict.fromkeys(name for person in people for name in person.sent()))


def answers(
    partner: Partner, asked: Sequence[Asked], people: Sequence[Declared], found: Sequence[Compared | Answer | None]
) -> list[dict[str, Any]]:
    """What the partner is told of each person, in the order of its question."""
    token = tokens(partner.salt)
    return [
        {"ref": one.ref, **told(partner.policy, one.sent(), compared, token(person.idcs))}
        for one, person, compared in zip(asked, people, found, strict=True)
    ]


def told_at_most(
    connection: Connection, asker: Signed, people: Sequence[Declared], found: Sequence[Compared | None]
) -> list[Compared | Answer | None]:
    """What the register says of these people, and `Answer.NONE` of whom the partner has asked about too often."""
    token = tokens(asker.partner.salt)
    known = [token(person.idcs) if each else None for person, each in zip(people, found, strict=True)]
    too_many = guesses.too_many(connection, asker.partner, known, asker.now)
    return [Answer.NONE if over else each for over, each in zip(too_many, found, strict=True)]


def told(policy: Policy, sent: Sequence[str], compared: Compared | Answer | None, token: str) -> dict[str, Any]:
    """What the partner is told of one person."""
    if isinstance(compared, Answer):
        return {"known": None, "why": TOO_OFTEN}
    if compared is None:
        return {"known": False}
    if "birth_date" not in sent:
        left = tuple([each for each in compared.differs if each not in PRECISIONS])
        compared = msgspec.structs.replace(compared, birth="unknown", differs=left)
    return {"known": True, "token": token, **policy.answer(compared, sent)}


def stored(idcs: str, person: RegisteredPerson | None) -> dict[str, Any]:
    """What the register keeps of one person."""
    return {"idcs": idcs, "known": person is not None, **(msgspec.structs.asdict(person) if person else {})}


def counts(found: Sequence[Compared | Answer | None]) -> Detail:
    """How many of each verdict a question got: what the audit keeps of the answer."""
    counted: Counter[str] = Counter()
    for each in found:
        if isinstance(each, Answer):
            counted["withheld"] += 1
            continue
        if each:
            counted.update([f"name_{each.name}", f"birth_{each.birth}", f"status_{each.status}"])
        counted["known" if each else "unknown"] += 1
    return dict(sorted(counted.items()))
