"""What citizens do beside the machine: correct (once, twice, with a doubled click, from an old page), withdraw, fall
silent and lapse, take it up again.
"""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from models import clock
from models.database import transaction
from notifications.notices import notices
from trials.chaos.answers import UNKNOWN, Act, Answers
from trials.chaos.crowd import Crowd, mistaken
from trials.generator.answers import Json
from workflows.bodies.declaration import Declaration
from workflows.casework.answers import CitizenAnswer, answer_of_citizen

WAITING = (
    "select r.reference, c.stage, c.version from cases c join receipt r on r.case_id = c.id where c.stage = any(%s)"
)
# A deadline set nearer, as an operator could; the timer then rings as any other. Nobody's clock is touched.
NEARER = """
    update cases c set due_at = %s, deadline = %s from receipt r
    where r.case_id = c.id and r.reference = any(%s) and c.stage = 'needs_correction' and c.due_at > %s
"""
RING = (
    "update cases c set due_at = now() from receipt r where r.case_id = c.id and r.reference = %s and c.stage = "
    "any(%s) and c.due_at is not null"
)
TERM = timedelta(seconds=3)
WITHDRAWS = 0.06  # of all, at any moment of the first seconds after they filed
WITHIN_SECONDS = 6.0
MOST_CORRECTIONS = 4


@dataclass
class Citizens:
    """All who hold a receipt. What one does is chosen once, at the first time that it is asked for."""

    crowd: Crowd
    answers: Answers
    rng: random.Random
    chosen: dict[str, str] = field(default_factory=dict)  # what each who was sent back does about it
    acted_at: dict[str, int] = field(default_factory=dict)  # the version at which each acted last, and was answered
    leaving: dict[str, float] = field(default_factory=dict)  # who withdraws, and when
    known: set[str] = field(default_factory=set)
    reminded: set[str] = field(default_factory=set)
    forms: dict[tuple[str, int], Json] = field(
        default_factory=dict
    )  # what each sends at a version: the same however often it is sent

    def look(self) -> bool:
        """One round; whether anybody did anything."""
        acted = self.withdraw()
        with transaction() as connection:
            waiting = connection.execute(WAITING, [["needs_correction", "lapsed"]]).fetchall()
        for reference, stage, version in waiting:
            if self.acted_at.get(reference) != version and (remedy := self.crowd.remedy(reference)):
                acted = self.answer(reference, stage, version, remedy) or acted
        return acted

    # Withdrawing

    def withdraw(self) -> bool:
        """Those whose moment has come; whoever gets no answer asks again."""
        for reference in self.crowd.secrets.keys() - self.known:
            self.known.add(reference)
            if self.rng.random() < WITHDRAWS:
                self.leaving[reference] = time.monotonic() + self.rng.uniform(0, WITHIN_SECONDS)
        due = [reference for reference, at in self.leaving.items() if at <= time.monotonic()]
        for reference in due:
            if self.send(reference, "withdrawal", None).told != UNKNOWN:
                del self.leaving[reference]
        return bool(due)

    # Being sent back

    def answer(self, reference: str, stage: str, version: int, remedy: Json) -> bool:
        """What this one does now; whether that was anything."""
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
        """At each version one act that was answered, whatever the answer."""
        if act.told != UNKNOWN:
            self.acted_at[reference] = version
        return True

    def correct(self, reference: str, version: int, remedy: Json) -> bool:
        """The right declaration, once. Where no answer came, the same again."""
        return self.once(
            reference,
            version,
            self.send(reference, "correction", version, self.declaration(reference, version, remedy)),
        )

    def correct_badly(self, reference: str, version: int, remedy: Json) -> bool:
        """First a wrong declaration, and the right one when that comes back."""
        first = not self.answers.marks[reference]
        return self.correct(reference, version, mistaken(remedy) if first else remedy)

    def click_twice(self, reference: str, version: int, remedy: Json) -> bool:
        """The same form is sent twice at one moment."""
        body = self.declaration(reference, version, remedy)
        with ThreadPoolExecutor(2) as clicks:
            acts = [clicks.submit(self.send, reference, "correction", version, body) for _ in range(2)]
        return any(self.once(reference, version, each.result()) for each in acts)

    def correct_from_an_old_page(self, reference: str, version: int, remedy: Json) -> bool:
        """A page that was opened before the case moved on, and then today's."""
        self.send(reference, "correction", version - 1, self.answers.marked(reference, remedy))
        return self.correct(reference, version, remedy)

    def leave_it(self, reference: str, version: int, remedy: Json) -> bool:
        """Does nothing; is reminded once, before the time."""
        self.acted_at[reference] = version
        if reference in self.reminded:
            return False
        self.reminded.add(reference)
        with transaction() as connection:
            connection.execute(RING, [reference, ["needs_correction"]])
        return False

    def fall_silent(self, reference: str, version: int, remedy: Json) -> bool:
        """Does nothing until the deadline, which is set nearer."""
        deadline = clock.now() + TERM
        self.answers.deadlines[reference].append(deadline)
        with transaction() as connection:
            connection.execute(NEARER, [deadline, deadline, [reference], deadline + timedelta(hours=1)])
        self.acted_at[reference] = version
        return True

    def declaration(self, reference: str, version: int, remedy: Json) -> Json:
        """What is sent at this version."""
        if (reference, version) not in self.forms:
            self.forms[reference, version] = self.answers.marked(reference, remedy)
        return self.forms[reference, version]

    def send(self, reference: str, kind: str, version: int | None, body: Json | None = None) -> Act:
        """One answer, with the secret of the receipt."""
        declared = (
            Declaration.model_validate({name: given for name, given in body.items() if name != "application"})
            if body
            else None
        )
        answer = CitizenAnswer(reference, self.crowd.secrets[reference], kind, version, declared)
        return self.answers.act(
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
KINDS = {"correction": ["CorrectionReceived"], "withdrawal": ["CaseWithdrawn"], "reopening": ["CaseReopened"]}
