"""`sijil bench silent`: measures the wait for a first decision while the population register is silent about some.

A file is imported while people file one after another. For one application in fifty the register gives no answer, after
seconds. The wait of the others lasts from filing until another connection sees their first decision.
"""

import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

from benchmarks.latency import clean_households, enrol_next, percentiles
from benchmarks.prepared import Say, Workers, query_value, working
from models import clock
from models.database import autocommit_connection, transaction
from models.errors import Unavailable
from models.settings import settings
from notifications.notices import notices
from sijil.processes import set_settings
from tasks.wake import wake_after_intake
from trials.generator.household import GeneratedHousehold
from trials.servers import proof_servers
from workflows.bodies.declaration import ApplicationBody
from workflows.engine.lanes import BULK, INTERACTIVE
from workflows.evidence import Compared
from workflows.intake.submit import Accepted, Application, key_of, submit
from workflows.registers.population import LocalRegister
from workflows.registers.ports import DeclaredPerson

ONE_IN = 50
SILENT_SECONDS = 3.0
PEOPLE = 300
PAUSE_SECONDS = (0.05, 0.15)  # between one of them and the next
PATIENCE_SECONDS = 240.0  # after the last application; one without a decision by then counts as undecided
LOOK_SECONDS = 0.005
DECIDED = "select id from cases where id = any(%s) and version > 1"


class SilentRegister(LocalRegister):
    """The local register, which gives no answer, after seconds, where it is asked for certain persons."""

    def compare(self, people: Sequence[DeclaredPerson]) -> Sequence[Compared | None]:
        """Answers as `ports.PopulationRegister` says; raises Unavailable for the silent persons."""
        if not silent_persons().isdisjoint(each.idcs for each in people):
            time.sleep(SILENT_SECONDS)
            raise Unavailable("The register gives no answer about one of these.")
        return super().compare(people)


def silent_file() -> Path:
    """The file of the persons for whom the register gives no answer."""
    return settings().home / "silent.json"


@cache
def silent_persons() -> frozenset[str]:
    """The persons for whom the register gives no answer; the file is written before a worker asks."""
    return frozenset(json.loads(silent_file().read_text(encoding="utf-8")))


class Watch:
    """Watches cases until their first decision; how long each waited, in milliseconds."""

    def __init__(self) -> None:
        self.since: dict[int, float] = {}
        self.times: list[float] = []
        self.ending = False

    def run(self) -> None:
        """Looks until `ending` is set and no case waits any more."""
        with autocommit_connection() as connection:
            while self.since or not self.ending:
                for (case_id,) in connection.execute(DECIDED, [list(self.since)]).fetchall():
                    self.times.append((time.monotonic() - self.since.pop(case_id)) * 1000)
                time.sleep(LOOK_SECONDS)


@contextmanager
def watching() -> Iterator[tuple[Watch, Watch]]:
    """Runs a watch over the people and one over the file; afterwards waits for the cases that still wait."""
    watches = Watch(), Watch()
    threads = [Thread(target=watch.run, daemon=True) for watch in watches]
    for thread in threads:
        thread.start()
    yield watches
    until = time.monotonic() + PATIENCE_SECONDS
    for watch, thread in zip(watches, threads, strict=True):
        watch.ending = True
        thread.join(max(0.0, until - time.monotonic()))


def measure(seed: int, applications: int, workers: Workers, say: Say) -> dict[str, Any]:
    """Measures those about whom the register answers: the waits of people, and `file_seconds` for the whole file."""
    with proof_servers("bench") as servers:
        servers.create("silent")
        everybody = enrol_next(clean_households(seed), applications + PEOPLE)
        unanswered = everybody[::ONE_IN]
        silent_file().parent.mkdir(parents=True, exist_ok=True)
        silent_file().write_text(json.dumps([made.persons[0].idcs for made in unanswered]), encoding="utf-8")
        set_settings(population_register="benchmarks.silent:SilentRegister")
        say(
            f"{applications} applications in a file, {PEOPLE} people meanwhile; "
            f"no answer about {len(unanswered)}, each time after {SILENT_SECONDS:.0f} s ..."
        )
        with working(workers), watching() as (people, file):
            in_file = submit_all(everybody[:applications], BULK)
            file.since.update(dict.fromkeys(answered(in_file), time.monotonic()))
            for place, made in enumerate(everybody[applications:], applications):
                time.sleep(random.uniform(*PAUSE_SECONDS))
                began, case_ids = time.monotonic(), submit_all([made], INTERACTIVE)
                people.since.update(dict.fromkeys(answered(case_ids, place), began))
        parked = query_value("select count(*) from cases where stage = 'parked'")
    undecided = len(people.since) + len(file.since)
    found = {
        **percentiles(people.times),
        "people": len(people.times),
        "file_seconds": round(max(file.times) / 1000, 1),
        "undecided": undecided,
        "parked": parked,
    }
    return {**found, "applications": applications, "settings": workers._asdict()}


def answered(case_ids: Sequence[int], place: int = 0) -> list[int]:
    """The cases about which the register answers; the first of these has this place among all."""
    return [case_id for number, case_id in enumerate(case_ids, place) if number % ONE_IN]


def submit_all(made: Sequence[GeneratedHousehold], lane: int) -> list[int]:
    """Submits these applications as an import or the portal does; the ids of their cases."""
    bodies = [ApplicationBody.model_validate(each.body) for each in made]
    with transaction() as connection:
        outcomes = submit(
            connection, [Application(key_of(body), "api", lane, body) for body in bodies], clock.now(), notices
        )
    wake_after_intake()
    return [outcome.case_id for outcome in outcomes if isinstance(outcome, Accepted)]
