"""Taking applications in: a set at a time, each once however often it is sent, each with a receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256

from models.arrays import columns
from models.database import Connection
from models.errors import Problem
from models.settings import settings
from workflows.bodies.declaration import ApplicationBody, Declaration, objections
from workflows.casefile import NewCase
from workflows.engine.opening import (
    Opening,
    Origin,
    case_numbers,
    hash_of,
    household_numbers,
    insert_cases,
    opening,
    record_openings,
)
from workflows.evidence import DECLARANT, Submission
from workflows.flows import places
from workflows.flows.registration import FLOW
from workflows.intake.receipts import secret_for
from workflows.registers.ports import Notices
from workflows.registers.social import REGISTERED_ALREADY, registered_again


@dataclass(frozen=True)
class Application:
    """A declaration on its way in. `key` tells it from others of the same sender, and a repetition from a new one."""

    key: str
    channel: str  # "api" | "import"
    lane: int
    declaration: Declaration

    @cached_property
    def hash(self) -> bytes:
        """What tells its declaration from another."""
        return hash_of(self.declaration.stored())

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
    where c.id = case_id and idempotency_key = any(%s) and c.kind = %s and c.stage = any(%s)
"""
KEEP_KEYS = """
    insert into receipt (reference, case_id, idempotency_key, body_hash)
    select * from unnest(%s::text[], %s::bigint[], %s::text[], %s::bytea[])
        as new (reference, case_id, idempotency_key, body_hash)
    order by idempotency_key
    on conflict (idempotency_key) do nothing
    returning idempotency_key
"""
DISCARD_KEYS = "delete from receipt where case_id = any(%s)"
DISCARD_CASES = "delete from cases where id = any(%s)"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An application, and the case that it may become."""

    application: Application
    opening: Opening

    @property
    def case_id(self) -> int:
        """The case's number."""
        return self.opening.file.id


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
    outcomes = take_in(connection, sent, now, notices)
    return [refusal or outcome_of(position, applications, first, outcomes) for position, refusal in enumerate(refusals)]


def take_in(
    connection: Connection, applications: Sequence[Application], now: datetime, notices: Notices
) -> dict[str, Outcome]:
    """Opens a case for each whose key nobody used, whose declarant has none open, and whose household is not
    registered; by key what became of it.
    """
    arrivals = arrive(connection, applications, now, notices)
    kept = keep_keys(connection, arrivals)
    used = [each.application for each in arrivals if each not in kept]
    opened = open_cases(connection, kept)
    known = discard_registered(connection, opened)
    opened = [each for each in opened if each not in known]
    record_openings(connection, [each.opening for each in opened], now)
    return {
        **{each.application.full_key: already_open() for each in kept},
        **{each.application.full_key: already_registered() for each in known},
        **{each.application.full_key: accepted(each) for each in opened},
        **repeated(connection, used),
    }


def free_keys(connection: Connection, applications: Sequence[Application]) -> None:
    """Keys that are the hash of what was said are free again once that application has ended and holds nobody."""
    made = [each.full_key for each in applications if len(each.key) == HEX and each.key == each.hash.hex()]
    if made:
        connection.execute(FREE_KEYS, [made, FLOW.kind, ended_stages()])


def ended_stages() -> list[str]:
    """The ends of a registration that hold nobody."""
    return [stage.name for kind, stage in places() if kind == FLOW.kind and not (stage.open or stage.holds_persons)]


def key_of(sent: ApplicationBody) -> str:
    """The sender's own key, else the hash of what it says."""
    return sent.application or hash_of(sent.stored()).hex()


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
    """The household stands in the register: a second registration would be suspected to be a duplicate of the first."""
    return Rejected("already_registered", REGISTERED_ALREADY, [Problem("members", REGISTERED_ALREADY)])


def accepted(arrival: Arrival) -> Accepted:
    """The receipt of a case that was opened."""
    reference = arrival.opening.file.reference
    return Accepted(reference, secret_for(reference), arrival.case_id)


def repeated(connection: Connection, applications: Sequence[Application]) -> dict[str, Outcome]:
    """By key those that were taken before: the same receipt again, or a refusal where the key came with another
    declaration.
    """
    if not applications:
        return {}
    found = connection.execute(KNOWN, [[each.full_key for each in applications]])
    known = {row[0]: row[1:] for row in found}
    return {each.full_key: told_again(each, *known[each.full_key]) for each in applications if each.full_key in known}


def told_again(application: Application, reference: str, case_id: int, body_hash: bytes) -> Outcome:
    """The receipt of an application that was taken before."""
    if application.hash != body_hash:
        return Rejected("key_reused", "This idempotency key was used for another declaration. Use a new key.", [])
    return Accepted(reference, secret_for(reference), case_id, repeated=True)


def outcome_of(
    position: int, applications: Sequence[Application], first: Mapping[str, int], outcomes: Mapping[str, Outcome]
) -> Outcome:
    """That of its key. An application that stands twice in one set fares like the first of the two."""
    application = applications[position]
    twin, outcome = first[application.full_key], outcomes[application.full_key]
    if position != twin and isinstance(outcome, Accepted):
        return told_again(application, outcome.reference, outcome.case_id, applications[twin].hash)
    return outcome


def arrive(
    connection: Connection, applications: Sequence[Application], now: datetime, notices: Notices
) -> list[Arrival]:
    """Numbers, a reference and the first event for each, in memory."""
    numbers = case_numbers(connection, len(applications))
    households = household_numbers(connection, len(applications))
    evidence = Submission(at=now, by=DECLARANT)
    return [
        Arrival(
            each,
            opening(
                case_id,
                NewCase(FLOW.kind, each.lane, household_id, each.declaration),
                Origin(each.channel, each.full_key),
                evidence,
                notices,
            ),
        )
        for each, case_id, household_id in zip(applications, numbers, households, strict=True)
    ]


def keep_keys(connection: Connection, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those whose key nobody else used."""
    if not arrivals:
        return []
    rows = [
        (each.opening.file.reference, each.case_id, each.application.full_key, each.application.hash)
        for each in arrivals
    ]
    kept = {key for (key,) in connection.execute(KEEP_KEYS, columns(rows))}
    return [each for each in arrivals if each.application.full_key in kept]


def open_cases(connection: Connection, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those whose declarant has no other open application; the keys of the others are free again."""
    opened = insert_cases(connection, [each.opening for each in arrivals], new_households=True)
    refused = [each.case_id for each in arrivals if each.case_id not in opened]
    if refused:
        connection.execute(DISCARD_KEYS, [refused])
    return [each for each in arrivals if each.case_id in opened]


def discard_registered(connection: Connection, opened: Sequence[Arrival]) -> list[Arrival]:
    """Takes those back whose household is registered; which these are.

    Asked after their cases were opened: one whose first application was open until a moment ago, and kept a second
    from opening, is seen here.
    """
    registered = registered_again(connection, [each.application.declaration for each in opened])
    known = [each for each, again in zip(opened, registered, strict=True) if again]
    if known:
        case_ids = [each.case_id for each in known]
        connection.execute(DISCARD_KEYS, [case_ids])
        connection.execute(DISCARD_CASES, [case_ids])
    return known
