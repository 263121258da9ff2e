"""`sijil bench decide`: measures all decisions of one case of five persons in memory, hashing included."""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from statistics import median

from models import clock
from notifications.notices import notices
from trials.generator.household import household
from workflows.bodies import reading
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile, NewCase
from workflows.engine.opening import Origin, opening
from workflows.engine.progress import CaseInProgress
from workflows.engine.work import decide
from workflows.events.enrolment import Candidate
from workflows.evidence import (
    DECLARANT,
    Compared,
    Comparison,
    CorrectionOutcome,
    Holder,
    OpenedCase,
    RegisteredPerson,
    Submission,
)
from workflows.flows import stage_of
from workflows.flows.grammar import MACHINE
from workflows.flows.registration import FLOW
from workflows.identifiers.drawing import drawn
from workflows.matching.compared import compared
from workflows.matching.twins import Newcomer
from workflows.registers.ports import DeclaredPerson, Ports

ROUNDS = 9
CASES = 500
PERSONS = 5


class Population:
    """A population register that answers from memory."""

    def __init__(self, known: Mapping[str, RegisteredPerson]) -> None:
        self.known = known

    def compare(self, people: Sequence[DeclaredPerson]) -> Sequence[Compared | None]:
        return [compared(each, self.known[each.idcs]) for each in people]

    def stored(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        return self.known


class Answers:
    """The other registers, which know nothing."""

    def declared_twice(self, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
        return {}

    def claim_persons(self, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
        return {}

    def households_by_phone(self, phones: Sequence[str]) -> Mapping[str, int]:
        return {}

    def last_versions(self, household_ids: Sequence[int | None]) -> Mapping[int | None, int]:
        return {}

    def about_to_leave(self, files: Mapping[int, CaseFile], held: object) -> Mapping[int, tuple[int, ...]]:
        return {}

    def compare(self, files: Sequence[CaseFile]) -> Mapping[int, Comparison]:
        return {}

    def households(self, household_ids: Sequence[int]) -> Mapping[int, object]:
        return {}

    def persons_lost(self, files: Sequence[CaseFile]) -> set[int]:
        return set()

    def confirmed(self, doubts: object, files: Sequence[CaseFile]) -> Mapping[int, set[int]]:
        return {}

    def given_away(self, case_ids: Sequence[int]) -> Mapping[int, set[str]]:
        return {}

    def waiting_in_circles(self) -> set[int]:
        return set()

    def opened_by(self, case_ids: Sequence[int]) -> Mapping[int, OpenedCase]:
        return {}

    def standing(self, decisions: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        return set()

    def when_reached(self, decisions: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], datetime | None]:
        return {}

    def corrections(self, contested: Mapping[int, tuple[int, int]]) -> Mapping[int, CorrectionOutcome]:
        return {}

    def candidates(self, people: Sequence[Newcomer]) -> list[tuple[Candidate, ...]]:
        return [() for _ in people]

    def together(self, people: Sequence[Newcomer]) -> list[int | None]:
        return [None for _ in people]

    def hold(self) -> None:
        pass

    def issue(self, count: int) -> list[str]:
        return list(islice(drawn(), count))


def measure() -> float:
    """Microseconds a case: the median of rounds over one clean household of five persons."""
    made = next(
        each
        for number in range(10_000)
        if len((each := household(1, number)).body["members"]) == PERSONS and each.truth["plant"] is None
    )
    declaration = Declaration.restored(reading.application(json.dumps(made.body)).stored())
    population = Population(
        {row["idcs"]: person_of(row) for row in (each.row() for each in made.persons) if row["idcs"]}
    )
    return median(time_round(declaration, population) for _ in range(ROUNDS))


def time_round(declaration: Declaration, population: Population) -> float:
    """Takes all decisions of CASES cases; microseconds a case."""
    now = clock.now()
    register = Answers()
    ports = Ports(now, population, register, register, register, register)
    evidence = Submission(at=now, by=DECLARANT)
    cases: list[CaseInProgress] = [
        opening(number, NewCase(FLOW.kind, 0, number, declaration), Origin("api", "key"), evidence, notices).case
        for number in range(1, CASES + 1)
    ]
    began = time.perf_counter()
    for case in cases:
        while (stage := stage_of(*case.place)).owner == MACHINE:
            decide(case, stage.gather([case.file], ports)[case.file.id], notices)
    microseconds = (time.perf_counter() - began) / CASES * 1e6
    assert case.file.stage == "notified", case.file.stage
    return microseconds


def person_of(row: Mapping[str, str | None]) -> RegisteredPerson:
    """A row of the population register as its answer."""
    names = {
        name: str(row[name])
        for name in ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la", "birth_precision", "status")
    }
    return RegisteredPerson(birth_date=date.fromisoformat(str(row["birth_date"])), **names)
