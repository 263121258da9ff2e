"""Citizens: they correct (once, badly, with a doubled click, from an old page), withdraw, lapse, and reopen,
registrations and changes alike.

In a hearing they answer, or leave it.
"""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from models import clock
from models.database import transaction
from notifications.notices import notices
from trials.chaos.answers import UNKNOWN, Act, Answers
from trials.chaos.crowd import PLANTED, Crowd, mistaken
from trials.chaos.households import Households
from trials.generator.answers import Json
from workflows.bodies.declaration import Declaration
from workflows.casework.answers import CitizenAnswer, answer_of_citizen

WAITING = (
    "select r.reference, c.stage, c.version from cases c join receipt r on r.case_id = c.id where c.stage = any(%s)"
)
# Sets a deadline nearer, as an operator could; the timer then fires as any other, and no clock is changed.
NEARER = """
    update cases c set due_at = %s, deadline = %s from receipt r
    where r.case_id = c.id and r.reference = any(%s) and c.stage = any(%s) and c.due_at > %s
"""
FIRE = """
    update cases c set due_at = now() from receipt r
    where r.case_id = c.id and r.reference = %s and c.stage = any(%s) and c.due_at is not null
"""
CORRECTING = ["needs_correction", "conflicting"]
TERM = timedelta(seconds=3)
WITHDRAWS = 0.06  # of all citizens, within the first seconds after they filed
WITHIN_SECONDS = 6.0
MOST_CORRECTIONS = 4
MOST_TERMS = 3  # of one case in which a citizen is silent


@dataclass
class Citizens:
    """The citizens who hold a receipt. Each chooses once what to do when a correction is asked for."""

    crowd: Crowd
    answers: Answers
    rng: random.Random
    households: Households
    # All by reference.
    chosen: dict[str, str] = field(default_factory=dict)  # what each does about a correction, a key of WAYS
    acted_at: dict[str, int] = field(default_factory=dict)  # the version at which each acted last and got an answer
    leaving: dict[str, float] = field(default_factory=dict)  # when each of those who withdraw does so
    known: set[str] = field(default_factory=set)
    reminded: set[str] = field(default_factory=set)
    # What each does in a hearing, a key of HEARD, by the version at which it began.
    hearings: dict[tuple[str, int], str] = field(default_factory=dict)
    # What each sends at a version: the same however often it is sent.
    forms: dict[tuple[str, int], Json] = field(default_factory=dict)

    def look(self) -> bool:
        """Lets each citizen act once; whether anybody did."""
        acted = self.withdraw()
        with transaction() as connection:
            waiting = connection.execute(WAITING, [[*CORRECTING, "hearing", "lapsed"]]).fetchall()
        for reference, stage, version in waiting:
            if self.acted_at.get(reference) == version or reference not in self.crowd.secrets:
                continue
            if stage == "hearing":
                acted = self.be_heard(reference, version) or acted
            elif remedy := self.remedy(reference):
                acted = self.answer(reference, stage, version, remedy) or acted
        return acted

    def remedy(self, reference: str) -> Json | None:
        """The right declaration of a household, as it registers or changes; None for the planted case."""
        return self.crowd.remedy(reference) or self.households.remedy(reference)

    # Withdrawing

    def withdraw(self) -> bool:
        """Withdraws the applications whose moment has come; one that gets no answer tries again in the next round."""
        for reference in self.crowd.secrets.keys() - self.known:
            self.known.add(reference)
            if self.crowd.keys.get(reference) == PLANTED:
                continue
            if self.rng.random() < WITHDRAWS:
                self.leaving[reference] = time.monotonic() + self.rng.uniform(0, WITHIN_SECONDS)
        due = [reference for reference, at in self.leaving.items() if at <= time.monotonic()]
        for reference in due:
            if self.send(reference, "withdrawal", None).result != UNKNOWN:
                del self.leaving[reference]
        return bool(due)

    # Being heard

    def be_heard(self, reference: str, version: int) -> bool:
        """Lets one citizen answer the refusal that is proposed, or leave it; whether it did anything."""
        way = self.hearings.setdefault((reference, version), self.rng.choices(list(HEARD), list(HEARD.values()))[0])
        remedy = self.remedy(reference)
        if way == "correct" and remedy:
            return self.correct(reference, version, remedy)
        if way == "twice":
            with ThreadPoolExecutor(2) as clicks:
                acts = [clicks.submit(self.send, reference, "statement", version) for _ in range(2)]
            return any(self.once(reference, version, each.result()) for each in acts)
        if way == "silent":
            return self.let_it_end(reference, version, self.answers.hearings)
        if way == "leave":
            self.acted_at[reference] = version
            return False
        return self.once(reference, version, self.send(reference, "statement", version))

    # Correcting

    def answer(self, reference: str, stage: str, version: int, remedy: Json) -> bool:
        """Lets one citizen act; whether it did anything."""
        way = self.chosen.setdefault(
            reference, self.rng.choices(list(WAYS), [weight for weight, _ in WAYS.values()])[0]
        )
        if stage == "lapsed":
            return way == "reopen" and self.once(reference, version, self.send(reference, "reopening", version))
        if way == "reopen" and reference in self.answers.deadlines and version > self.acted_at.get(reference, 0) + 1:
            way = self.chosen[reference] = "correct"  # it has lapsed once
        if len(self.answers.marks[reference]) >= MOST_CORRECTIONS:
            return False
        return WAYS[way][1](self, reference, version, remedy)

    def once(self, reference: str, version: int, act: Act) -> bool:
        """Notes that a citizen got an answer at this version, and acts no more at it."""
        if act.result != UNKNOWN:
            self.acted_at[reference] = version
        return True

    def correct(self, reference: str, version: int, remedy: Json) -> bool:
        """Sends the right declaration until an answer comes."""
        return self.once(
            reference,
            version,
            self.send(reference, "correction", version, self.declaration(reference, version, remedy)),
        )

    def correct_badly(self, reference: str, version: int, remedy: Json) -> bool:
        """Sends a wrong declaration first, and the right one when that comes back."""
        first = not self.answers.marks[reference]
        return self.correct(reference, version, mistaken(remedy) if first else remedy)

    def click_twice(self, reference: str, version: int, remedy: Json) -> bool:
        """Sends the same form twice at one moment."""
        body = self.declaration(reference, version, remedy)
        with ThreadPoolExecutor(2) as clicks:
            acts = [clicks.submit(self.send, reference, "correction", version, body) for _ in range(2)]
        return any(self.once(reference, version, each.result()) for each in acts)

    def correct_from_an_old_page(self, reference: str, version: int, remedy: Json) -> bool:
        """Sends a form with an old version first, then one with the present version."""
        self.send(reference, "correction", version - 1, self.answers.with_mark(reference, remedy))
        return self.correct(reference, version, remedy)

    def leave_it(self, reference: str, version: int, remedy: Json) -> bool:
        """Does nothing; the reminder comes once, before its time."""
        self.acted_at[reference] = version
        if reference in self.reminded:
            return False
        self.reminded.add(reference)
        with transaction() as connection:
            connection.execute(FIRE, [reference, CORRECTING])
        return False

    def fall_silent(self, reference: str, version: int, remedy: Json) -> bool:
        """Does nothing until the deadline, which is set nearer; a change that is kept open again and again is left."""
        if len(self.answers.deadlines[reference]) >= MOST_TERMS:
            return self.leave_it(reference, version, remedy)
        return self.let_it_end(reference, version, self.answers.deadlines)

    def let_it_end(self, reference: str, version: int, deadlines: dict[str, list[datetime]]) -> bool:
        """Sets the deadline of the stage nearer, and notes that among these."""
        deadline = clock.now() + TERM
        deadlines[reference].append(deadline)
        stages = ["hearing"] if deadlines is self.answers.hearings else CORRECTING
        with transaction() as connection:
            connection.execute(NEARER, [deadline, deadline, [reference], stages, deadline + timedelta(hours=1)])
        self.acted_at[reference] = version
        return True

    def declaration(self, reference: str, version: int, remedy: Json) -> Json:
        """The declaration that a citizen sends at this version."""
        if (reference, version) not in self.forms:
            self.forms[reference, version] = self.answers.with_mark(reference, remedy)
        return self.forms[reference, version]

    def send(self, reference: str, kind: str, version: int | None, body: Json | None = None) -> Act:
        """Sends one answer, with the secret of the receipt."""
        declared = (
            Declaration.model_validate({name: given for name, given in body.items() if name != "application"})
            if body
            else None
        )
        answer = CitizenAnswer(
            reference,
            self.crowd.secrets[reference],
            kind,
            version,
            declared,
            f"I answer for {reference}.\nNobody else does.",
        )
        return self.answers.perform(
            (reference, "declarant"),
            version or 0,
            KINDS[kind],
            lambda connection: answer_of_citizen(connection, answer, clock.now(), notices),
        )


Way = Callable[[Citizens, str, int, Json], bool]
WAYS: dict[str, tuple[int, Way]] = {
    "correct": (30, Citizens.correct),
    "badly": (15, Citizens.correct_badly),
    "twice": (15, Citizens.click_twice),
    "old page": (15, Citizens.correct_from_an_old_page),
    "silent": (10, Citizens.fall_silent),
    "reopen": (10, Citizens.fall_silent),
    "leave": (5, Citizens.leave_it),
}
HEARD = {"answer": 45, "twice": 15, "silent": 20, "correct": 10, "leave": 10}
KINDS = {
    "correction": ["CorrectionReceived"],
    "statement": ["StatementReceived"],
    "withdrawal": ["CaseWithdrawn"],
    "reopening": ["CaseReopened"],
}
