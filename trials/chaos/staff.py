"""Caseworkers, who answer reviews, alone, against each other and two by two; and operators, who pause queues, resume
them, and send parked cases on.
"""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from models import clock
from models.database import transact, transaction
from models.errors import Refused, Stale, Unavailable
from notifications.notices import notices
from tasks.wake import wake_after_answer
from trials.chaos.answers import TAKEN, UNKNOWN, Act, Answers
from workflows.casework.answers import CaseworkerAnswer, answer_of_caseworker, resume
from workflows.flows import all_queues
from workflows.queue import pauses

REVIEWS = "select r.reference, c.version from cases c join receipt r on r.case_id = c.id where c.stage = 'under_review'"
PARKED = (
    "select r.reference, c.id from cases c join receipt r on r.case_id = c.id where c.stage = 'parked' order by c.id"
)
OVERDUE = (
    "update cases c set due_at = now() from receipt r where r.case_id = c.id and r.reference = %s and c.stage = "
    "'under_review' and c.due_at is not null"
)
REASONS = {"clear": "nothing_found", "correct": "person_lives_elsewhere", "refuse": "duplicate_application"}
KINDS = {
    "clear": ["ReviewCleared"],
    "correct": ["CorrectionAsked"],
    "refuse": ["RefusalProposed", "ApplicationRefused"],
}
FIRST, SECOND = "amina", "karim"
MOST_LIFTS = 2
PAUSED_SECONDS = 2.5  # at the most
BETWEEN_SECONDS = 3.0


@dataclass
class Caseworkers:
    """Two of them. A review gets one answer at each version, or is left to become overdue."""

    answers: Answers
    rng: random.Random
    acted_at: dict[str, int] = field(default_factory=dict)
    cleared: Counter[str] = field(default_factory=Counter)
    proposed: set[str] = field(default_factory=set)

    def look(self) -> bool:
        """One round; whether anybody did anything."""
        with transaction() as connection:
            reviews = connection.execute(REVIEWS).fetchall()
        waiting = [(reference, version) for reference, version in reviews if self.acted_at.get(reference) != version]
        for reference, version in waiting:
            if self.answer(reference, version):
                self.acted_at[reference] = version
        return bool(waiting)

    def answer(self, reference: str, version: int) -> bool:
        """Whether the review is settled at this version: an answer that did not come is asked for again."""
        if reference in self.proposed:
            return self.second(reference, version)
        way = self.rng.choices(["clear", "correct", "refuse", "race", "leave"], [30, 25, 25, 10, 10])[0]
        if way == "leave":
            with transaction() as connection:
                connection.execute(OVERDUE, [reference])
            return True
        if way == "race":
            return self.race(reference, version)
        if way == "clear" and self.cleared[reference] >= MOST_LIFTS:
            way = "correct"
        self.cleared[reference] += way == "clear"
        told = self.send(reference, version, way, FIRST).told
        if way == "refuse" and told == TAKEN:
            self.proposed.add(reference)
        return told != UNKNOWN

    def second(self, reference: str, version: int) -> bool:
        """Who proposed a refusal may not decide it; a colleague may."""
        self.send(reference, version, "refuse", FIRST)
        return self.send(reference, version, "refuse", SECOND).told != UNKNOWN

    def race(self, reference: str, version: int) -> bool:
        """Both answer at one moment, differently."""
        with ThreadPoolExecutor(2) as desks:
            acts = [
                desks.submit(self.send, reference, version, verdict, by)
                for verdict, by in (("clear", FIRST), ("correct", SECOND))
            ]
        return all(each.result().told != UNKNOWN for each in acts)

    def send(self, reference: str, version: int, verdict: str, by: str) -> Act:
        """One verdict."""
        answer = CaseworkerAnswer(reference, by, verdict, REASONS[verdict], version)
        return self.answers.act(
            (reference, by),
            version,
            KINDS[verdict],
            lambda connection: answer_of_caseworker(connection, answer, clock.now(), notices),
        )


class Pause(NamedTuple):
    """A queue that was certainly held back, from and until."""

    queue: str
    since: datetime
    until: datetime


@dataclass
class Operators:
    """One of them holds a queue back for a while, then lets it go; another one sends on what is parked."""

    answers: Answers
    rng: random.Random
    mended: bool = False  # what made cases fail
    held: tuple[str, datetime] | None = None
    until: float = 0.0
    pauses: list[Pause] = field(default_factory=list)
    sent_on: Counter[str] = field(default_factory=Counter)
    closing: bool = False  # nothing is held back any more

    def look(self) -> bool:
        """One round; whether they did anything."""
        if self.held or (not self.closing and time.monotonic() > self.until):
            self.turn()
        return self.send_on() or self.held is not None

    def turn(self) -> None:
        """Pauses, or resumes once it is time."""
        if self.held is None:
            queue = self.rng.choice(all_queues())
            self.held = (queue, clock.now())
            self.until = time.monotonic() + self.rng.uniform(0.3, PAUSED_SECONDS)
            with transaction() as connection:
                pauses.pause(connection, queue, "operator", clock.now())
            self.held = (queue, clock.now())
        elif self.closing or time.monotonic() > self.until:
            self.let_go(*self.held)

    def let_go(self, queue: str, since: datetime) -> None:
        """It goes on; where no answer comes, it is asked again."""
        until = clock.now()
        try:
            with transaction() as connection:
                pauses.resume(connection, queue, "operator")
            self.pauses.append(Pause(queue, since, until))
        except Refused:
            pass  # the pause was never written down, or the answer to the resumption was lost
        self.held, self.until = None, time.monotonic() + self.rng.uniform(0, BETWEEN_SECONDS)
        wake_after_answer([queue])

    def send_on(self) -> bool:
        """What is parked goes on once it is mended; what still fails is tried once more by hand, and then left."""
        if not self.mended:
            return False
        with transaction() as connection:
            parked = [
                (reference, case_id) for reference, case_id in connection.execute(PARKED) if self.sent_on[reference] < 1
            ]
        for reference, case_id in parked:
            self.resume(reference, case_id)
        return bool(parked)

    def resume(self, reference: str, case_id: int) -> None:
        """One parked case."""
        try:
            done = transact(lambda connection: resume(connection, [case_id], "operator", clock.now(), notices))
        except Unavailable:
            self.answers.note(Act(reference, "operator", UNKNOWN, ("CaseResumed",), 0))
            return
        except Stale:
            return
        self.sent_on[reference] += 1
        self.answers.note(Act(reference, "operator", TAKEN, ("CaseResumed",), 0))
        wake_after_answer(done.next_queues)


MOMENT = timedelta(seconds=2)  # a batch that began before a pause may be written down a little after it
