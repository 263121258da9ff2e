"""A lock that somebody holds, on a table or a row, is nobody's fault: nothing counts, nobody is parked, and all goes on
once it is gone.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import psycopg
import pytest

from models.connection import timeouts
from models.database import bound_transactions, close_pool, transact
from models.errors import DatabaseAway, Unavailable
from tasks.sweep import FailureDetector, sweep
from tests.changing import change_of, declare
from tests.conftest import forget_settings
from tests.filing import (
    Body,
    Worker,
    clean,
    current_stage,
    died_on,
    drain_all,
    file,
    file_clean,
    healthy,
    quarantined,
    register,
    rows,
    stages,
    value,
)
from tests.people import after, ring_timers
from workflows.bodies.change import ChangeRequest
from workflows.engine.turns import LOCK_HOUSEHOLDS
from workflows.queue.drain import Drainer

TABLES = [
    "cases",
    "event",
    "message",
    "attempt",
    "receipt",
    "case_body",
    "household",
    "household_version",
    "household_period",
    "household_member",
    "person_claim",
    "score",
]


@pytest.fixture(autouse=True)
def impatient(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A statement waits for a lock for a moment only."""
    monkeypatch.setitem(timeouts, "lock_timeout", "200ms")
    forget_settings()
    yield
    close_pool()


@contextmanager
def locked(database: str, table: str, mode: str = "share") -> Iterator[None]:
    """Somebody holds the table, as a report, a dump or a change of it does."""
    with psycopg.connect(database) as holder:
        holder.execute(f"lock table {table} in {mode} mode")
        yield


def tried(drainer: Drainer) -> list[Unavailable]:
    """What its drains of every queue raised."""
    raised = []
    for queue in sorted(drainer.runner.serves):
        try:
            drainer.drain(queue, 0.3)
        except Unavailable as error:
            raised.append(error)
    return raised


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_is_locked_for_longer_than_anybody_waits_parks_nobody(
    database: str, broker: str, worker: Worker, table: str
) -> None:
    # Given cases in a queue, one that is quarantined, and somebody who locks a table
    taken = file_clean(4)
    rows("update cases set ready = false where id = %s", taken[0].case_id)
    rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [taken[0].case_id])
    drainer = worker()

    # When workers and the sweep come by again and again
    with locked(database, table):
        raised = [error for _ in range(3) for error in tried(drainer)]
        for _ in range(2):
            try:
                sweep(FailureDetector())
            except DatabaseAway:
                pass

    # Then it was the database that was away, nothing counts, and once it is free all goes on within ten seconds
    assert all(isinstance(error, DatabaseAway) for error in raised)
    assert value("select count(*) from case_failure") == 0
    drainer.runner.attempts.heartbeat(value("select now()"), {})
    assert healthy()
    with after(seconds=10):
        drain_all(drainer)
    assert stages() == {"notified": 4}
    assert value("select count(*) from attempt") == 0


@pytest.mark.parametrize(
    ("table", "mode"),
    [("message", "access exclusive"), ("worker", "share"), ("case_failure", "share"), ("held_stage", "share")],
)
def test_what_a_dead_worker_held_is_given_back_whatever_other_table_is_locked(
    database: str, broker: str, table: str, mode: str
) -> None:
    taken = file_clean(2)
    died_on("verification", *[each.case_id for each in taken])
    rows("insert into held_stage values ('registration', 'scored', 'KeyError', now(), now())")
    detector = FailureDetector()

    with locked(database, table, mode):
        for seconds in (0, 6):
            with after(seconds=seconds), suppress(DatabaseAway):
                sweep(detector)
        assert len(quarantined()) == 2


def test_a_table_that_is_locked_costs_the_sweep_one_wait_and_not_one_for_each_case(
    database: str, broker: str, worker: Worker
) -> None:
    taken = file_clean(60)
    rows("update cases set ready = false, due_at = now() where id <= %s", taken[29].case_id)
    rows("update cases set ready = false where id > %s", taken[29].case_id)
    rows(
        "insert into attempt (worker_id, queue, case_ids, at) select 4711, queue, array[id], now() from cases where "
        "due_at is null"
    )
    detector = FailureDetector(silent_since={4711: value("select now() - interval '1 hour'")})
    began = time.monotonic()

    with locked(database, "cases"), after(seconds=10):
        sweep(detector)

    assert time.monotonic() - began < 6
    assert value("select count(*) from attempt where worker_id = 4711") == 30


@pytest.mark.parametrize("mode", ["share", "share row exclusive", "exclusive", "access exclusive"])
def test_whatever_the_mode_of_the_lock_it_is_told_as_one(database: str, worker: Worker, mode: str) -> None:
    file_clean(2)
    drainer = worker()

    with locked(database, "event", mode), pytest.raises(DatabaseAway, match="lock on a whole table"):
        drainer.drain("verification", 60)

    drain_all(drainer)
    assert stages() == {"notified": 2}


def test_a_change_of_a_table_that_waits_for_a_forgotten_transaction_holds_up_nobody_for_ever(
    database: str, worker: Worker
) -> None:
    """ALTER TABLE waits for whoever has only looked, and everybody else behind it."""
    file_clean(2)
    drainer = worker()
    with psycopg.connect(database) as changing, psycopg.connect(database) as forgotten:
        forgotten.execute("select count(*) from event")
        thread = Thread(target=lambda: changing.execute("alter table event add column later int"))
        thread.start()
        while not value("select exists (select from pg_locks where not granted)"):
            time.sleep(0.01)

        with pytest.raises(DatabaseAway):
            drainer.drain("verification", 60)

        forgotten.rollback()
        thread.join()
        changing.rollback()
    drain_all(drainer)
    assert stages() == {"notified": 2}


def test_a_person_whom_a_forgotten_transaction_holds_holds_up_no_neighbour(database: str, worker: Worker) -> None:
    # Given a transaction that waits for its user, and holds what one case of ten must write
    made = clean(10)
    register(made)
    taken = file(*[each.body for each in made])
    drainer = worker()
    with psycopg.connect(database) as forgotten:
        forgotten.execute(
            "insert into person_claim (idcs, household_id, case_id) values (%s, 999, %s)",
            [made[3].persons[0].idcs, taken[3].case_id],
        )

        # When the queues are worked off a few times; on a busy machine the halves take more of them
        for _ in range(40):
            tried(drainer)
            if quarantined() == [[taken[3].case_id]]:
                break

        # Then that one waits by itself, where it stands, and no try is counted
        assert (stages()["notified"], len(stages())) == (9, 2)
        assert quarantined() == [[taken[3].case_id]]
        assert rows("select tries, parked from case_failure") == [(0, False)]
        forgotten.rollback()
    with after(seconds=120):
        drain_all(drainer)
    assert stages() == {"notified": 10}


def test_a_household_whose_turn_somebody_holds_holds_up_no_other(database: str, worker: Worker) -> None:
    # Given two households whose week before their removal is over, and somebody who holds the turn of one and froze
    made, receipts = clean(2), file_clean(2)
    drain_all(worker())
    removals = [declare(taken, removal(each.body)) for taken, each in zip(receipts, made, strict=True)]
    drain_all(worker())
    held = value("select household_id from cases where id = %s", removals[0].case_id)
    with after(days=7.1) as now:
        ring_timers()
        drainer = worker(["timers"])
        with psycopg.connect(database) as frozen:
            frozen.execute(LOCK_HOUSEHOLDS, [[held]])

            # When the queues are worked off a few times
            for _ in range(5):
                tried(drainer)

            # Then that one waits by itself, where it stands, and no try is counted
            assert [current_stage(each) for each in removals] == ["leaving", "fraud_checked"]
            assert quarantined() == [[removals[0].case_id]]
            assert rows("select tries, parked from case_failure") == [(0, False)]
    with after(seconds=120, since=now):
        drain_all(worker())
    assert [current_stage(each) for each in removals] == ["removed", "removed"]


def test_a_citizen_whose_households_turn_is_held_is_told_to_try_again(database: str, worker: Worker) -> None:
    (made,), (receipt,) = clean(1), file_clean(1)
    drain_all(worker())
    with psycopg.connect(database) as frozen:
        frozen.execute(LOCK_HOUSEHOLDS, [[value("select household_id from cases")]])
        with pytest.raises(Unavailable, match="turns") as told:
            declare(receipt, removal(made.body))
    assert not isinstance(told.value, DatabaseAway)


def removal(body: Body) -> ChangeRequest:
    """A household leaves the register."""
    return change_of(body, "removal", "request")


def test_a_transaction_that_outlives_its_bound_is_no_failure_of_its_cases(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_clean(4)
    monkeypatch.setitem(timeouts, "lock_timeout", "0")
    bound_transactions(1)
    drainer = worker()

    with locked(database, "event"), pytest.raises(DatabaseAway):
        drainer.drain("verification", 60)

    close_pool()
    assert (value("select count(*) from case_failure"), drainer.runner.counters["failures"]) == (0, 0)
    drain_all(drainer)
    assert stages() == {"notified": 4}


def test_a_statement_that_an_administrator_cancels_is_no_failure_of_its_cases(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_clean(4)
    monkeypatch.setitem(timeouts, "lock_timeout", "0")
    forget_settings()
    drainer, raised = worker(), list[Unavailable]()

    def work() -> None:
        raised.extend(tried(drainer))

    with locked(database, "event"):
        thread = Thread(target=work)
        thread.start()
        while not value("select count(pg_cancel_backend(pid)) from pg_locks where not granted"):
            time.sleep(0.01)
        rows("select pg_cancel_backend(pid) from pg_locks where not granted")
    thread.join()

    assert "statement_timeout" in str(raised[0])
    assert value("select count(*) from case_failure") == 0
    drain_all(drainer)
    assert stages() == {"notified": 4}


def ever_refused(error: type[psycopg.Error]) -> Callable[..., None]:
    """What stands in a register's way each time."""

    def refuse(*_: object) -> None:
        raise error("again")

    return refuse


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("set_apart", [False, True])
def test_whoever_is_told_to_try_again_without_end_tries_a_few_times_and_lets_go(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch, size: int, set_apart: bool
) -> None:
    """Recursion without end would hold the thread, deaf to SIGTERM, until Python's own bound of it."""
    taken = file_clean(size)
    if set_apart:
        rows("update cases set ready = false")
        rows(
            "insert into attempt (queue, case_ids, at) values ('verification', %s, now())",
            [each.case_id for each in taken],
        )
    monkeypatch.setattr("workflows.queue.batch.work", ever_refused(psycopg.errors.DeadlockDetected))
    drainer, ended = worker(), Event()

    def drain() -> None:
        tried(drainer)
        ended.set()

    Thread(target=drain, daemon=True).start()

    assert ended.wait(60)
    monkeypatch.undo()
    assert value("select count(*) from attempt where worker_id is not null") == 0
    assert value("select count(*) from case_failure where tries > 0 or parked") == 0
    with after(seconds=120):
        tried(drainer)  # a lane that was passed over last is told once more
        drain_all(drainer)
    assert stages() == {"notified": size}


def test_a_person_or_a_file_that_meets_a_locked_table_is_told_so(database: str) -> None:
    with locked(database, "event"), pytest.raises(DatabaseAway, match="pg_locks"):
        transact(lambda connection: connection.execute("delete from event"))
