"""`sijil bench silent`: people file one after another, and about some the population register says nothing, after seconds. How long the others wait.

The wait is from filing to when another connection sees the first decision.
"""

import json
import random
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

from benchmarks.latency import clean, enrolled, told
from benchmarks.prepared import Say, Workers, one, working
from models import clock
from models.database import dial, transaction
from models.errors import Unavailable
from models.settings import settings
from notifications.notices import notices
from sijil.generator.household import GeneratedHousehold
from sijil.processes import set_settings
from sijil.proof_servers import proof_servers
from tasks.wake import wake_after_intake
from workflows.declaration import ApplicationBody
from workflows.evidence import RegisteredPerson
from workflows.intake import Application, Taken, key_of, submit
from workflows.lanes import INTERACTIVE
from workflows.population import LocalRegister

SILENT_SHARE = 0.02
SILENT_SECONDS = 3.0
PAUSE_SECONDS = (0.02, 0.06)  # between one application and the next
PATIENCE_SECONDS = 30.0  # after the last one; who has no decision by then waits too long
LOOK_SECONDS = 0.005
DECIDED = "select id from cases where id = any(%s) and version > 1"


class SilentRegister(LocalRegister):
    """The local register, which says nothing, slowly, wherever certain persons are asked about."""

    def persons(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
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
        with dial() as connection:
            while self.since or not self.ending:
                for (case_id,) in connection.execute(DECIDED, [list(self.since)]).fetchall():
                    self.times.append((time.monotonic() - self.since.pop(case_id)) * 1000)
                time.sleep(LOOK_SECONDS)

    def end(self, thread: Thread) -> None:
        """Waits a while for those who still do."""
        self.ending = True
        thread.join(PATIENCE_SECONDS)


def measure(seed: int, applications: int, workers: Workers, say: Say) -> dict[str, Any]:
    """`p50_ms`, `p95_ms`, `longest_ms` of the others; how many of them are `undecided` in the end, and how many are `parked`."""
    with proof_servers("bench") as servers:
        servers.create("silent")
        people = enrolled(clean(seed), applications)
        mute = people[:: round(1 / SILENT_SHARE)]
        note().write_text(json.dumps([made.persons[0].idcs for made in mute]), encoding="utf-8")
        set_settings(population_register="benchmarks.silent:SilentRegister")
        say(f"{applications} applications; no answer about {len(mute)} of them, each time after {SILENT_SECONDS:.0f} s ...")
        watch = Watch()
        thread = Thread(target=watch.run, daemon=True)
        with working(workers):
            thread.start()
            for number, made in enumerate(people):
                time.sleep(random.uniform(*PAUSE_SECONDS))
                began, case_id = time.monotonic(), filed(made)
                if number % round(1 / SILENT_SHARE):
                    watch.since[case_id] = began
            watch.end(thread)
        parked = one("select count(*) from cases where stage = 'parked'")
    return {**told(watch.times), "undecided": len(watch.since), "parked": parked, "applications": applications, "settings": workers._asdict()}


def filed(made: GeneratedHousehold) -> int:
    """One application, as the portal takes it; its case."""
    body = ApplicationBody.model_validate(made.body)
    with transaction() as session:
        (outcome,) = submit(session, [Application(key_of(body), "api", INTERACTIVE, body)], clock.now(), notices)
    wake_after_intake()
    assert isinstance(outcome, Taken)
    return outcome.case_id
