"""Once a minute the sweep notes what waits in each queue, so that people see the last hour."""

from datetime import timedelta

import pytest

from models import clock
from models.database import transaction
from tasks.sweep import FailureDetector, sample_queues, sweep
from tests.filing import Worker, file_clean, rows, value
from tests.people import after
from workflows.flows import all_queues
from workflows.queue import samples
from workflows.queue.samples import Minute, last_hour, minute_of

pytestmark = pytest.mark.usefixtures("database", "broker")
A_MINUTE = timedelta(minutes=1)
COUNTED = [(queue, 1, 2, 3) for queue in all_queues()]


def hour(seconds: float = 0) -> dict[str, list[Minute]]:
    """The last hour of each queue, so much later."""
    with transaction() as connection:
        return last_hour(connection, clock.now() + timedelta(seconds=seconds))


def test_a_sample_says_what_waits_for_how_long_and_what_was_done_in_a_minute(worker: Worker) -> None:
    file_clean(3)
    worker({"verification"}).drain("verification", 60)
    file_clean(2, 3)
    rows("update cases set rank = rank - interval '90 seconds'")

    sweep(FailureDetector())

    *before, (at, verification) = hour()["verification"]
    assert at == minute_of(clock.now())
    assert verification is not None
    assert (verification.depth, verification.done) == (2, 3)
    assert 90 <= verification.oldest_seconds < 120
    assert [each.sample for each in before] == [None] * 59
    scoring = hour()["scoring"][-1].sample
    assert scoring is not None
    assert (scoring.depth, scoring.done) == (3, 0)


def test_each_minute_has_one_sample_however_many_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[object] = []

    def count(*given: object) -> object:
        counted.append(given)
        return COUNTED

    monkeypatch.setattr(samples, "counts", count)
    here, elsewhere = FailureDetector(), FailureDetector()
    begun = minute_of(clock.now()) + timedelta(seconds=1)
    for seconds in (0, 2, 58, 60, 62, 120):
        with clock.at(begun + timedelta(seconds=seconds)), transaction() as connection:
            sample_queues(connection, here, clock.now())
    assert len(counted) == 3
    with clock.at(begun + timedelta(seconds=121)), transaction() as connection:
        sample_queues(connection, elsewhere, clock.now())
    assert len(counted) == 4
    assert value("select count(*) from queue_sample") == 3 * len(all_queues())


def test_samples_are_kept_for_a_day_and_those_of_a_clock_that_went_back_go(database: str) -> None:
    sweep(FailureDetector())
    with after(days=1):
        sweep(FailureDetector())
        assert value("select count(distinct at) from queue_sample") == 2
    with after(days=1, seconds=60):
        sweep(FailureDetector())
        assert value("select count(distinct at) from queue_sample") == 2
    sweep(FailureDetector())
    assert value("select max(at) from queue_sample") <= clock.now()


def test_the_last_hour_has_a_place_for_each_of_its_minutes_and_none_for_older_ones() -> None:
    now = minute_of(clock.now())
    for back in (60, 59, 1):
        rows("insert into queue_sample values ('fraud', %s, %s, 0, 0)", now - back * A_MINUTE, back)
    found = hour()["fraud"]
    assert [each.at for each in found] == [now - back * A_MINUTE for back in range(59, -1, -1)]
    assert [each.sample and each.sample.depth for each in found] == [59, *[None] * 57, 1, None]
