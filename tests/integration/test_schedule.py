"""Daily jobs: each once a day, by whichever supervisor comes first, also after a day that was missed or a failure."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread, Timer

import pytest

from models import clock
from models.errors import Refused
from models.settings import settings
from tasks import schedule
from tasks.schedule import JOBS, RETRY_AFTER, Job, Schedule, schedule_lock
from tasks.supervisor import Supervisor
from tests.conftest import forget_settings
from tests.filing import drain_all, file_clean, rows, value
from workflows.policies import periods
from workflows.queue.drain import Drainer

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
TOMORROW = NOON + timedelta(days=1)


@dataclass
class Work:
    """A job that counts how often it ran, and fails where it is told to."""

    runs: int = 0
    fails: bool = False
    doing: Callable[[Event], object] = lambda stop: None
    at: list[datetime] = field(default_factory=list)

    def __call__(self, stop: Event) -> object:
        self.runs += 1
        self.at.append(clock.now())
        if self.fails:
            raise Refused("no", "It cannot be done.")
        return self.doing(stop)


def held(began: Event, go_on: Event) -> Callable[[Event], object]:
    """What a job does that says that it began, and then waits until it may go on."""

    def wait(stop: Event) -> bool:
        began.set()
        return go_on.wait(20)

    return wait


def a_schedule(*jobs: Job) -> Schedule:
    return Schedule(Event(), jobs)


def look(at: datetime, *jobs: Job) -> None:
    """A supervisor of its own looks at that moment."""
    with clock.at(at):
        a_schedule(*jobs).look()


def test_a_new_installation_waits_for_the_next_time_of_each_job(database: str) -> None:
    early, late = Work(), Work()
    jobs = (Job("early", 6, early), Job("late", 18, late))

    look(NOON, *jobs)
    assert (early.runs, late.runs) == (0, 0)

    look(NOON + timedelta(hours=7), *jobs)
    assert (early.runs, late.runs) == (0, 1)

    look(TOMORROW, *jobs)
    assert (early.runs, late.runs) == (1, 1)


def test_a_job_runs_once_a_day_however_many_supervisors_look(database: str) -> None:
    work = Work()
    job = Job("job", 6, work)
    look(NOON, job)

    for minutes in range(0, 600, 100):
        look(TOMORROW + timedelta(minutes=minutes), job)

    assert work.runs == 1
    assert rows("select name, done_on, error from daily_job") == [("job", TOMORROW.date(), None)]
    look(TOMORROW.replace(hour=5) + timedelta(days=1), job)
    assert work.runs == 1
    look(TOMORROW.replace(hour=6) + timedelta(days=1), job)
    assert work.runs == 2


def test_days_that_were_missed_are_made_up_for_once(database: str) -> None:
    work = Work()
    job = Job("job", 6, work)
    look(NOON, job)

    look(NOON + timedelta(days=9), job)
    look(NOON + timedelta(days=9, hours=1), job)

    assert work.runs == 1


def test_while_one_supervisor_is_at_it_another_does_nothing(database: str) -> None:
    work = Work()
    job = Job("job", 6, work)
    look(NOON, job)

    with schedule_lock() as connection:
        assert connection is not None
        look(TOMORROW, job)
        assert work.runs == 0

    look(TOMORROW, job)
    assert work.runs == 1


def test_two_supervisors_at_once_run_it_once(database: str) -> None:
    began, go_on = Event(), Event()
    work = Work(doing=held(began, go_on))
    job = Job("job", 6, work)
    look(NOON, job)

    first = Thread(target=look, args=(TOMORROW, job))
    first.start()
    assert began.wait(20)
    look(TOMORROW, job)
    go_on.set()
    first.join()

    assert work.runs == 1


def test_a_failure_is_tried_again_later_and_not_at_once_and_the_other_jobs_go_on(database: str) -> None:
    failing, other = Work(fails=True), Work()
    jobs = (Job("failing", 6, failing), Job("other", 7, other))
    look(NOON, *jobs)

    look(TOMORROW, *jobs)
    look(TOMORROW + RETRY_AFTER / 2, *jobs)
    assert (failing.runs, other.runs) == (1, 1)
    assert rows("select done_on, tried_at from daily_job where error like 'Refused%%It cannot be done.'") == [
        (NOON.date(), TOMORROW)
    ]

    failing.fails = False
    look(TOMORROW + RETRY_AFTER, *jobs)
    look(TOMORROW + RETRY_AFTER * 2, *jobs)
    assert (failing.runs, other.runs) == (2, 1)
    assert rows("select distinct done_on, error from daily_job") == [(TOMORROW.date(), None)]


def test_a_job_that_was_told_to_stop_in_the_middle_is_not_done(database: str) -> None:
    work = Work(doing=lambda stop: stop.set())
    later = Work()
    jobs = (Job("job", 6, work), Job("later", 7, later))
    look(NOON, *jobs)

    look(TOMORROW, *jobs)
    assert (work.runs, later.runs) == (1, 0)

    work.doing = lambda stop: None
    look(TOMORROW, *jobs)
    assert (work.runs, later.runs) == (2, 1)


def test_a_supervisor_never_waits_for_a_job_and_runs_one_thread_at_most(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "LOOK_SECONDS", 0.0)
    began, go_on = Event(), Event()
    job = Job("job", 0, Work(doing=held(began, go_on)))
    look(clock.now() - timedelta(days=1), job)
    supervisor = a_schedule(job)

    before = time.monotonic()
    supervisor.tend()
    assert began.wait(20)
    supervisor.tend()
    assert time.monotonic() - before < 10
    assert [each.name for each in threading.enumerate()].count("schedule") == 1

    go_on.set()
    supervisor.end(20)
    assert value("select done_on from daily_job") == clock.now().date()


def test_a_database_that_is_away_costs_a_line_in_the_log_and_no_supervisor(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    forget_settings()
    work = Work()

    look(NOON, Job("job", 6, work))

    assert work.runs == 0


def test_the_daily_jobs_are_the_anchor_and_the_retention(
    database: str, worker: Callable[..., Drainer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_ANCHORS", str(tmp_path / "elsewhere"))
    settings.cache_clear()
    file_clean(2)
    drain_all(worker())
    rows("update message set status = 'sent'")
    look(clock.now(), *JOBS)
    assert not (tmp_path / "elsewhere").exists()

    later = clock.now() + timedelta(days=periods()["message"].days + 2)
    rows("update daily_job set clock_confirmed_on = %s", later.date())
    look(later, *JOBS)

    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == [f"000001-{later:%Y-%m-%d}.ndjson"]
    assert value("select count(*) from message where body is not null") == 0
    assert rows("select name, error from daily_job order by name") == [
        ("anchor", None),
        ("confirmation", None),
        ("names", None),
        ("retention", None),
    ]


def test_without_a_place_of_their_own_anchors_go_to_the_home_folder(database: str) -> None:
    assert settings().anchors_folder() == settings().home / "anchors"


def test_damaged_anchors_are_a_failure_that_is_noted(database: str, worker: Callable[..., Drainer]) -> None:
    file_clean(1)
    look(clock.now(), *JOBS)
    settings().anchors_folder().mkdir(parents=True)
    (settings().anchors_folder() / "000001-2026-01-01.ndjson").write_text("not an anchor\n")

    look(clock.now() + timedelta(days=1), *JOBS)

    assert "do not hold together" in value("select error from daily_job where name = 'anchor'")
    assert value("select error from daily_job where name = 'retention'") is None


def test_the_supervisor_looks_after_the_daily_jobs(database: str, broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = Supervisor((), 0)
    seen: list[Event] = []

    def tend(self: Schedule) -> None:
        seen.append(self.stop)
        supervisor.stop.set()

    monkeypatch.setattr(Schedule, "tend", tend)
    patience = Timer(20, supervisor.stop.set)
    patience.start()
    supervisor.run()
    patience.cancel()
    patience.join()

    assert seen == [supervisor.stop]
