"""`sijil bench verify`: measures the verify stage with the local register: persons whom one worker compares a second.

One thread asks for batches of cases, as a worker does, and decides them; PostgreSQL works beside it on a core of its
own. Loading the cases and recording the decisions are no part of it.
"""

import time
from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.prepared import Say, vacuum_analyze
from models import clock
from models.database import transaction
from notifications.notices import notices
from tasks.bootstrap import adapters
from trials.generator.household import GeneratedHousehold, households
from trials.servers import proof_servers
from workflows.bodies import reading
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile, NewCase
from workflows.engine.opening import Origin, opening
from workflows.evidence import DECLARANT, Submission
from workflows.flows.registration import FLOW
from workflows.registers.enrol import enrol
from workflows.stages import verify

BATCH = 500  # cases
ROUNDS = 5


def measure(cases: int, seed: int, say: Say) -> dict[str, Any]:
    """Persons a second: the median of rounds over so many generated households, errors planted in some included."""
    with proof_servers("bench") as servers:
        servers.create("verify")
        say(f"{cases} households are generated and enrolled ...")
        made = list(households(cases, seed))
        enrol(person.row() for each in made for person in each.persons)
        vacuum_analyze()
        files = [case_file(number, each) for number, each in enumerate(made, 1)]
        persons = sum(len(file.declaration.members) for file in files)
        rates = [persons / seconds(files) for _ in range(ROUNDS)]
    return {"persons_per_second": round(median(rates)), "persons": persons, "cases": cases, "batch": BATCH}


def case_file(number: int, made: GeneratedHousehold) -> CaseFile:
    """A household's application as the stage sees it."""
    declaration = Declaration.restored(reading.valid(Declaration, without_key(made)).stored())
    evidence = Submission(at=clock.now(), by=DECLARANT)
    new = NewCase(FLOW.kind, 0, number, declaration)
    return opening(number, new, Origin("api", "key"), evidence, notices).case.file


def without_key(made: GeneratedHousehold) -> dict[str, Any]:
    """The application without the key of its sender."""
    return {name: value for name, value in made.body.items() if name != "application"}


def seconds(files: Sequence[CaseFile]) -> float:
    """The time in which the stage asks about these cases, batch by batch, and decides them."""
    given, began = adapters(), time.perf_counter()
    for place in range(0, len(files), BATCH):
        batch = files[place : place + BATCH]
        with transaction() as connection:
            answers = verify.gather(batch, given.ports(connection, clock.now()))
        for file in batch:
            verify.decide(file, answers[file.id])
    return time.perf_counter() - began
