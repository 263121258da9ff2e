"""Caseworkers, who answer reviews alone and against each other; operators, who pause queues and resume parked cases."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from models import clock
from models.database import Connection, transact, transaction
from models.errors import Refused, Stale, Unavailable
from notifications.notices import notices
from tasks.wake import wake_after_answer
from trials.chaos.answers import TAKEN, UNKNOWN, Act, Answers
from workflows.casework.answers import AnswerResult, CaseworkerAnswer, answer_of_caseworker, resume
from workflows.casework.identities import IdentityAnswer, doubts_of, identify
from workflows.evidence import MemberIdentity
from workflows.flows import all_queues
from workflows.queue import pauses
from workflows.stages.identify import OTHER, SAME

AT_STAGE = "select r.reference, c.version from cases c join receipt r on r.case_id = c.id where c.stage = %s"
REVIEW, IDENTITY = "under_review", "identity_in_doubt"
PARKED = """
    select r.reference, c.id from cases c join receipt r on r.case_id = c.id where c.stage = 'parked' order by c.id
"""
OVERDUE = """
    update cases c set due_at = now() from receipt r
    where r.case_id = c.id and r.reference = %s and c.stage = any(%s) and c.due_at is not null
"""
REASONS = {
    "clear": ("nothing_found", "moved", "handed_over"),
    "correct": ("person_lives_elsewhere",),
    "refuse": ("duplicate_application",),
}
KINDS = {
    "clear": ["ReviewCleared"],
    "correct": ["CorrectionAsked"],
    "refuse": ["RefusalProposed", "ApplicationRefused"],
}
FIRST, SECOND = "amina", "karim"
MOST_CLEARED = 2  # how often one review is cleared: a cleared one may come back
PAUSED_SECONDS = 2.5  # the longest pause of a queue
BETWEEN_SECONDS = 3.0  # the longest time between two pauses


@dataclass
class Caseworkers:
    """Two caseworkers, who give a review or an identity in doubt one answer at each version, or leave it to become
    overdue.
    """

    answers: Answers
    rng: random.Random
    acted_at: dict[str, int] = field(default_factory=dict)
    cleared: Counter[str] = field(default_factory=Counter)
    proposed: set[str] = field(default_factory=set)

    def look(self) -> bool:
        """Answers every review and identity that waits; whether there was one."""
        reviews, identities = self.waiting(REVIEW), self.waiting(IDENTITY)
        for reference, version in reviews:
            if self.answer(reference, version):
                self.acted_at[reference] = version
        for reference, version in identities:
            if self.identify(reference, version):
                self.acted_at[reference] = version
        return bool(reviews or identities)

    def waiting(self, stage: str) -> list[tuple[str, int]]:
        """The cases at a stage, each with its version, to which nobody gave an answer yet."""
        with transaction() as connection:
            found = connection.execute(AT_STAGE, [stage]).fetchall()
        return [(reference, version) for reference, version in found if self.acted_at.get(reference) != version]

    def identify(self, reference: str, version: int) -> bool:
        """Says who the doubted members are; whether an answer came back."""
        way = self.rng.choices(["same", "other", "race", "leave"], [60, 20, 10, 10])[0]
        if way == "leave":
            return self.leave(reference)
        if way == "race":
            with ThreadPoolExecutor(2) as desks:
                acts = [
                    desks.submit(self.say, reference, version, same, by)
                    for same, by in ((True, FIRST), (False, SECOND))
                ]
            return all(each.result().result != UNKNOWN for each in acts)
        return self.say(reference, version, way == "same", FIRST).result != UNKNOWN

    def say(self, reference: str, version: int, same: bool, by: str) -> Act:
        """Sends the same verdict on all doubted members."""

        def work(connection: Connection) -> AnswerResult:
            doubts = doubts_of(connection, reference)
            said = tuple([MemberIdentity(each.member, same, SAME[0] if same else OTHER[each.what]) for each in doubts])
            return identify(connection, IdentityAnswer(reference, by, said, version), clock.now(), notices)

        kinds = ["IdentityConfirmed" if same else "IdentityNotConfirmed"]
        return self.answers.perform((reference, by), version, kinds, work)

    def leave(self, reference: str) -> bool:
        """Lets the term of the case pass."""
        with transaction() as connection:
            connection.execute(OVERDUE, [reference, [REVIEW, IDENTITY]])
        return True

    def answer(self, reference: str, version: int) -> bool:
        """Answers a review; whether an answer came back, without which the caseworker tries again."""
        if reference in self.proposed:
            return self.second(reference, version)
        way = self.rng.choices(["clear", "correct", "refuse", "race", "leave"], [30, 25, 25, 10, 10])[0]
        if way == "leave":
            return self.leave(reference)
        if way == "race":
            return self.race(reference, version)
        if way == "clear" and self.cleared[reference] >= MOST_CLEARED:
            way = "correct"
        self.cleared[reference] += way == "clear"
        result = self.send(reference, version, way, FIRST).result
        if way == "refuse" and result == TAKEN:
            self.proposed.add(reference)
        return result != UNKNOWN

    def second(self, reference: str, version: int) -> bool:
        """Sends the refusal again as the one who proposed it, which is not allowed, then as a colleague."""
        self.send(reference, version, "refuse", FIRST)
        return self.send(reference, version, "refuse", SECOND).result != UNKNOWN

    def race(self, reference: str, version: int) -> bool:
        """Lets both caseworkers answer differently at one moment."""
        with ThreadPoolExecutor(2) as desks:
            acts = [
                desks.submit(self.send, reference, version, verdict, by)
                for verdict, by in (("clear", FIRST), ("correct", SECOND))
            ]
        return all(each.result().result != UNKNOWN for each in acts)

    def send(self, reference: str, version: int, verdict: str, by: str) -> Act:
        """Sends one verdict."""
        answer = CaseworkerAnswer(reference, by, verdict, self.rng.choice(REASONS[verdict]), version)
        return self.answers.perform(
            (reference, by),
            version,
            KINDS[verdict],
            lambda connection: answer_of_caseworker(connection, answer, clock.now(), notices),
        )


class Pause(NamedTuple):
    """A time in which a queue was certainly paused."""

    queue: str
    since: datetime
    until: datetime


@dataclass
class Operators:
    """Operators, who pause a queue for a while, and resume parked cases."""

    answers: Answers
    rng: random.Random
    mended: bool = False  # whether the fault that parked cases is mended
    paused: tuple[str, datetime] | None = None  # the queue that is paused now, and since when
    until: float = 0.0
    pauses: list[Pause] = field(default_factory=list)
    resumed: Counter[str] = field(default_factory=Counter)  # by reference
    closing: bool = False  # no queue is paused any more

    def look(self) -> bool:
        """Pauses or resumes a queue, and resumes parked cases; whether there was anything to do."""
        if self.paused or (not self.closing and time.monotonic() > self.until):
            self.pause_or_resume()
        return self.resume_parked() or self.paused is not None

    def pause_or_resume(self) -> None:
        """Pauses a queue, or resumes the paused one once it is time."""
        if self.paused is None:
            queue = self.rng.choice(all_queues())
            self.paused = (queue, clock.now())
            self.until = time.monotonic() + self.rng.uniform(0.3, PAUSED_SECONDS)
            with transaction() as connection:
                pauses.pause(connection, queue, "operator", clock.now())
            self.paused = (queue, clock.now())
        elif self.closing or time.monotonic() > self.until:
            self.end_pause(*self.paused)

    def end_pause(self, queue: str, since: datetime) -> None:
        """Resumes a queue. Where no answer comes, the next round tries again."""
        until = clock.now()
        try:
            with transaction() as connection:
                pauses.resume(connection, queue, "operator", clock.now())
            self.pauses.append(Pause(queue, since, until))
        except Refused:
            pass  # the pause was never recorded, or the answer to an earlier resumption was lost
        self.paused, self.until = None, time.monotonic() + self.rng.uniform(0, BETWEEN_SECONDS)
        wake_after_answer([queue])

    def resume_parked(self) -> bool:
        """Once the fault is mended, resumes each parked case once; whether there was one."""
        if not self.mended:
            return False
        with transaction() as connection:
            rows = connection.execute(PARKED).fetchall()
        parked = [(reference, case_id) for reference, case_id in rows if self.resumed[reference] < 1]
        for reference, case_id in parked:
            self.resume_case(reference, case_id)
        return bool(parked)

    def resume_case(self, reference: str, case_id: int) -> None:
        """Resumes one parked case."""
        try:
            done = transact(lambda connection: resume(connection, [case_id], "operator", clock.now(), notices))
        except Unavailable:
            self.answers.record(Act(reference, "operator", UNKNOWN, ("CaseResumed",), 0))
            return
        except Stale:
            return
        self.resumed[reference] += 1
        self.answers.record(Act(reference, "operator", TAKEN, ("CaseResumed",), 0))
        wake_after_answer(done.queues)


MOMENT = timedelta(seconds=2)  # a batch that began before a pause may commit a little after it
