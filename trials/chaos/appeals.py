"""Appeals: households contest their index or a refusal, add to the appeal, ask for the commission, or keep silent;
people examine, ask, find, agree, send it to the commission, or leave it until a supervisor has it.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from models import clock
from models.database import transaction
from models.errors import Refused, Unavailable
from notifications.notices import notices
from tasks.wake import wake_after_intake
from trials.chaos.answers import REFUSED, UNKNOWN, Act, Answers
from trials.chaos.crowd import Crowd
from workflows.appeals.holding import CASEWORKER, COMMISSION, SUPERVISOR
from workflows.bodies.appeal import WHOLE_DECISION, AppealBody
from workflows.bodies.reading import valid
from workflows.casework import examining
from workflows.casework.answers import CitizenAnswer, answer_of_citizen
from workflows.casework.appeals import Lodging, lodge
from workflows.casework.examining import Staff
from workflows.events.appeal import Finding
from workflows.evidence import Evidence
from workflows.intake.submit import Accepted

# Cases that may be contested: registered ones by their index, refused ones by the refusal. Of each a part appeals.
CONTESTED = """
    select r.reference, c.stage from cases c join receipt r on r.case_id = c.id
    where c.kind = 'registration' and c.stage in ('notified', 'rejected') and c.id %% 10 < %s
"""
OF_TEN = 1
WAITING = """
    select r.reference, c.stage, c.version from cases c join receipt r on r.case_id = c.id
    where c.kind = 'appeal' and c.open and not c.machine and c.stage <> 'effective'
"""
NEARER = """
    update cases c set due_at = %s, deadline = %s from receipt r
    where r.case_id = c.id and r.reference = %s and c.version = %s and c.due_at is not null
"""
TERM = timedelta(seconds=3)
VALUES = {"bills.telecom": "812.5", "bills.gas": "97.5"}
HOLDERS = ("salma", "samir")
SECOND, BOSS, COMMISSIONERS = "driss", "zineb", ("nour", "yassine")
KINDS = {
    "assign": ["AppealAssigned", "TakenOver"],
    "hand back": ["HandedBack"],
    "ask": ["InformationAsked"],
    "propose": ["DecisionProposed", "AppealUpheld", "AppealSetAside", "CommissionFound"],
    "agree": ["AppealUpheld", "AppealSetAside", "AppealRejected", "ProposalReturned", "FindingReturned"],
    "escalate": ["AppealEscalated"],
    "retry": ["CorrectionAwaited", "CorrectionRetried"],
    "say": ["AppealTextAdded", "InformationGiven"],
}
Form = Callable[[examining.Act], Evidence]


@dataclass
class Appellants:
    """Households that appeal. Each chooses once."""

    crowd: Crowd
    rng: random.Random
    appeals: dict[str, Sequence[str]] = field(default_factory=dict)  # by reference, what a decision must find on
    known: set[str] = field(default_factory=set)  # the contested cases
    refused: int = 0

    def look(self) -> bool:
        """Lets those appeal who may and have not yet; whether any did."""
        with transaction() as connection:
            found = connection.execute(CONTESTED, [OF_TEN]).fetchall()
        fresh = [each for each in found if each[0] not in self.known and each[0] in self.crowd.secrets]
        for reference, stage in fresh:
            self.known.add(reference)
            self.appeal(reference, "index" if stage == "notified" else "refusal")
        return bool(fresh)

    def appeal(self, reference: str, decision: str) -> None:
        """Lodges an appeal until an answer comes, and keeps the receipt."""
        paths = self.rng.sample(list(VALUES), self.rng.randint(1, 2)) if decision == "index" else []
        contested = [{"path": path, "should_be": VALUES[path]} for path in paths]
        sent = {"reference": reference, "secret": self.crowd.secrets[reference], "decision": decision}
        body = valid(AppealBody, sent | {"grounds": ["other"], "contested": contested})
        while not self.crowd.over:
            try:
                accepted = self.lodge(Lodging(body, f"appeal-{reference}"))
            except Unavailable:
                time.sleep(0.2)
            except Refused:  # it changed meanwhile
                self.refused += 1
                return
            else:
                self.appeals[accepted.reference] = paths or [WHOLE_DECISION]
                self.crowd.secrets[accepted.reference] = accepted.secret
                wake_after_intake()
                return

    def lodge(self, lodging: Lodging) -> Accepted:
        """Lodges an appeal once."""
        with transaction() as connection:
            return lodge(connection, lodging, clock.now(), notices)


@dataclass
class Examiners:
    """Everybody who acts on an appeal that waits: the staff, and the household that is asked. Each version once."""

    crowd: Crowd
    answers: Answers
    appellants: Appellants
    rng: random.Random
    acted_at: dict[str, int] = field(default_factory=dict)
    retried: Counter[str] = field(default_factory=Counter)

    def look(self) -> bool:
        """Acts on every appeal that waits and that its household has a receipt of; whether there was one."""
        with transaction() as connection:
            found = connection.execute(WAITING).fetchall()
        waiting = [
            each
            for each in found
            if each[0] in self.appellants.appeals and self.acted_at.get(each[0]) != each[2] and each[1] in STAGES
        ]
        for reference, stage, version in waiting:
            if STAGES[stage](self, reference, version):
                self.acted_at[reference] = version
        return bool(waiting)

    # The stages: each says whether an answer came back, without which it is tried again.

    def queued(self, reference: str, version: int) -> bool:
        """One takes it, or two at one moment; or nobody does, until its term is over."""
        way = self.rng.choices(["take", "race", "leave", "say"], [60, 15, 10, 15])[0]
        if way == "leave":
            return self.let_it_end(reference, version)
        if way == "say":
            return self.say(reference, version)
        names = HOLDERS if way == "race" else HOLDERS[:1]
        with ThreadPoolExecutor(len(names)) as desks:
            acts = [desks.submit(self.act, Staff(reference, name, CASEWORKER, version), "assign") for name in names]
        return all(each.result().result != UNKNOWN for each in acts)

    def under_examination(self, reference: str, version: int) -> bool:
        """Whoever holds it acts; the other one is refused."""
        act = self.rng.choices(["propose", "ask", "hand back", "escalate"], [70, 15, 8, 7])[0]
        if act == "escalate":
            return self.act(Staff(reference, BOSS, SUPERVISOR, version), act).result != UNKNOWN
        for name in HOLDERS:
            done = self.act(Staff(reference, name, CASEWORKER, version), act)
            if done.result != REFUSED:
                return done.result != UNKNOWN
        return True

    def information_asked(self, reference: str, version: int) -> bool:
        """The household answers, or keeps silent."""
        return self.say(reference, version) if self.rng.random() < 0.7 else self.let_it_end(reference, version)

    def proposed(self, reference: str, version: int) -> bool:
        """Who proposed it may not agree; a colleague agrees or gives it back."""
        self.act(Staff(reference, HOLDERS[0], CASEWORKER, version), "agree")
        return self.act(Staff(reference, SECOND, CASEWORKER, version), "agree").result != UNKNOWN

    def with_supervisor(self, reference: str, version: int) -> bool:
        """A supervisor finds; or the household asks for the commission, at times while the supervisor finds."""
        boss = Staff(reference, BOSS, SUPERVISOR, version)
        way = self.rng.choices(["find", "escalate", "race"], [50, 25, 25])[0]
        if way == "find":
            return self.act(boss, "propose").result != UNKNOWN
        if way == "escalate":
            return self.answer(reference, version, "escalate", "escalation").result != UNKNOWN
        with ThreadPoolExecutor(2) as both:
            acts = [
                both.submit(self.act, boss, "propose"),
                both.submit(self.answer, reference, version, "escalate", "escalation"),
            ]
        return all(each.result().result != UNKNOWN for each in acts)

    def with_commission(self, reference: str, version: int) -> bool:
        """One finds, the other agrees or returns it; or one finds anew, at times while the other agrees.

        Who found may not agree, nor may anybody before.
        """
        one, other = (Staff(reference, name, COMMISSION, version) for name in self.rng.sample(COMMISSIONERS, 2))
        if self.rng.random() < 0.2:
            with ThreadPoolExecutor(2) as desks:
                acts = [desks.submit(self.act, one, "propose"), desks.submit(self.act, other, "agree")]
            return all(each.result().result != UNKNOWN for each in acts)
        done = self.act(one, "agree")
        return (self.act(one, "propose") if done.result == REFUSED else done).result != UNKNOWN

    def correction_blocked(self, reference: str, version: int) -> bool:
        """A caseworker tries again, twice at most."""
        self.retried[reference] += 1
        if self.retried[reference] > 2:
            return True
        return self.act(Staff(reference, HOLDERS[0], CASEWORKER, version), "retry").result != UNKNOWN

    # Acting

    def act(self, staff: Staff, act: str) -> Act:
        """Lets one of the staff act."""
        form = self.form(staff, act)
        return self.answers.perform(
            (staff.reference, staff.name),
            staff.version or 0,
            KINDS[act],
            lambda connection: examining.act_on_appeal(connection, staff, form, clock.now(), notices),
        )

    def form(self, staff: Staff, act: str) -> Form:
        """What they put before the engine."""
        match act:
            case "assign":
                return examining.assignment(staff)
            case "hand back":
                return examining.hand_back(staff)
            case "ask":
                return examining.request(staff, ["bill"])
            case "escalate":
                return examining.escalation(staff)
            case "retry":
                return examining.retry(staff)
            case "agree":
                return examining.agreement(staff, "more_to_ask" if self.rng.random() < 0.2 else "")
        return examining.verdict(staff, self.findings(staff.reference))

    def findings(self, reference: str) -> list[Finding]:
        """A finding on each contested value, most often in favour of the household."""
        upheld = {path: self.rng.random() < 0.7 for path in self.appellants.appeals[reference]}
        return [Finding(path, yes, "document_shows_it" if yes else "nothing_shows_it") for path, yes in upheld.items()]

    def say(self, reference: str, version: int) -> bool:
        """The household adds to its appeal."""
        return self.answer(reference, version, "say", "statement", "We have the bill.").result != UNKNOWN

    def answer(self, reference: str, version: int, act: str, kind: str, statement: str | None = None) -> Act:
        """Lets the household answer on its appeal, with the secret of its receipt."""
        answer = CitizenAnswer(reference, self.crowd.secrets[reference], kind, version, statement=statement)
        return self.answers.perform(
            (reference, "declarant"),
            version,
            KINDS[act],
            lambda connection: answer_of_citizen(connection, answer, clock.now(), notices),
        )

    def let_it_end(self, reference: str, version: int) -> bool:
        """Sets the deadline nearer, so that the silence of whose turn it is counts."""
        deadline = clock.now() + TERM
        with transaction() as connection:
            connection.execute(NEARER, [deadline, deadline, reference, version])
        return True


STAGES: dict[str, Callable[[Examiners, str, int], bool]] = {
    each.__name__: each
    for each in (
        Examiners.queued,
        Examiners.under_examination,
        Examiners.information_asked,
        Examiners.proposed,
        Examiners.with_supervisor,
        Examiners.with_commission,
        Examiners.correction_blocked,
    )
}
