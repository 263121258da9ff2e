"""Applications arriving: through the portal's API at an even pace, or straight into the intake at full speed."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from threading import Event, Lock, Thread

import httpx

from models import clock
from models.database import scalar, transact, transaction
from models.errors import SijilError
from notifications.notices import notices
from tasks.wake import wake_after_intake
from trials.generator.household import households
from workflows.bodies.declaration import ApplicationBody
from workflows.intake.importing import SET, bulk_application
from workflows.intake.submit import Accepted, submit

CLERKS = 4  # who send at the same time
NEXT = (
    "select coalesce(max(split_part(idempotency_key, '-', 2)::bigint) + 1, 0) from receipt where idempotency_key "
    "like any(%s)"
)


def next_number(seed: int) -> int:
    """The first household of a seed that has not applied yet."""
    with transaction() as connection:
        return int(scalar(connection, NEXT, [[f"{channel}:g{seed}-%" for channel in ("api", "import")]]))


def last_case() -> int:
    """The newest case there is; those of this run come after it."""
    with transaction() as connection:
        return int(scalar(connection, "select coalesce(max(id), 0) from cases"))


class Filing:
    """Files applications in the background. `filed` counts receipts, `refused` what was not taken."""

    def __init__(self, count: int, seed: int, first: int, portal: str | None, seconds: float) -> None:
        self.count, self.portal, self.seconds = count, portal, seconds
        self.waiting = iter(households(count, seed, first))
        self.filed = self.refused = 0
        self.failure: str | None = None
        self.stopping = Event()
        self.lock = Lock()
        self.thread = Thread(target=self.run, name="arrivals", daemon=True)

    @property
    def done(self) -> bool:
        """Nothing more will come."""
        return not self.thread.is_alive()

    def start(self) -> None:
        """Begins."""
        self.thread.start()

    def stop(self) -> None:
        """Ends early."""
        self.stopping.set()
        self.thread.join(10)

    def run(self) -> None:
        """Until all are filed; what goes wrong is kept for whoever looks."""
        try:
            if self.portal:
                self.through_portal(self.portal)
            else:
                self.at_full_speed()
        except (httpx.HTTPError, SijilError) as error:
            self.failure = f"{type(error).__name__}: {error}"

    def through_portal(self, portal: str) -> None:
        """At an even pace, by several clerks."""
        began = time.monotonic()
        with httpx.Client(base_url=portal, timeout=30) as client, ThreadPoolExecutor(CLERKS) as clerks:

            def file(place: int, body: dict[str, object]) -> None:
                wait = began + place * self.seconds / self.count - time.monotonic()
                if not self.stopping.wait(max(0.0, wait)):
                    taken = client.post("/api/v1/applications", json=body).is_success
                    with self.lock:
                        self.filed += taken
                        self.refused += not taken

            for work in [clerks.submit(file, place, made.body) for place, made in enumerate(self.waiting)]:
                work.result()

    def at_full_speed(self) -> None:
        """In sets, as an import does."""
        bodies: Iterator[ApplicationBody] = (ApplicationBody.model_validate(made.body) for made in self.waiting)
        while not self.stopping.is_set() and (batch := list(islice(bodies, SET))):
            applications = [bulk_application(body) for body in batch]
            outcomes = transact(partial(submit, applications=applications, now=clock.now(), notices=notices))
            wake_after_intake()
            taken = sum(isinstance(each, Accepted) for each in outcomes)
            self.filed, self.refused = self.filed + taken, self.refused + len(outcomes) - taken
