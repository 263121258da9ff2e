"""The sweep finds what nobody was woken for: work that is due, timers that are over, what the dead held."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import redis

from models import clock
from models.database import close_pool, transaction
from tasks.broker import broker as the_broker
from tasks.sweep import MESSAGES_DUE, SIGN_ON_AGAIN, SWEEP_LOCK, FailureDetector, sweep
from tasks.wake import wake
from tests.filing import Worker, drain_all, file_clean, rows, stages, value
from tests.integration.waking import waiting
from tests.people import after
from tests.terms import reminded
from workflows.queue.attempts import WORKER_LOCK
from workflows.queue.failures import delete_obsolete_failures

pytestmark = pytest.mark.usefixtures("database", "broker")


def test_the_sweep_wakes_every_queue_with_work_and_no_other(worker: Worker) -> None:
    file_clean(1)
    worker({"verification"}).drain("verification", 60)
    rows("update message set status = 'sent'")

    sweep(FailureDetector())

    assert waiting() == {"scoring": 1}


def test_the_sweep_wakes_the_delivery_where_a_message_is_owed(worker: Worker) -> None:
    file_clean(1)
    drain_all(worker())

    sweep(FailureDetector())

    assert waiting() == {"delivery": 1}


def test_the_sweep_wakes_nobody_where_nothing_is_to_do() -> None:
    sweep(FailureDetector())

    assert waiting() == {}


def test_the_sweep_does_not_wake_a_paused_queue() -> None:
    file_clean(1)
    rows("update message set status = 'sent'")
    rows("insert into paused_queue values ('verification', now(), 'operator:x')")

    sweep(FailureDetector())

    assert waiting() == {}


def test_the_sweep_rings_timers_and_back_offs_once_they_are_over(worker: Worker) -> None:
    # Given a case that waits for its citizen
    file_clean(1)
    rows("delete from person")
    drain_all(worker())
    rows("update message set status = 'sent'")
    assert stages() == {"needs_correction": 1}

    sweep(FailureDetector())
    assert waiting() == {}

    with after(reminded("correction")):
        sweep(FailureDetector())
    assert waiting() == {"timers": 1}


def long_silent(worker_id: int) -> FailureDetector:
    """A detector who has not heard of this worker for as long as it takes."""
    return FailureDetector(silent_since={worker_id: clock.now() - SIGN_ON_AGAIN})


def test_the_sweep_gives_back_what_a_dead_worker_held_and_wakes_its_queue() -> None:
    (taken,) = file_clean(1)
    rows("update message set status = 'sent'")
    second = file_clean(1, 5)[0]
    rows("update message set status = 'sent'")
    rows(
        "insert into attempt (worker_id, queue, case_ids, at) values (4711, 'verification', %s, now())",
        [taken.case_id, second.case_id],
    )

    sweep(long_silent(4711))

    assert waiting() == {"verification": 1}
    assert rows("select worker_id, case_ids from attempt order by id") == [
        (None, [taken.case_id]),
        (None, [second.case_id]),
    ]


def test_the_sweep_counts_a_death_alone_and_forgets_failures_that_are_over(worker: Worker) -> None:
    (taken,) = file_clean(1)
    rows(
        "insert into attempt (worker_id, queue, case_ids, at) values (4711, 'verification', %s, now())", [taken.case_id]
    )
    sweep(long_silent(4711))
    assert rows("select tries, error, parked from case_failure") == [(1, "worker died", False)]

    with after(seconds=5):
        drain_all(worker())
        sweep(FailureDetector())

    assert stages() == {"notified": 1}
    assert value("select count(*) from case_failure") == 0


def test_only_one_sweep_runs_at_a_time() -> None:
    file_clean(1)
    with transaction() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [SWEEP_LOCK])
        sweep(FailureDetector())
        assert waiting() == {}

    sweep(FailureDetector())
    assert "verification" in waiting()


def connect_anew() -> None:
    """Opens a connection to the database."""
    close_pool()
    rows("select 1")


def test_whoever_connects_beats_or_sweeps_goes_by_the_databases_clock(
    database: str, broker: str, worker: Worker
) -> None:
    """A timer that one host rings must have come for the one that decides on it."""
    drainer = worker()
    drainer.runner.attempts.heartbeat(clock.now(), {})

    def heard(word: Callable[[], object]) -> timedelta:
        clock.synchronize(clock.system_now() + timedelta(minutes=5))
        word()
        told = clock.now()
        true: datetime = value("select clock_timestamp()")
        return abs(told - true)

    assert heard(lambda: drainer.runner.attempts.heartbeat(clock.now(), {})) < clock.MOMENT
    assert heard(lambda: sweep(FailureDetector())) < clock.MOMENT
    assert heard(connect_anew) < clock.MOMENT


def test_a_worker_that_holds_its_lock_is_alive_for_every_sweep(worker: Worker) -> None:
    (taken,) = file_clean(1)
    book = worker().runner.attempts
    book.begin("verification", [taken.case_id], value("select now()"))

    sweep(FailureDetector())

    assert rows("select worker_id from attempt") == [(book.worker_id,)]
    assert value("select count(*) from pg_locks where locktype = 'advisory' and classid = %s", WORKER_LOCK) == 1


def test_wiping_the_broker_loses_no_work(worker: Worker) -> None:
    file_clean(3)
    wake("verification")
    client: redis.Redis = the_broker().client
    for key in client.scan_iter(f"{the_broker().namespace}:*"):
        client.delete(key)
    assert waiting() == {}

    sweep(FailureDetector())

    assert "verification" in waiting()


def test_the_sweep_forgets_workers_of_whom_nothing_was_heard_for_ten_minutes_and_that_hold_nothing() -> None:
    seen = (
        "insert into worker (host, pid, queues, since, seen_at, counters) values ('x', 1, '{}', now(), now() - "
        "%s::interval, '{}') returning id"
    )
    value(seen, "11 minutes")
    late, holding = value(seen, "9 minutes"), value(seen, "11 minutes")
    rows("insert into attempt (worker_id, queue, case_ids, at) values (%s, 'scoring', '{1}', now())", holding)

    sweep(FailureDetector())

    assert rows("select id from worker order by id") == [(late,), (holding,)]


def test_whether_a_message_is_due_is_read_by_time_under_a_plan_for_all_parameters_too() -> None:
    """A connection that has swept often plans once for all: then the database sees no values."""
    file_clean(1)
    rows("""
        insert into message (case_id, seq, template, channel, language, status, rank, due_at)
        select n, 1, 'received', 'sms', 'ar', 'owed', now(), now() + interval '1 day'
            from generate_series(1000, 40000) as n
    """)
    rows("analyze message")

    with transaction() as connection:
        connection.execute("set local plan_cache_mode = force_generic_plan")
        connection.execute("prepare owing (timestamptz) as " + MESSAGES_DUE.replace("%s", "$1"))
        told = connection.execute("explain (format json) execute owing (now())").fetchall()
        connection.execute("deallocate owing")

    assert "message_due_by_time" in json.dumps(told)


def test_failures_are_looked_at_a_part_at_a_time_and_all_that_are_over_go_in_the_end() -> None:
    first, second = file_clean(2)
    noted = "insert into case_failure (case_id, kind, stage, version, tries, error, traceback, at, parked) select"
    rows(f"{noted} id, kind, 'submitted', version - 1, 1, 'x', '', now(), false from cases")
    rows(
        f"{noted} %s + n, 'registration', 'submitted', 1, 1, 'x', '', now(), false from generate_series(1, 3) as n",
        second.case_id,
    )

    after_case = 0
    with transaction() as connection:
        for left, last in ((4, first.case_id), (3, second.case_id), (3, second.case_id + 1)):
            after_case = delete_obsolete_failures(connection, after_case, 1)
            assert after_case == last
            assert connection.execute("select count(*) from case_failure").fetchone() == (left,)
        assert delete_obsolete_failures(connection, after_case + 10, 1) == 0
