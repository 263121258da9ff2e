"""`sijil bench silent`: a file in which the population register says nothing, after seconds, about one application in
fifty, and people who file one after another meanwhile, of whom the same is true. How long the others wait.

The wait is from filing to when another connection sees the first decision.
"""

import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

from benchmarks.latency import clean, enrolled, told
from benchmarks.prepared import Say, Workers, one, working
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
from workflows.evidence import RegisteredPerson
from workflows.intake.submit import Accepted, Application, key_of, submit
from workflows.registers.population import LocalRegister
from workflows.registers.ports import Answer

ONE_IN = 50
SILENT_SECONDS = 3.0
PEOPLE = 300
PAUSE_SECONDS = (0.05, 0.15)  # between one of them and the next
PATIENCE_SECONDS = 240.0  # after the last one; who has no decision by then waits too long
LOOK_SECONDS = 0.005
DECIDED = "select id from cases where id = any(%s) and version > 1"


class SilentRegister(LocalRegister):
    """The local register, which says nothing, slowly, wherever certain persons are asked about."""

    def persons(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson | Answer]:
        """See `ports.PopulationRegister`."""
        if not silent().isdisjoint(idcs):
            time.sleep(SILENT_SECONDS)
            raise Unavailable("The register gives no answer about one of these.")
        return super().persons(idcs)


def note() -> Path:
    """Where it stands about whom it says nothing."""
    return settings().home / "silent.json"


@cache
def silent() -> frozenset[str]:
    """About whom; written before a worker asks."""
    return frozenset(json.loads(note().read_text(encoding="utf-8")))


class Watch:
    """Who waits for a first decision, and how long those waited who have it, in milliseconds."""

    def __init__(self) -> None:
        self.since: dict[int, float] = {}
        self.times: list[float] = []
        self.ending = False

    def run(self) -> None:
        """Looks until told to end, or nobody waits any more."""
        with autocommit_connection() as connection:
            while self.since or not self.ending:
                for (case_id,) in connection.execute(DECIDED, [list(self.since)]).fetchall():
                    self.times.append((time.monotonic() - self.since.pop(case_id)) * 1000)
                time.sleep(LOOK_SECONDS)


@contextmanager
def watching() -> Iterator[tuple[Watch, Watch]]:
    """Over the people and over the file; in the end it waits a while for those who still wait."""
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
    """Of the others:

    `p50_ms`, `p95_ms`, `longest_ms` of people, `file_seconds` until all in the file are decided; who is `undecided` or
    `parked`.
    """
    with proof_servers("bench") as servers:
        servers.create("silent")
        everybody = enrolled(clean(seed), applications + PEOPLE)
        mute = everybody[::ONE_IN]
        note().parent.mkdir(parents=True, exist_ok=True)
        note().write_text(json.dumps([made.persons[0].idcs for made in mute]), encoding="utf-8")
        set_settings(population_register="benchmarks.silent:SilentRegister")
        say(
            f"{applications} applications in a file, {PEOPLE} people meanwhile; no answer about {len(mute)}, each time "
            f"after {SILENT_SECONDS:.0f} s ..."
        )
        with working(workers), watching() as (people, file):
            file.since.update(dict.fromkeys(others(filed(everybody[:applications], BULK)), time.monotonic()))
            for place, made in enumerate(everybody[applications:], applications):
                time.sleep(random.uniform(*PAUSE_SECONDS))
                began, case_ids = time.monotonic(), filed([made], INTERACTIVE)
                people.since.update(dict.fromkeys(others(case_ids, place), began))
        parked = one("select count(*) from cases where stage = 'parked'")
    undecided = len(people.since) + len(file.since)
    found = {
        **told(people.times),
        "people": len(people.times),
        "file_seconds": round(max(file.times) / 1000, 1),
        "undecided": undecided,
        "parked": parked,
    }
    return {**found, "applications": applications, "settings": workers._asdict()}


def others(case_ids: Sequence[int], place: int = 0) -> list[int]:
    """Those about whom there is an answer, of cases that begin at this place among all."""
    return [case_id for number, case_id in enumerate(case_ids, place) if number % ONE_IN]


def filed(made: Sequence[GeneratedHousehold], lane: int) -> list[int]:
    """These applications, as an import or the portal takes them; their cases."""
    bodies = [ApplicationBody.model_validate(each.body) for each in made]
    with transaction() as connection:
        outcomes = submit(
            connection, [Application(key_of(body), "api", lane, body) for body in bodies], clock.now(), notices
        )
    wake_after_intake()
    return [outcome.case_id for outcome in outcomes if isinstance(outcome, Accepted)]
