"""`sijil bench decide`: measures all decisions of one case of five persons in memory, hashing included."""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median

from models import clock
from notifications.notices import notices
from trials.generator.household import household
from workflows.bodies import reading
from workflows.bodies.declaration import Declaration, restored, stored
from workflows.casefile import CaseFile
from workflows.engine.chain import GENESIS
from workflows.engine.work import CaseInProgress, decide
from workflows.evidence import Holder, RegisteredPerson
from workflows.flows import stage_of
from workflows.flows.grammar import MACHINE
from workflows.flows.registration import REGISTRATION
from workflows.registers.ports import Ports

ROUNDS = 9
CASES = 500
PERSONS = 5


class Answers:
    """Registers that answer from memory."""

    def __init__(self, known: Mapping[str, RegisteredPerson]) -> None:
        self.known = known

    def persons(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        return self.known

    def claim_persons(self, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
        return {}

    def households_by_phone(self, phones: Sequence[str]) -> Mapping[str, int]:
        return {}

    def last_versions(self, household_ids: Sequence[int]) -> Mapping[int, int]:
        return {}


def measure() -> float:
    """Microseconds a case: the median of rounds over one clean household of five persons."""
    made = next(
        each
        for number in range(10_000)
        if len((each := household(1, number)).body["members"]) == PERSONS and each.truth["plant"] is None
    )
    declaration = restored(stored(reading.application(json.dumps(made.body))))
    register = Answers({row["idcs"]: person_of(row) for row in (each.row() for each in made.persons) if row["idcs"]})
    return median(time_round(declaration, register) for _ in range(ROUNDS))


def time_round(declaration: Declaration, register: Answers) -> float:
    """Takes all decisions of CASES cases; microseconds a case."""
    now = clock.now()
    ports = Ports(now, register, register)
    files = [
        CaseFile(
            id=i,
            reference="RSU-0000-0000-0000",
            kind="registration",
            stage=REGISTRATION.first,
            version=0,
            lane=0,
            household_id=i,
            declaration_number=1,
            declaration=declaration,
            submitted_at=now,
            stage_since=now,
            deadline=None,
            past={},
        )
        for i in range(CASES)
    ]
    began = time.perf_counter()
    for file in files:
        case = CaseInProgress(file, GENESIS)
        while (stage := stage_of(case.file.kind, case.file.stage)).owner == MACHINE:
            decide(case, stage.gather([case.file], ports)[file.id], notices)
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
