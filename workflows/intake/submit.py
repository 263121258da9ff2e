"""Takes applications in, a set at a time: each once, however often the sender repeats it, and each with a receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256

from models.arrays import columns
from models.database import Connection
from models.days import day_of
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
    """A declaration that arrives. Its `key` tells a repetition from a new application of the same sender."""

    key: str
    channel: str  # "api" | "page" | "import"
    lane: int
    declaration: Declaration
    reference: str = ""  # that its household has already, from a draft; empty: a new one
    proved: bool = False  # who sends it has its phone at hand, or an office vouches for them

    @cached_property
    def hash(self) -> bytes:
        """The hash of its declaration, which recognises a repetition."""
        return hash_of(self.declaration.stored())

    @property
    def full_key(self) -> str:
        """The key with its channel, because a file and the API may use the same key.

        All senders through the API share one set of keys.
        """
        return f"{self.channel}:{self.key}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A receipt, given only after the commit. `repeated`: Sijil had accepted the same application before."""

    reference: str
    secret: str
    case_id: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why Sijil rejects an application: `open_application`, `already_registered`, `key_reused` or `not_valid`."""

    code: str
    message: str
    problems: list[Problem] = field(default_factory=list)


Outcome = Accepted | Rejected

HEX = sha256().digest_size * 2  # characters of a key that is a hash
NOT_VALID = "The application is not valid; problems names each field."
KNOWN = "select idempotency_key, reference, case_id, body_hash from receipt where idempotency_key = any(%s)"
# A citizen whose application was withdrawn, lapsed or was refused may file the same declaration again. A sender would
# change a key of its own; a key that Sijil computed must be freed.
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
    """An application, with the case that it may open."""

    application: Application
    opening: Opening

    @property
    def case_id(self) -> int:
        """The number of the case."""
        return self.opening.file.id


def submit(
    connection: Connection, applications: Sequence[Application], now: datetime, notices: Notices
) -> list[Outcome]:
    """Accepts or rejects each application; returns the outcomes in order.

    The caller commits, and only then gives out receipts and wakes the queue.
    """
    rejections = [rejection_of(each, now) for each in applications]
    first: dict[str, int] = {}
    for position, (each, rejection) in enumerate(zip(applications, rejections, strict=True)):
        if rejection is None:
            first.setdefault(each.full_key, position)
    sent = [applications[position] for position in first.values()]
    free_keys(connection, sent)
    outcomes = open_or_reject(connection, sent, now, notices)
    return [
        rejection or outcome_of(position, applications, first, outcomes)
        for position, rejection in enumerate(rejections)
    ]


def open_or_reject(
    connection: Connection, applications: Sequence[Application], now: datetime, notices: Notices
) -> dict[str, Outcome]:
    """Opens a case for each application whose key is new, whose declarant has no other open, and whose household is not
    registered; returns the outcomes by key.

    An application that nobody proved keeps nobody out: neither while it is open, nor once it is registered. Where a
    proved one names the same persons, both go on, and a person decides.
    """
    arrivals = arrivals_of(connection, applications, now, notices)
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
        **repeated_outcomes(connection, used),
    }


def free_keys(connection: Connection, applications: Sequence[Application]) -> None:
    """Frees the keys that are the hash of their declaration, once that application has ended and holds nobody."""
    made = [each.full_key for each in applications if len(each.key) == HEX and each.key == each.hash.hex()]
    free_keys_of(connection, FLOW.kind, made)


def free_keys_of(connection: Connection, kind: str, keys: Sequence[str]) -> None:
    """Frees those of these keys whose case of this kind has ended and holds nobody."""
    if keys:
        connection.execute(FREE_KEYS, [list(keys), kind, ended_stages(kind)])


def ended_stages(kind: str) -> list[str]:
    """The final stages of a kind of case that hold nobody."""
    return [stage.name for own, stage in places() if own == kind and not (stage.open or stage.holds_persons)]


def key_of(sent: ApplicationBody) -> str:
    """The sender's own key, else the hash of the declaration."""
    return sent.application or hash_of(sent.stored()).hex()


def rejection_of(application: Application, now: datetime) -> Rejected | None:
    """The rejection of a declaration that is not valid; None for a valid one."""
    problems = objections(application.declaration, day_of(now), settings().max_members)
    return Rejected("not_valid", NOT_VALID, problems) if problems else None


def already_open() -> Rejected:
    """The rejection of a declarant who has another application open."""
    text = (
        "This declarant already has an open application. Answer, correct or withdraw that one; a second is not taken."
    )
    return Rejected("open_application", text, [Problem("members", text)])


def already_registered() -> Rejected:
    """The rejection of a registered household, which must not register a duplicate of itself."""
    return Rejected("already_registered", REGISTERED_ALREADY, [Problem("members", REGISTERED_ALREADY)])


def accepted(arrival: Arrival) -> Accepted:
    """The receipt of a case that was opened."""
    reference = arrival.opening.file.reference
    return Accepted(reference, secret_for(reference), arrival.case_id)


def repeated_outcomes(connection: Connection, applications: Sequence[Application]) -> dict[str, Outcome]:
    """The outcomes, by key, of applications whose key was used before: the same receipt, or a rejection."""
    if not applications:
        return {}
    known = known_receipts(connection, [each.full_key for each in applications])
    return {
        each.full_key: repeated_outcome(each, *known[each.full_key]) for each in applications if each.full_key in known
    }


def known_receipts(connection: Connection, keys: Sequence[str]) -> dict[str, tuple[str, int, bytes]]:
    """The receipts of these keys: reference, case and hash of the body."""
    return {row[0]: row[1:] for row in connection.execute(KNOWN, [list(keys)])}


def repeated_outcome(application: Application, reference: str, case_id: int, body_hash: bytes) -> Outcome:
    """The receipt given before, or a rejection if its key came with another declaration."""
    if application.hash != body_hash:
        return Rejected("key_reused", "This idempotency key was used for another declaration. Use a new key.", [])
    return Accepted(reference, secret_for(reference), case_id, repeated=True)


def outcome_of(
    position: int, applications: Sequence[Application], first: Mapping[str, int], outcomes: Mapping[str, Outcome]
) -> Outcome:
    """The outcome of an application by its key; of two equal ones in a set, the second repeats the first."""
    application = applications[position]
    twin, outcome = first[application.full_key], outcomes[application.full_key]
    if position != twin and isinstance(outcome, Accepted):
        return repeated_outcome(application, outcome.reference, outcome.case_id, applications[twin].hash)
    return outcome


def arrivals_of(
    connection: Connection, applications: Sequence[Application], now: datetime, notices: Notices
) -> list[Arrival]:
    """Gives each application its numbers, its reference and its first event, in memory."""
    numbers = case_numbers(connection, len(applications))
    households = household_numbers(connection, len(applications))
    evidence = Submission(at=now, by=DECLARANT)
    return [
        Arrival(
            each,
            opening(
                case_id,
                NewCase(FLOW.kind, each.lane, household_id, each.declaration),
                Origin(each.channel, each.full_key, proved=each.proved),
                evidence,
                notices,
                each.reference,
            ),
        )
        for each, case_id, household_id in zip(applications, numbers, households, strict=True)
    ]


def keep_keys(connection: Connection, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Inserts the receipts; returns the arrivals whose key was new."""
    if not arrivals:
        return []
    rows = [
        (each.opening.file.reference, each.case_id, each.application.full_key, each.application.hash)
        for each in arrivals
    ]
    kept = keep_receipts(connection, rows)
    return [each for each in arrivals if each.application.full_key in kept]


def keep_receipts(connection: Connection, rows: Sequence[tuple[str, int, str, bytes]]) -> set[str]:
    """Inserts these receipts (reference, case, key, hash of the body); returns the keys that were new."""
    return {key for (key,) in connection.execute(KEEP_KEYS, columns(list(rows)))}


def open_cases(connection: Connection, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Inserts the cases; returns those whose declarant has no other open, and frees the keys of the others."""
    opened = insert_cases(connection, [each.opening for each in arrivals], new_households=True)
    refused = [each.case_id for each in arrivals if each.case_id not in opened]
    if refused:
        connection.execute(DISCARD_KEYS, [refused])
    return [each for each in arrivals if each.case_id in opened]


def discard_registered(connection: Connection, opened: Sequence[Arrival]) -> list[Arrival]:
    """Deletes the cases again whose household is registered; returns their arrivals.

    It asks the register after the cases are open, so that it also sees a household whose first application was
    registered a moment ago, and until then kept a second one from opening.
    """
    proved = [each.application.proved for each in opened]
    registered = registered_again(connection, [each.application.declaration for each in opened], proved)
    known = [each for each, again in zip(opened, registered, strict=True) if again]
    if known:
        case_ids = [each.case_id for each in known]
        connection.execute(DISCARD_KEYS, [case_ids])
        connection.execute(DISCARD_CASES, [case_ids])
    return known
