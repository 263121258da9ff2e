"""Taking applications in: a set at a time, each once however often it is sent, each with a receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from models.arrays import columns
from models.database import Connection
from models.errors import Problem
from models.settings import settings
from workflows.bodies.declaration import ApplicationBody, Declaration, objections, stored
from workflows.casefile import CaseFile
from workflows.engine.chain import GENESIS, digest, new_salt
from workflows.engine.record import copy, queue_state, record_transitions
from workflows.engine.work import CaseInProgress, apply
from workflows.events import ApplicationReceived
from workflows.evidence import DECLARANT, Submission
from workflows.flows import STAGES
from workflows.flows.registration import REGISTRATION
from workflows.intake.receipts import new_reference, secret_for
from workflows.registers.ports import Notices
from workflows.registers.social import REGISTERED_ALREADY, registered_again


@dataclass(frozen=True, slots=True)
class Application:
    """A declaration on its way in. `key` tells it from others of the same sender, and a repetition from a new one."""

    key: str
    channel: str  # "api" | "import"
    lane: int
    declaration: Declaration

    @property
    def body(self) -> str:
        """The declaration as it is stored."""
        return stored(self.declaration)

    @property
    def full_key(self) -> str:
        """The key with its channel: a file and the API may use the same one.

        All who send through the API share one set of keys.
        """
        return f"{self.channel}:{self.key}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The receipt: only given once it is committed. `repeated`: the same application had been taken before."""

    reference: str
    secret: str
    case_id: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why an application was not taken: `open_application`, `already_registered`, `key_reused` or `not_valid`."""

    code: str
    message: str
    problems: list[Problem] = field(default_factory=list)


Outcome = Accepted | Rejected

HEX = sha256().digest_size * 2  # characters of a key that is a hash
NOT_VALID = "The application is not valid; problems names each field."
KNOWN = "select idempotency_key, reference, case_id, body_hash from receipt where idempotency_key = any(%s)"
# Who withdrew, lapsed or was refused may file the same again: a key of their own they would change, the one that we
# made must not stand in the way.
FREE_KEYS = """
    update receipt set idempotency_key = 'ended:' || reference from cases c
    where c.id = case_id and idempotency_key = any(%s) and c.stage = any(%s)
"""
ENDED = [step.name for step in STAGES if not (step.open or step.holds_persons)]
NUMBERS = "select nextval('cases_id_seq'), nextval('household_id_seq') from generate_series(1, %s)"
# Sorted, so that two senders of the same declarants wait for each other and never deadlock.
OPEN_CASES = """
    insert into cases (id, kind, stage, open, machine, queue, lane, ready, rank, version, head, household_id,
        declarant_idcs,
        region, declaration, submitted_at, stage_since)
    select * from unnest(
        %s::bigint[], %s::text[], %s::text[], %s::bool[], %s::bool[], %s::text[], %s::smallint[], %s::bool[],
            %s::timestamptz[],
        %s::int[], %s::bytea[], %s::bigint[], %s::text[], %s::smallint[], %s::int[], %s::timestamptz[],
            %s::timestamptz[]
    ) as new (id, kind, stage, open, machine, queue, lane, ready, rank, version, head, household_id, declarant_idcs,
        region,
        declaration, submitted_at, stage_since)
    order by declarant_idcs, id
    on conflict do nothing
    returning id
"""
KEEP_KEYS = """
    insert into receipt (reference, case_id, idempotency_key, body_hash)
    select * from unnest(%s::text[], %s::bigint[], %s::text[], %s::bytea[]) as new (reference, case_id,
        idempotency_key, body_hash)
    order by idempotency_key
    on conflict (idempotency_key) do nothing
    returning idempotency_key
"""
DISCARD_KEYS = "delete from receipt where case_id = any(%s)"
DISCARD_CASES = "delete from cases where id = any(%s)"
DECLARATION = "case_id, number, household_id, body, phone, salt, made_at"


@dataclass(slots=True)
class Arrival:
    """An application that may become a case."""

    application: Application
    body: str
    body_hash: bytes
    salt: bytes
    course: CaseInProgress
    reference: str


def submit(
    connection: Connection, applications: Sequence[Application], now: datetime, notices: Notices
) -> list[Outcome]:
    """What became of each application, in order.

    The caller commits, and only then hands out receipts and wakes the queue.
    """
    refusals = [refusal_of(each, now) for each in applications]
    first: dict[str, int] = {}
    for position, (each, refusal) in enumerate(zip(applications, refusals, strict=True)):
        if refusal is None:
            first.setdefault(each.full_key, position)
    sent = [applications[position] for position in first.values()]
    free_keys(connection, sent)
    outcomes = repeated(connection, sent)
    outcomes |= take(connection, [each for each in sent if each.full_key not in outcomes], now, notices)
    return [refusal or outcome_of(position, applications, first, outcomes) for position, refusal in enumerate(refusals)]


def take(
    connection: Connection, applications: Sequence[Application], now: datetime, notices: Notices
) -> dict[str, Outcome]:
    """Opens a case for each whose key nobody used meanwhile, whose declarant has none open, and whose household is not
    registered; by key what became of it.
    """
    kept = keep_keys(connection, arrive(connection, applications, now, notices))
    outcomes: dict[str, Outcome] = {each.application.full_key: already_open() for each in kept}
    outcomes |= repeated(connection, [each for each in applications if each.full_key not in outcomes])
    opened = open_cases(connection, kept)
    known = discard_registered(connection, opened)
    outcomes |= {each.application.full_key: already_registered() for each in known}
    opened = [each for each in opened if each not in known]
    write_down(connection, opened, now)
    return outcomes | {
        each.application.full_key: Accepted(each.reference, secret_for(each.reference), each.course.file.id)
        for each in opened
    }


def free_keys(connection: Connection, applications: Sequence[Application]) -> None:
    """Keys that are the hash of what was said are free again once that application has ended and holds nobody."""
    if made := [
        each.full_key for each in applications if len(each.key) == HEX and each.key == hash_of(each.body).hex()
    ]:
        connection.execute(FREE_KEYS, [made, ENDED])


def key_of(sent: ApplicationBody) -> str:
    """The sender's own key, else the hash of what it says."""
    return sent.application or hash_of(stored(sent)).hex()


def hash_of(body: str) -> bytes:
    """What tells two declarations apart."""
    return sha256(body.encode()).digest()


def refusal_of(application: Application, now: datetime) -> Rejected | None:
    """A declaration that cannot be so."""
    problems = objections(application.declaration, now.date(), settings().max_members)
    return Rejected("not_valid", NOT_VALID, problems) if problems else None


def already_open() -> Rejected:
    """The declarant waits for another application."""
    text = (
        "This declarant already has an open application. Answer, correct or withdraw that one; a second is not taken."
    )
    return Rejected("open_application", text, [Problem("members", text)])


def already_registered() -> Rejected:
    """The household stands in the register: a second registration would be a review against itself."""
    return Rejected("already_registered", REGISTERED_ALREADY, [Problem("members", REGISTERED_ALREADY)])


def repeated(connection: Connection, applications: Sequence[Application]) -> dict[str, Outcome]:
    """By key those that were taken before: the same receipt again, or a refusal where the key came with another
    declaration.
    """
    known = (
        {row[0]: row[1:] for row in connection.execute(KNOWN, [[each.full_key for each in applications]])}
        if applications
        else {}
    )
    return {each.full_key: told_again(each, *known[each.full_key]) for each in applications if each.full_key in known}


def told_again(application: Application, reference: str, case_id: int, body_hash: bytes) -> Outcome:
    """The receipt of an application that was taken before."""
    if hash_of(application.body) != body_hash:
        return Rejected("key_reused", "This idempotency key was used for another declaration. Use a new key.", [])
    return Accepted(reference, secret_for(reference), case_id, repeated=True)


def outcome_of(
    position: int, applications: Sequence[Application], first: Mapping[str, int], outcomes: Mapping[str, Outcome]
) -> Outcome:
    """That of its key. An application that stands twice in one set fares like the first of the two."""
    application = applications[position]
    twin, outcome = first[application.full_key], outcomes[application.full_key]
    if position != twin and isinstance(outcome, Accepted):
        return told_again(application, outcome.reference, outcome.case_id, hash_of(applications[twin].body))
    return outcome


def arrive(
    connection: Connection, applications: Sequence[Application], now: datetime, notices: Notices
) -> list[Arrival]:
    """Numbers, a reference and the first event for each, in memory."""
    numbers = connection.execute(NUMBERS, [len(applications)]).fetchall() if applications else []
    return [
        arrival(each, new_file(each, case_id, household_id, now), notices)
        for each, (case_id, household_id) in zip(applications, numbers, strict=True)
    ]


def new_file(application: Application, case_id: int, household_id: int, now: datetime) -> CaseFile:
    """The file of a registration that arrives."""
    return CaseFile.opened(
        id=case_id,
        reference=new_reference(),
        kind=REGISTRATION.kind,
        stage=REGISTRATION.first,
        lane=application.lane,
        household_id=household_id,
        declaration=application.declaration,
        at=now,
    )


def arrival(application: Application, file: CaseFile, notices: Notices) -> Arrival:
    """One application as a case that has received its first event."""
    course, salt, body = CaseInProgress(file, GENESIS), new_salt(), application.body
    event = ApplicationReceived(
        channel=application.channel,
        kind=file.kind,
        lane=file.lane,
        household=file.household_id,
        reference=file.reference,
        key=sealed_key(salt, application.full_key),
        declaration=1,
        digest=sealed_body(salt, body),
        members=len(application.declaration.members),
    )
    apply(course, event, REGISTRATION.first, Submission(at=file.submitted_at, by=DECLARANT), notices)
    return Arrival(application, body, hash_of(body), salt, course, file.reference)


def sealed_body(salt: bytes, body: str) -> str:
    """The digest of a declaration's stored bytes that the event which takes it holds."""
    return digest("declaration", salt, body.encode()).hex()


def sealed_key(salt: bytes, full_key: str) -> str:
    """The same of the receipt's key."""
    return digest("key", salt, full_key.encode()).hex()


def keep_keys(connection: Connection, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those whose key nobody else used meanwhile."""
    if not arrivals:
        return []
    rows = [(each.reference, each.course.file.id, each.application.full_key, each.body_hash) for each in arrivals]
    kept = {key for (key,) in connection.execute(KEEP_KEYS, columns(rows))}
    return [each for each in arrivals if each.application.full_key in kept]


def open_cases(connection: Connection, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those whose declarant has no other open application; the keys of the others are free again."""
    if not arrivals:
        return []
    opened = {
        case_id for (case_id,) in connection.execute(OPEN_CASES, columns([case_columns(each) for each in arrivals]))
    }
    refused = [each.course.file.id for each in arrivals if each.course.file.id not in opened]
    if refused:
        connection.execute(DISCARD_KEYS, [refused])
    return [each for each in arrivals if each.course.file.id in opened]


def discard_registered(connection: Connection, opened: Sequence[Arrival]) -> list[Arrival]:
    """Takes those back whose household is registered; which these are.

    Asked after their cases were opened: one whose first application was open until a moment ago, and kept a second from
    opening, is seen here.
    """
    registered = registered_again(connection, [each.application.declaration for each in opened])
    known = [each for each, again in zip(opened, registered, strict=True) if again]
    if known:
        case_ids = [each.course.file.id for each in known]
        connection.execute(DISCARD_KEYS, [case_ids])
        connection.execute(DISCARD_CASES, [case_ids])
    return known


def case_columns(arrival: Arrival) -> tuple[Any, ...]:
    """A new case's row, in the order of OPEN_CASES."""
    file, declared = arrival.course.file, arrival.application.declaration
    at = queue_state(file, file.submitted_at)
    return (
        file.id,
        file.kind,
        at.stage,
        at.open,
        at.machine,
        at.queue,
        file.lane,
        at.ready,
        at.rank,
        file.version,
        arrival.course.head,
        file.household_id,
        declared.declarant.idcs,
        declared.region,
        1,
        file.submitted_at,
        file.stage_since,
    )


def write_down(connection: Connection, arrivals: Sequence[Arrival], now: datetime) -> None:
    """The declarations, the first events and the messages that say they were received."""
    declarations = [
        (
            each.course.file.id,
            1,
            each.course.file.household_id,
            each.body,
            each.application.declaration.phone,
            each.salt,
            now,
        )
        for each in arrivals
    ]
    copy(connection, "declaration", DECLARATION, declarations)
    record_transitions(connection, [apply for each in arrivals for apply in each.course.transitions])
