"""Files the demo's applications: through the portal's API at an even pace, or straight into intake at full speed."""

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

CLERKS = 4  # threads that send at the same time
NEXT = """
    select coalesce(max(split_part(idempotency_key, '-', 2)::bigint) + 1, 0)
    from receipt where idempotency_key like any(%s)
"""


def next_number(seed: int) -> int:
    """The number of the first household of this seed that has not applied yet."""
    with transaction() as connection:
        return int(scalar(connection, NEXT, [[f"{channel}:g{seed}-%" for channel in ("api", "import")]]))


def last_case() -> int:
    """The id of the newest case; the cases of this run come after it."""
    with transaction() as connection:
        return int(scalar(connection, "select coalesce(max(id), 0) from cases"))


class Filing:
    """Files applications in a thread. `filed` counts those accepted, `refused` the others."""

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
        """Whether all applications are filed."""
        return not self.thread.is_alive()

    def start(self) -> None:
        """Starts the thread."""
        self.thread.start()

    def stop(self) -> None:
        """Stops filing before all are filed, and waits up to ten seconds for the thread."""
        self.stopping.set()
        self.thread.join(10)

    def run(self) -> None:
        """Files all applications; keeps an error in `failure`, which the picture reports."""
        try:
            if self.portal:
                self.through_portal(self.portal)
            else:
                self.at_full_speed()
        except (httpx.HTTPError, SijilError) as error:
            self.failure = f"{type(error).__name__}: {error}"

    def through_portal(self, portal: str) -> None:
        """Files through the portal's API at an even pace, in several threads."""
        began = time.monotonic()
        with httpx.Client(base_url=portal, timeout=30) as client, ThreadPoolExecutor(CLERKS) as clerks:

            def file(place: int, body: dict[str, object]) -> None:
                wait = began + place * self.seconds / self.count - time.monotonic()
                if not self.stopping.wait(max(0.0, wait)):
                    accepted = client.post("/api/v1/applications", json=body).is_success
                    with self.lock:
                        self.filed += accepted
                        self.refused += not accepted

            for work in [clerks.submit(file, place, made.body) for place, made in enumerate(self.waiting)]:
                work.result()

    def at_full_speed(self) -> None:
        """Files in sets, as an import does."""
        bodies: Iterator[ApplicationBody] = (ApplicationBody.model_validate(made.body) for made in self.waiting)
        while not self.stopping.is_set() and (batch := list(islice(bodies, SET))):
            applications = [bulk_application(body) for body in batch]
            outcomes = transact(partial(submit, applications=applications, now=clock.now(), notices=notices))
            wake_after_intake()
            accepted = sum(isinstance(each, Accepted) for each in outcomes)
            self.filed, self.refused = self.filed + accepted, self.refused + len(outcomes) - accepted
