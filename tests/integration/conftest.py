"""What most of these tests begin with: workers, which are signed off after the test, and applications of which one is
bad, reviewed, refused and appealed against, or which have ended.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest
import uvicorn

from models.errors import Unavailable
from tests.appealing import SAID, acts, an_appeal
from tests.filing import (
    Body,
    Worker,
    a_drainer,
    a_household,
    borrowing,
    changed,
    clean,
    current_stage,
    drain_all,
    file,
    file_clean,
    register,
)
from tests.integration.importing import imported as imported
from tests.integration.registers import Poisoned, Register
from tests.integration.running import ready as ready
from tests.integration.running import sijil as sijil
from tests.people import after, caseworker, citizen, refused, ring_timers
from tests.terms import over
from web.population.app import create_app as create_register
from workflows.intake.submit import Accepted
from workflows.queue.drain import Drainer


@pytest.fixture
def worker(database: str) -> Iterator[Worker]:
    """Makes drainers, as `a_drainer` does."""
    made: list[Drainer] = []

    def make(*args: object, **options: object) -> Drainer:
        made.append(a_drainer(*args, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        book = each.runner.attempts
        if book.connection is not None and not book.connection.closed:
            try:
                book.sign_off()
            except Unavailable:
                pass
            book.connection.close()


@pytest.fixture
def poisoned(database: str) -> Poisoned:
    """Twenty applications, of which the register cannot be asked about one."""
    made = clean(20)
    register(made)
    taken = file(*[each.body for each in made])
    return Poisoned(taken[13], taken[:13] + taken[14:], Register(made[13].persons[0].idcs))


@pytest.fixture
def reviewed(database: str, worker: Worker) -> tuple[Accepted, Accepted]:
    """A registered household, and a later application with one of its persons, which waits for a caseworker."""
    mine, theirs = a_household(0, members=3), a_household(1, members=3)
    register([mine, theirs])
    first, later = file(mine.body, borrowing(theirs.body, mine.body))
    drain_all(worker())
    assert current_stage(later) == "under_review"
    return first, later


@pytest.fixture
def work(worker: Worker) -> Callable[[], None]:
    """Works off everything that is due, after the timers fired."""

    def all_of_it() -> None:
        ring_timers()
        drain_all(worker())

    return all_of_it


@pytest.fixture
def home(database: str, worker: Worker) -> tuple[Body, Accepted]:
    """A registered household: what it declared, and its receipt."""
    made = a_household(members=3)
    register([made])
    body = changed(made.body, bills={"telecom": "500"}, belongings={"mobile_phones": 3})
    (receipt,) = file(body)
    drain_all(worker())
    return body, receipt


@pytest.fixture
def notified(database: str, worker: Worker) -> list[Accepted]:
    """Three applications that came to their end."""
    taken = file_clean(3)
    drain_all(worker())
    return taken


@pytest.fixture
def anchors(tmp_path: Path) -> Path:
    """Where anchors go."""
    return tmp_path / "anchors"


@pytest.fixture
def eventful(database: str, worker: Worker) -> None:
    """Applications with every kind of event but those of operators: corrections, reminders, lapses, reopenings,
    reviews, refusals, withdrawals.
    """
    a_worker = worker()
    corrected, lapsing, mine, theirs, more, refused_one = (a_household(place, members=3) for place in range(6))
    register([corrected, lapsing, mine, theirs, more, refused_one])
    wrong = [changed(each.body, 1, birth_date="1977-07-07", birth_precision="day") for each in (corrected, lapsing)]
    first, second, _, reviewed, _, refusable = file(
        *wrong, mine.body, borrowing(theirs.body, mine.body), more.body, borrowing(refused_one.body, more.body)
    )
    drain_all(a_worker)

    citizen(first, "correction", corrected.body)
    caseworker(reviewed, "clear", "moved")
    refused(refusable)
    drain_all(a_worker)
    for days in (7.1, 21.1, 30.1):
        with after(days=days):
            ring_timers()
            drain_all(a_worker)
    with after(over("correction")):
        citizen(second, "reopening")
        citizen(second, "withdrawal")
        drain_all(a_worker)


@pytest.fixture
def refusal(reviewed: tuple[Accepted, Accepted]) -> Accepted:
    """An application that amina and brahim refused."""
    refused(reviewed[1])
    return reviewed[1]


@pytest.fixture
def queued(refusal: Accepted, work: Callable[[], None]) -> Accepted:
    """An appeal against that refusal, which waits for a caseworker."""
    appeal = an_appeal(refusal, text=SAID)
    work()
    return appeal


@pytest.fixture
def held(queued: Accepted) -> Accepted:
    """The same, which salma holds."""
    acts(queued, "salma", "assign")
    return queued


@pytest.fixture
def contested_index(home: tuple[Body, Accepted]) -> Accepted:
    """The receipt of a registered household."""
    return home[1]


@pytest.fixture
def register_served(database: str) -> Iterator[str]:
    """The address of the population register, served over this test's database as its own process serves it."""
    server = uvicorn.Server(
        uvicorn.Config(create_register(), host="127.0.0.1", port=0, log_config=None, access_log=False)
    )
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    until = monotonic() + 10
    while not server.started and monotonic() < until:
        sleep(0.01)
    assert server.started
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
