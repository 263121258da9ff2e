"""What people are filling in: the application of a household, or the enrolment of a person.

It is kept answer by answer, under the reference that it will be filed with. Nobody is held by a draft, and nothing is
decided on it. The reference and its secret are theirs from the first page on: with them they go on later, on another
phone or at a service centre.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from models.database import Connection
from models.settings import settings
from workflows.bodies.change import CONFIRMATION
from workflows.bodies.declaration import Declaration
from workflows.intake.receipts import new_reference
from workflows.staff.throttle import key_of, network_of

INSERT = """
    insert into application_draft (reference, said, begun_at, changed_at, begun_from) values (%s, %s, %s, %s, %s)
    on conflict (reference) do update set said = excluded.said, begun_at = excluded.begun_at,
        changed_at = excluded.changed_at, begun_from = excluded.begun_from
"""
# It counts no further than the limit.
FROM_NETWORK = """
    select count(*) from (
        select from application_draft where begun_from = %s and begun_at > %s limit %s
    ) as begun
"""
SWEEP_EMPTY = """
    delete from application_draft where reference in (
        select reference from application_draft where begun_from is not null and begun_at < %s and changed_at = begun_at
        order by begun_at limit %s for update skip locked
    )
"""
FORGET_NETWORK = """
    update application_draft set begun_from = null where reference in (
        select reference from application_draft where begun_from is not null and begun_at < %s and changed_at > begun_at
        order by begun_at limit %s for update skip locked
    )
"""
FIND = "select said::text from application_draft where reference = %s"
LOCK = f"{FIND} for update"
SAVE = "update application_draft set said = %s, changed_at = %s where reference = %s"
DROP = "delete from application_draft where reference = %s"

HOUR = timedelta(hours=1)
EMPTY_FOR = timedelta(days=1)  # nobody comes back to a draft in which nothing was answered
MOST_SWEPT = 100  # rows that one begun draft clears away

Said = dict[str, Any]  # answers by the paths of the declaration's fields, as JSON has them


@dataclass(slots=True)
class Answers:
    """What was said so far: of the household, and of each member by a number that is never used again; or of a person
    who is to be enrolled.
    """

    household: Said = field(default_factory=dict)
    members: dict[int, Said] = field(default_factory=dict)
    used: int = 0  # the highest number of a member so far
    declarant: int = 0  # the number of who declares; 0: the first member
    corrects: int = 0  # the version of the case that it corrects; 0: it corrects none
    change: str = ""  # what changes in a registered household; empty: it is an application or its correction
    cause: str = ""
    true_from: str = ""  # the day since when, as YYYY-MM-DD
    based_on: int = 0  # the household's version that was shown
    key: str = ""  # by which a change that is sent twice is known
    proved: str = ""  # the phone that who fills it in has at hand, as a code showed
    unproved: bool = False  # they send it without that
    agreed: str = ""  # the digest of what they saw at last and send as soon as the phone is proved
    enrols: bool = False  # it is the enrolment of a person, of whom `person` says what was said
    person: Said = field(default_factory=dict)

    @property
    def declares(self) -> int:
        """The number of the member who declares the household."""
        return self.declarant or min(self.members, default=1)

    @property
    def is_new(self) -> bool:
        """Whether it is an application that was never sent: no correction, and no change of a household."""
        return not (self.corrects or self.change)

    @property
    def is_new_change(self) -> bool:
        """Whether it is a change that was never sent, which is asked of what changes alone."""
        return bool(self.change) and not self.corrects

    @property
    def digest(self) -> str:
        """By which what was shown is known again: two drafts that say the same have the same."""
        members = {str(number): each for number, each in self.members.items()}
        said: list[Any] = [self.household, members, self.declares, self.corrects, self.change, self.cause]
        said += [self.true_from, self.person]
        return sha256(msgspec.json.encode(said, order="sorted")).hexdigest()[:32]

    @property
    def shows_all(self) -> bool:
        """Whether all answers are looked at before it is sent: of a change those alone that are new."""
        return not self.change or self.change == CONFIRMATION

    def others(self, number: int) -> list[Said]:
        """What is said of all members but this one."""
        return [said for each, said in self.members.items() if each != number]


class TooManyDrafts(Exception):
    """From one network more drafts were begun within the hour than are allowed."""


def begin(connection: Connection, now: datetime, address: str, *, enrols: bool = False) -> str:
    """Begins a draft for somebody at this address; returns its reference. Raises TooManyDrafts."""
    network = key_of(f"draft:{network_of(address)}")
    most = settings().drafts_from_network
    (begun,) = connection.execute(FROM_NETWORK, [network, now - HOUR, most]).fetchone() or (0,)
    if begun >= most:
        raise TooManyDrafts
    sweep(connection, now)
    reference = new_reference()
    connection.execute(INSERT, [reference, encoded(Answers(enrols=enrols)), now, now, network])
    return reference


def sweep(connection: Connection, now: datetime, most: int = MOST_SWEPT) -> None:
    """Deletes drafts in which nothing was answered for a day, and forgets from where the others were begun."""
    connection.execute(SWEEP_EMPTY, [now - EMPTY_FOR, most])
    connection.execute(FORGET_NETWORK, [now - HOUR, most])


def begin_with(connection: Connection, reference: str, answers: Answers, now: datetime) -> None:
    """Begins a draft in which something is said already, in the place of an older one."""
    connection.execute(INSERT, [reference, encoded(answers), now, now, None])


def answers_of(connection: Connection, reference: str, *, lock: bool = False) -> Answers | None:
    """What was said in a draft; None where there is none. `lock`: until the commit, for who is about to change it."""
    row = connection.execute(LOCK if lock else FIND, [reference]).fetchone()
    return msgspec.json.decode(row[0], type=Answers) if row else None


def save(connection: Connection, reference: str, answers: Answers, now: datetime) -> None:
    """Keeps what was said."""
    connection.execute(SAVE, [encoded(answers), now, reference])


def drop(connection: Connection, reference: str) -> None:
    """Forgets a draft: it is filed, or its household gives it up."""
    connection.execute(DROP, [reference])


def encoded(answers: Answers) -> str:
    """The answers as they are kept."""
    return msgspec.json.encode(answers).decode()


def declaration_of(answers: Answers) -> Mapping[str, Any]:
    """The answers in the form of a declaration, as the API takes it; what is missing is left out."""
    said: dict[str, Any] = {}
    for path, value in answers.household.items():
        part, _, name = path.rpartition(".")
        if value is not None:
            (said.setdefault(part, {}) if part else said)[name] = value
    said["members"] = [
        {name: value for name, value in each.items() if value is not None}
        | ({"declarant": True} if number == answers.declares else {})
        for number, each in sorted(answers.members.items())
    ]
    return said


def answers_in(declaration: Declaration) -> Answers:
    """What a declaration says, as answers: its members are numbered from 1 on in their order."""
    said = declaration.model_dump(mode="json")
    members = dict(enumerate(said.pop("members"), 1))
    declarant = next(number for number, each in members.items() if each["declarant"])
    for each in members.values():
        del each["declarant"]
    household: Said = {}
    for name, value in said.items():
        parts = value if isinstance(value, dict) else {}
        household |= {f"{name}.{part}": given for part, given in parts.items()} or {name: value}
    return Answers(household, members, len(members), declarant)
