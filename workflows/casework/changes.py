"""A registered household declares a change: with the secret of its receipt, or at a desk, where an officer files it."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from models.database import Connection, scalar
from models.days import day_of
from models.errors import Broken, NotFound, Problem, Refused
from models.settings import settings
from workflows.audit.acts import Act
from workflows.bodies.change import CONFIRMATION, UPDATE, Change, ChangeRequest
from workflows.bodies.declaration import Declaration, Member, objections
from workflows.bodies.merging import fields_changed
from workflows.casefile import NewCase
from workflows.engine.lanes import INTERACTIVE
from workflows.engine.load import CaseRow
from workflows.engine.opening import Opening, Origin, case_numbers, hash_of, insert_cases, opening, record_openings
from workflows.engine.turns import lock_households
from workflows.evidence import DECLARANT, Submission
from workflows.intake.receipts import find, is_secret_of, normal, secret_for
from workflows.intake.submit import Accepted, free_keys_of, keep_receipts, known_receipts
from workflows.registers.households import declarations, last_versions
from workflows.registers.period_rows import known_periods
from workflows.registers.ports import Notices
from workflows.staff.noting import Doing, note_act
from workflows.staff.signatures import OFFICER, sign

MOST_OPEN = 5  # updates of one household at once
OF_AGE = 18  # years
OPEN = f"select count(*) from cases where household_id = %s and kind = '{UPDATE}' and open"
CONFIRMED_SINCE = f"""
    select exists (select from cases c join case_body b on (b.case_id, b.number) = (c.id, 1)
        where c.household_id = %s and c.kind = '{UPDATE}' and c.submitted_at > %s
            and b.body ->> 'change' = '{CONFIRMATION}')
"""
CONFIRMED_AGAIN = timedelta(days=30)  # a household that confirms before that says nothing new
PHONES_NAMED = f"""
    select count(*) from cases c join case_body b on (b.case_id, b.number) = (c.id, 1)
    where c.household_id = %s and c.kind = '{UPDATE}' and c.submitted_at > %s and b.body ->> 'known_phone' is not null
"""
MOST_PHONES, PHONES_WITHIN = 3, timedelta(days=30)  # each costs codes and messages, to a number of anybody's
# Another phone that counts at once waits for nobody, but for people who have its change in hand.
PHONE_WAITS = f"""
    select r.reference, b.phone, c.submitted_at, case when c.stage = 'changing_phone' then c.deadline end from cases c
    join case_body b on (b.case_id, b.number) = (c.id, c.body_number) join receipt r on r.case_id = c.id
    where c.household_id = %s and c.kind = '{UPDATE}' and c.open and b.body ->> 'known_phone' is not null
    order by c.id limit 1
"""
FIRST_BODY = "select body::text from case_body where case_id = %s and number = 1"
# Who asked in a departure is who left, not the declarant of whom they left.
IS_MEMBER = """
    select exists (select from cases c left join case_body b on (b.case_id, b.number) = (c.id, c.body_number)
        join person_claim p on p.idcs = coalesce(b.body ->> 'left_by', c.applicant_idcs)
        where c.id = %s and p.household_id = c.household_id)
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who declares a change: the citizen with their secret, or an officer by name; and the sender's own key."""

    secret: str = ""
    officer: str = ""
    key: str = ""
    role: str = ""  # in which the officer acts
    on_page: bool = False  # the household declares it on the portal's pages
    phone_shown: bool = False  # by codes, that they have the known phone and the new one at hand

    @property
    def channel(self) -> str:
        """How it reaches us."""
        return "office" if self.officer else "page" if self.on_page else "api"


@dataclass(frozen=True, slots=True)
class DeclaredChange:
    """What is declared under the reference of a receipt, and by whom."""

    reference: str
    request: ChangeRequest
    sender: Sender


@dataclass(frozen=True, slots=True)
class Departure:
    """An adult who says at a desk, to an officer, that they left the household of a receipt on a day."""

    reference: str
    idcs: str
    true_from: date
    officer: str
    role: str = ""  # in which the officer acts


@dataclass(frozen=True, slots=True)
class Registered:
    """A household as the register has it: its last version, what was declared for it, and its first day."""

    household_id: int
    version: int
    declaration: Declaration
    first_day: date


@dataclass(frozen=True, slots=True)
class WaitingPhone:
    """Another phone of a household that is not registered yet, and the change that declares it. `until`: when it counts
    if nobody objects; None where that does not run yet.
    """

    reference: str
    phone: str | None
    declared_at: datetime
    until: datetime | None


@dataclass(frozen=True)
class NewUpdate:
    """An update to be opened."""

    household_id: int
    body: Change
    sender: Sender

    @cached_property
    def content(self) -> bytes:
        """The hash of what was sent, which recognises a repetition: not of what the register adds to it."""
        return content_of(self.body)

    @property
    def full_key(self) -> str:
        """The sender's key, else the hash of what was sent; two households may use the same key."""
        return f"{self.sender.channel}:{UPDATE}:{self.household_id}:{self.sender.key or self.content.hex()}"


def declare_change(connection: Connection, declared: DeclaredChange, now: datetime, notices: Notices) -> Accepted:
    """Opens an update of the household of this receipt; returns the update's own receipt.

    The receipt of a change that is sent again is the same, whatever became of the change meanwhile.

    Raises NotFound for an unknown reference and for a wrong secret alike, and Refused where the household is not
    registered, the receipt is nobody's of the household any more, or the change is not possible.
    """
    request, sender = declared.request, declared.sender
    case = find_as(connection, declared.reference, sender)
    update = NewUpdate(case.household_id or 0, Change(**dict(request)), sender)
    if again := known_receipt(connection, update):
        return again
    if not sender.officer:
        refuse_stranger(connection, case)
    known = registered_household(connection, case)
    refuse_impossible(known, request, now)
    if request.change == CONFIRMATION:
        refuse_confirmed_lately(connection, known.household_id, now)
    known_phone = phone_until_now(known, request.declaration)
    if known_phone and not sender.officer:
        refuse_too_many_phones(connection, known.household_id, now)
    body = Change(**dict(request), known_phone=known_phone, phone_shown=bool(known_phone) and sender.phone_shown)
    return open_update(connection, replace(update, body=body), now, notices)


def declare_departure(connection: Connection, departure: Departure, now: datetime, notices: Notices) -> Accepted:
    """An adult tells an officer that they left a household which somebody else heads. A caseworker will decide.

    Raises NotFound, and Refused where this person is no adult member of the household, or is its head.
    """
    known = registered_household(connection, find(connection, departure.reference))
    leaver = next((each for each in known.declaration.members if each.idcs == departure.idcs), None)
    if leaver is None or leaver.relationship == "head" or not is_of_age(leaver, day_of(now)):
        raise Refused("no_departure", "Only an adult member who is not the head declares their own departure.")
    request = ChangeRequest(
        change="member_left",
        cause="departure",
        true_from=departure.true_from,
        based_on=known.version,
        declaration=without(known.declaration, leaver),
    )
    refuse_impossible(known, request, now)
    sender = Sender("", departure.officer, role=departure.role)
    update = NewUpdate(known.household_id, Change(**dict(request), left_by=departure.idcs), sender)
    return known_receipt(connection, update) or open_update(connection, update, now, notices)


def find_as(connection: Connection, reference: str, sender: Sender) -> CaseRow:
    """The case of a receipt. Raises NotFound for an unknown reference and for a citizen's wrong secret alike."""
    if not sender.officer and not is_secret_of(normal(reference), sender.secret):
        raise NotFound("There is no application with this reference and secret.")
    return find(connection, reference)


def refuse_stranger(connection: Connection, case: CaseRow) -> None:
    """Raises Refused where whoever filed this case is no member of its household now."""
    if not scalar(connection, IS_MEMBER, [case.id]):
        raise Refused(
            "not_of_the_household",
            "Whoever filed under this reference is no member of a registered household now. A service centre can help.",
        )


def registered_household(connection: Connection, case: CaseRow) -> Registered:
    """The household that this case is about. Raises Refused where it is not registered, or its data were erased."""
    household = case.household_id or 0
    version = last_versions(connection, [household]).get(household)
    if version is None:
        raise Refused("not_registered", "This household is not in the register, so that nothing of it can change.")
    declared = declarations(connection, [(household, version)]).get((household, version))
    if declared is None:
        raise Refused("erased", "What this household declared was erased by law. A service centre can help.")
    first = first_day_of(connection, household)
    if first is None:
        raise Broken(f"Household {household} has version {version} and no period: the register is not whole.")
    return Registered(household, version, declared, first)


def first_day_of(connection: Connection, household: int) -> date | None:
    """A household's first day in the register; None where it is not there."""
    spans = known_periods(connection, [household]).get(household, [])
    return min((day_of(each.span.since) for each in spans), default=None)


def change_to_begin_with(connection: Connection, reference: str, now: datetime) -> dict[str, Any]:
    """A change that says nothing new yet: the household of this receipt as it is registered, to be filled in at a desk.

    Raises NotFound, and Refused where it is not registered, or was erased.
    """
    known = registered_household(connection, find(connection, reference))
    declared = known.declaration.model_dump(mode="json", exclude_defaults=True)
    return {"change": "", "true_from": f"{day_of(now)}", "based_on": known.version, "declaration": declared}


def refuse_impossible(known: Registered, request: ChangeRequest, now: datetime) -> None:
    """Raises Refused with a problem for each field that cannot be so."""
    problems = [
        *day_problems(request.true_from, known.first_day, day_of(now)),
        *member_problems(request, known.declaration),
    ]
    if request.based_on > known.version:
        problems.append(Problem("based_on", f"The household has no such version: its last is {known.version}."))
    for each in objections(request.declaration, day_of(now), settings().max_members):
        problems.append(Problem(f"declaration.{each['field']}", each["message"]))
    if problems:
        raise Refused("not_valid", "The change is not valid; problems names each field.", problems=problems)


def refuse_confirmed_lately(connection: Connection, household_id: int, now: datetime) -> None:
    """Raises Refused where the household confirmed its declaration a short while ago: each costs messages."""
    if scalar(connection, CONFIRMED_SINCE, [household_id, now - CONFIRMED_AGAIN]):
        days = CONFIRMED_AGAIN.days
        raise Refused("confirmed_lately", f"The household confirmed its declaration within the last {days} days.")


def refuse_too_many_phones(connection: Connection, household_id: int, now: datetime) -> None:
    """Raises Refused where the household named so many other phones of late that it names no further one by itself:
    whoever found a receipt could have ours call any number, again and again.
    """
    lock_households(connection, [household_id])
    if scalar(connection, PHONES_NAMED, [household_id, now - PHONES_WITHIN]) >= MOST_PHONES:
        text = (
            f"Another phone was named {MOST_PHONES} times within {PHONES_WITHIN.days} days. A service centre can help."
        )
        raise Refused("too_many_phones", text)


def day_problems(true_from: date, first_day: date, today: date) -> list[Problem]:
    """What is wrong with the day from which the change is true."""
    if true_from > today:
        return [Problem("true_from", "Must not lie in the future.")]
    if true_from < first_day:
        return [Problem("true_from", f"Must not lie before {first_day}, the household's first day in the register.")]
    return []


def member_problems(request: ChangeRequest, known: Declaration) -> list[Problem]:
    """Where the kind of change and the members do not agree, or nothing changes."""
    before, after = set(known.persons), set(request.declaration.persons)
    if request.change == "removal":
        return []
    if request.change != CONFIRMATION and not fields_changed(known, request.declaration):
        return [Problem("declaration", "Says what the register says already: nothing changes.")]
    moves = {"member_joined": bool(after - before), "member_left": bool(before - after)}
    if moves.get(request.change, not any(moves.values())):
        return []
    return [Problem("change", "Must be member_joined or member_left where somebody joins or leaves, and only there.")]


def phone_until_now(known: Registered, declaration: Declaration) -> str | None:
    """The phone that the household had, where it has another one now."""
    return known.declaration.phone if known.declaration.phone != declaration.phone else None


def phone_that_waits(connection: Connection, household_id: int | None, *, lock: bool = False) -> WaitingPhone | None:
    """The phone that waits to become that of this household. `lock`: nobody else declares one until the commit."""
    if household_id is None:
        return None
    if lock:
        lock_households(connection, [household_id])
    row = connection.execute(PHONE_WAITS, [household_id]).fetchone()
    return WaitingPhone(*row) if row else None


def open_update(connection: Connection, update: NewUpdate, now: datetime, notices: Notices) -> Accepted:
    """Opens the update, once for the sender's key. Raises Refused where too many are open, or the key was used."""
    (number,) = case_numbers(connection, 1)
    evidence = Submission(at=now, by=actor_of(connection, update.sender))
    new = NewCase(UPDATE, INTERACTIVE, update.household_id, update.body)
    opened = opening(number, new, Origin(update.sender.channel, update.full_key), evidence, notices)
    reference = opened.file.reference
    if not keep_receipts(connection, [(reference, number, update.full_key, hash_of(opened.body))]):
        again = known_receipt(connection, update)
        assert again  # somebody sent the same at this moment
        return again
    insert(connection, update.household_id, opened, now)
    if update.sender.officer:
        doing = Doing(Act.DECLARE_CHANGE, now, [number], update.sender.role)
        note_act(connection, evidence.by, update.sender.officer, doing)
    return Accepted(reference, secret_for(reference), number)


def actor_of(connection: Connection, sender: Sender) -> str:
    """Under which name the history shows the sender."""
    return sign(connection, OFFICER, sender.officer) if sender.officer else DECLARANT


def insert(connection: Connection, household_id: int, opened: Opening, now: datetime) -> None:
    """Inserts the case with its body and first event. Raises Refused where the household has too many open.

    Its turn is held first, so that of several changes at once each counts those before it.
    """
    lock_households(connection, [household_id])
    if scalar(connection, OPEN, [household_id]) >= MOST_OPEN:
        text = f"{MOST_OPEN} changes of this household are open. Wait for one of them, answer it, or withdraw it."
        raise Refused("too_many_open", text)
    insert_cases(connection, [opened])
    record_openings(connection, [opened], now)


def known_receipt(connection: Connection, update: NewUpdate) -> Accepted | None:
    """The receipt that was given for this key before. Raises Refused where it came with another change."""
    if not update.sender.key:
        free_keys_of(connection, UPDATE, [update.full_key])
    found = list(known_receipts(connection, [update.full_key]).values())
    if not found:
        return None
    ((reference, case_id, _),) = found
    before = scalar(connection, FIRST_BODY, [case_id])
    if before is None or content_of(Change.restored(before)) != update.content:
        raise Refused("key_reused", "This idempotency key was used for another change. Use a new key.")
    return Accepted(reference, secret_for(reference), case_id, repeated=True)


def content_of(change: Change) -> bytes:
    """The hash of what was sent: what is known of its phones is none of it."""
    return hash_of(change.model_copy(update={"known_phone": None, "phone_shown": False}).stored())


def is_of_age(member: Member, today: date) -> bool:
    """Whether the member is an adult today."""
    born = member.birth_date
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) >= OF_AGE


def without(declaration: Declaration, leaver: Member) -> Declaration:
    """The declaration without this member; where they declared it, its head does from now on."""
    members = [each for each in declaration.members if each.idcs != leaver.idcs]
    if leaver.declarant:
        members = [each.model_copy(update={"declarant": each.relationship == "head"}) for each in members]
    return declaration.model_copy(update={"members": members})
