"""A thread that is at something for longer than it can take: is it the work that hangs, or does the database hold it
up?
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psycopg
import pytest

from models import clock
from models.connection import timeouts
from models.database import autocommit_connection
from models.errors import Unavailable
from tasks import watchdog
from tasks import worker as process
from tasks.sweep import FailureDetector, sweep
from tests.conftest import forget_settings
from tests.filing import Worker, drain_all, file_clean, healthy, quarantined, rows, stages, value
from workflows.queue import inhand
from workflows.queue.drain import Drainer
from workflows.queue.inhand import Unit, in_hand, overdue


@pytest.fixture(autouse=True)
def soon(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes minutes takes moments here; and a lock is waited for without end, so that only the watchdog can tell
    it.
    """
    monkeypatch.setitem(timeouts, "lock_timeout", "0")
    forget_settings()
    monkeypatch.setattr(watchdog, "BLOCKED_SECONDS", 0.3)
    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(watchdog, "LOOKS", 3)
    monkeypatch.setattr(inhand, "BATCH_SECONDS", 0.5)


@contextmanager
def watched() -> Iterator[list[Unit]]:
    """What the watchdog would end the process for."""
    stop, ended = Event(), list[Unit]()
    thread = Thread(target=watchdog.watch_for_hangs, args=[stop, ended.append])
    thread.start()
    yield ended
    stop.set()
    thread.join()


def until(condition: Callable[[], object]) -> None:
    """Waits for it; fails where it does not come."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def drained(drainer: Drainer, raised: list[Unavailable]) -> Thread:
    """A thread that works a queue off."""

    def drain() -> None:
        try:
            drainer.drain("verification", 60)
        except Unavailable as error:
            raised.append(error)

    thread = Thread(target=drain)
    thread.start()
    return thread


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("table", ["event", "attempt", "person_claim"])
def test_what_a_lock_holds_up_is_given_back_and_nothing_counts(
    database: str, broker: str, worker: Worker, table: str, size: int
) -> None:
    # Given cases in work, and a table that somebody keeps locked
    file_clean(size)
    drainer, raised = worker(), list[Unavailable]()
    with psycopg.connect(database) as holder, watched() as ended:
        holder.execute(f"lock table {table} in share mode")

        # When that lasts for longer than a batch may take
        thread = drained(drainer, raised)
        until(lambda: raised)
        thread.join()
        holder.rollback()

    # Then the process lives, and all goes on as if nothing had been
    assert ended == []
    drainer.runner.attempts.heartbeat(clock.now(), {})
    sweep(FailureDetector())
    assert value("select count(*) from case_failure") == 0
    assert healthy()
    drain_all(drainer)
    assert stages() == {"notified": size}


def test_a_thread_that_hangs_in_its_work_is_told_from_one_that_the_database_holds_up(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_clean(2)
    let_go = Event()

    def hang(*_: object) -> None:
        assert let_go.wait(30)
        raise Unavailable("it does not matter any more")

    monkeypatch.setattr("workflows.queue.batch.work", hang)

    with watched() as ended:
        thread = drained(worker(), [])
        until(lambda: ended)
        let_go.set()
        thread.join()

    assert ended[0].name == "batch"
    assert overdue() == []


def test_what_a_lock_holds_up_is_seen_though_the_server_does_not_track_what_sessions_do(database: str) -> None:
    with psycopg.connect(database) as holder, autocommit_connection() as ours:
        holder.execute("lock table event in share mode")
        ours.execute("set track_activities = off")

        def wait() -> None:
            with pytest.raises(psycopg.errors.QueryCanceled):
                ours.execute("update event set seq = seq")

        waiting = Thread(target=wait)
        waiting.start()
        time.sleep(0.5)

        found = watchdog.cancel_blocked_statements()

        holder.execute("select pg_cancel_backend(%s)", [ours.info.backend_pid])
        waiting.join()
    assert found == ["Lock relation"]


def test_while_the_database_cannot_be_asked_nobody_is_ended(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_DATABASE_URL", "postgresql://sijil@127.0.0.1:1/away")
    forget_settings()
    detector = watchdog.HangDetector()

    assert [detector.find([Unit("batch", 0.0)]) for _ in range(10)] == [None] * 10


def test_a_process_that_ends_for_a_delivery_blames_no_case(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the case that another thread has in hand alone still written down under this worker, the death would count
    against it.
    """
    (taken,) = file_clean(1)
    attempts = worker().runner.attempts
    attempts.begin("verification", [taken.case_id], clock.now())
    exits: list[int] = []
    monkeypatch.setattr("os._exit", exits.append)

    process.end_hanging(attempts, Unit("delivery", 1.0))

    assert len(exits) == 1
    assert (quarantined(), rows("select worker_id from attempt")) == ([[taken.case_id]], [(None,)])


def test_each_thread_says_what_it_has_in_hand_and_for_how_long_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with in_hand("call", 1e-9), in_hand("batch"):
        assert [unit.name for unit in overdue()] == ["call"]
    assert overdue() == []
    assert inhand.units == {}
