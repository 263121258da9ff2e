"""Registered households that change: alone, two changes at once, members who move, swap or depart, households that end.

Each is declared with the receipt of the registration, again and again until an answer comes. Its own receipt is then
one of the citizens', who correct it, withdraw it or fall silent as with any other.
"""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from models import clock
from models.database import transact, transaction
from models.days import day_of
from models.errors import Refused, Unavailable
from notifications.notices import notices
from tasks.wake import wake_after_intake
from trials.chaos import changes
from trials.chaos.changes import Intent
from trials.chaos.crowd import Crowd
from trials.generator.answers import Json
from workflows.casework.changes import (
    DeclaredChange,
    Departure,
    Registered,
    Sender,
    declare_change,
    declare_departure,
    registered_household,
)
from workflows.intake.receipts import find
from workflows.intake.submit import Accepted

CHANGES = 0.15  # of all registered households
# Registered since then; a batch commits a while after the moment that it writes down.
REGISTERED = """
    select r.reference from household h join receipt r on r.case_id = h.registered_by where h.registered_at > %s
    order by h.id
"""
OVERLAP = timedelta(seconds=20)
DESK = "nadia"  # the officer who files departures
# A removal and another phone take effect after days; all phones and some removals come sooner here, as if an operator
# had set the timer nearer.
SOONER = """
    update cases set due_at = now(), deadline = now()
    where due_at > now() and (stage = 'changing_phone' or (stage = 'leaving' and id % 3 <> 0))
"""


class Declared(NamedTuple):
    """An update that was taken: the registration whose household it changes, and what it means to change."""

    registration: str
    intent: Intent


@dataclass
class Households:
    """The registered households. Each chooses once whether and how it changes."""

    crowd: Crowd
    rng: random.Random
    updates: dict[str, Declared] = field(default_factory=dict)  # by reference
    known: set[str] = field(default_factory=set)  # the registrations that have chosen
    waiting: list[tuple[str, Json]] = field(default_factory=list)  # the one that will let a member go, and that member
    refused: int = 0
    since: datetime | None = None  # when they were looked at last
    lock: Lock = field(default_factory=Lock)

    def look(self) -> bool:
        """Lets the households that were registered meanwhile choose, and change; whether any did."""
        now = clock.now()
        with transaction() as connection:
            connection.execute(SOONER)
            since = (self.since or now) - OVERLAP
            found = [reference for (reference,) in connection.execute(REGISTERED, [since])]
        fresh = [each for each in found if each not in self.known and each in self.crowd.secrets]
        self.since = now
        self.known.update(fresh)
        for reference in fresh:
            if self.rng.random() < CHANGES:
                self.change(reference)
        return bool(fresh)

    def change(self, reference: str) -> None:
        """Lets one household change. One that ended or got no answer before it sent anything leaves it."""
        (way,) = self.rng.choices(list(WAYS), list(WAYS.values()))
        try:
            way(self, reference)
        except (Refused, Unavailable):
            self.refused += 1

    # The ways

    def change_once(self, reference: str) -> None:
        """One change."""
        self.declare(reference, self.rng.choice(FIELDS)(self.said(reference), self.rng))

    def change_twice(self, reference: str) -> None:
        """Two changes of different fields at one moment: they take turns, and the second is rebased."""
        said, (first, second) = self.said(reference), self.rng.sample(FIELDS, 2)
        self.at_once((reference, first(said, self.rng)), (reference, second(said, self.rng)))

    def contradict(self, reference: str) -> None:
        """Two changes of the same field at one moment: one of them conflicts."""
        said = self.said(reference)
        self.at_once((reference, changes.bills(said, self.rng)), (reference, changes.bills(said, self.rng)))

    def end(self, reference: str) -> None:
        """The household leaves the register; a change comes at the same moment."""
        said = self.said(reference)
        self.at_once((reference, changes.removal(said, self.rng)), (reference, changes.contact(said, self.rng)))

    def move(self, reference: str) -> None:
        """A member moves from one of two households to the other, or one of each to the other."""
        member = changes.who_may_leave(self.said(reference))
        if not self.waiting and member:
            self.waiting.append((reference, member))
        if not self.waiting or self.waiting[0][0] == reference:
            return
        (first, theirs), second, mine = self.waiting.pop(), reference, member
        if mine and self.rng.random() < SWAPS:
            self.at_once((first, changes.joining(mine, theirs)), (second, changes.joining(theirs, mine)))
        elif self.rng.random() < DEPARTURES:
            self.depart(first, theirs)
            self.declare(second, changes.joining(theirs))
        else:
            self.at_once((first, changes.leaving(theirs)), (second, changes.joining(theirs)))

    # Declaring

    def said(self, reference: str) -> Json:
        """What the register has as the household's last declaration, as its people see it; a moved one has ended."""
        return self.registered(reference).declaration.model_dump(mode="json", exclude_none=True)

    def registered(self, reference: str) -> Registered:
        """The household of a registration as the register has it now."""
        with transaction() as connection:
            return registered_household(connection, find(connection, reference))

    def at_once(self, *sent: tuple[str, Intent]) -> None:
        """Declares several changes at one moment."""
        with ThreadPoolExecutor(len(sent)) as clicks:
            for each in [clicks.submit(self.declare, *one) for one in sent]:
                each.result()

    def declare(self, reference: str, intent: Intent) -> None:
        """Declares one change until an answer comes."""
        known = self.registered(reference)
        said = known.declaration.model_dump(mode="json", exclude_none=True)
        sender = Sender(secret=self.crowd.secrets[reference], key=f"{reference}-{self.rng.getrandbits(60)}")
        request = intent.request(said, known.version, day_of(clock.now()))
        declared = DeclaredChange(reference, request, sender)
        self.keep(Declared(reference, intent), lambda: self.send(declared))

    def send(self, declared: DeclaredChange) -> Accepted:
        """Sends one change."""
        return transact(lambda connection: declare_change(connection, declared, clock.now(), notices))

    def depart(self, reference: str, member: Json) -> None:
        """Says at a desk that this member left; where they may not say so, the household does."""
        departure = Departure(reference, member["idcs"], day_of(clock.now()), DESK)

        def send() -> Accepted:
            return transact(lambda connection: declare_departure(connection, departure, clock.now(), notices))

        self.keep(Declared(reference, changes.leaving(member)), send)

    def keep(self, declared: Declared, send: Callable[[], Accepted]) -> None:
        """Sends until an answer comes, and keeps the receipt."""
        while not self.crowd.over:
            try:
                accepted = send()
            except Unavailable:
                time.sleep(0.2)
            except Refused:
                self.refused += 1
                return
            else:
                with self.lock:
                    self.updates[accepted.reference] = declared
                    self.crowd.secrets[accepted.reference] = accepted.secret
                wake_after_intake()
                return

    def remedy(self, reference: str) -> Json | None:
        """What a household declares when it is asked to correct an update; None for any other case, and once the
        household has ended.
        """
        try:
            declared = self.updates.get(reference)
            return declared.intent.applied(self.said(declared.registration)) if declared else None
        except Refused:
            return None


FIELDS = [changes.bills, changes.contact, changes.belongings]
SWAPS, DEPARTURES = 0.3, 0.4
WAYS: dict[Callable[[Households, str], None], int] = {
    Households.change_once: 30,
    Households.change_twice: 20,
    Households.contradict: 15,
    Households.move: 25,
    Households.end: 10,
}
