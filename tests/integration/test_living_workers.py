"""Who lives and who is dead: a worker that lost its connection signs on again, one that stays silent is dead in the
end.
"""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace

import psycopg
import pytest

from benchmarks.prepared import Workers, alive_pids, working
from models import clock, priority
from models.connection import timeouts
from models.database import autocommit_connection
from models.errors import Unavailable
from models.priority import lower_session, session_priority
from tasks import worker as process
from tasks.sweep import SIGN_ON_AGAIN, FailureDetector, sweep
from tests.filing import Worker, a_drainer, died_on, drain_all, file_clean, hang_up, quarantined, rows, stages, value
from workflows.queue import attempts
from workflows.queue.attempts import Attempts


def test_a_worker_that_lost_its_connection_is_not_dead(database: str, broker: str, worker: Worker) -> None:
    # Given a worker whose connection is gone, as all are when the database restarts
    (taken,) = file_clean(1)
    drainer = worker()
    book = drainer.runner.attempts
    book.begin("verification", [taken.case_id], clock.now())
    hang_up(drainer)
    detector = FailureDetector()

    # When the sweep comes before its next heartbeat, and after it
    sweep(detector)
    assert value("select count(*) from attempt where worker_id is not null") == 1
    book.heartbeat(clock.now(), {})
    sweep(detector)

    # Then what it had in hand was given back by itself, and counts against nobody
    assert quarantined() == [[taken.case_id]]
    assert value("select count(*) from case_failure") == 0
    drain_all(worker())
    assert stages() == {"notified": 1}


def test_a_worker_that_lost_its_connection_signs_on_anew(database: str, worker: Worker) -> None:
    book = worker().runner.attempts
    first = book.sign_on_once()
    assert book.connection is not None
    with autocommit_connection() as other:
        other.execute("select pg_terminate_backend(%s)", [book.connection.info.backend_pid])

    with pytest.raises(Unavailable):
        book.heartbeat(value("select now()"), {})

    assert book.sign_on_once() != first


def test_a_worker_whose_sign_on_breaks_off_still_gives_back_what_it_held(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a worker that lost its connection, and loses the next one before it has handed over
    (taken,) = file_clean(1)
    drainer = worker()
    drainer.runner.attempts.begin("verification", [taken.case_id], clock.now())
    hang_up(drainer)
    monkeypatch.setattr(
        attempts, "QUARANTINE_ALL_OF_WORKER", "select pg_terminate_backend(pg_backend_pid()) where %s::bigint > 0"
    )
    with pytest.raises(Unavailable):
        drainer.runner.attempts.sign_on_once()

    # When the third one holds
    monkeypatch.undo()
    drainer.runner.attempts.sign_on_once()

    # Then nothing stands under a number of which nobody would know that its worker lives
    assert quarantined() == [[taken.case_id]]


def test_what_could_not_be_given_back_is_given_back_with_the_next_heartbeat_and_only_once(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an attempt that could not end, because somebody held the table
    monkeypatch.setitem(timeouts, "lock_timeout", "200ms")
    (taken,) = file_clean(1)
    book = worker().runner.attempts
    begun = book.begin("verification", [taken.case_id], clock.now())
    with psycopg.connect(database) as holder:
        holder.execute("lock table attempt in share mode")
        with pytest.raises(Unavailable):
            book.give_back(begun)
    assert value("select count(*) from attempt") == 1

    # When the table is free again
    book.heartbeat(clock.now(), {})

    # Then it has ended, and there is nothing left to do
    assert value("select count(*) from attempt") == 0
    assert book.postponed == []


def test_nothing_is_entered_under_a_number_that_another_thread_has_just_lost(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, sign_on_once, threads = worker().runner.attempts, Attempts.sign_on_once, list[Thread]()

    def lose() -> None:
        with book.lock:
            assert book.connection is not None
            book.connection.close()

    def and_then_lost(self: Attempts) -> int:
        given = sign_on_once(self)
        if not threads:
            threads.append(Thread(target=lose))
            threads[0].start()
            threads[0].join(0.5)
        return given

    monkeypatch.setattr(Attempts, "sign_on_once", and_then_lost)
    book.begin("verification", [1], clock.now())
    threads[0].join()

    assert rows("select worker_id from attempt") == rows("select id from worker")


def test_an_error_that_is_not_about_the_connection_is_told_as_what_it_is_and_keeps_the_number(
    database: str, worker: Worker
) -> None:
    book = worker().runner.attempts
    before = book.sign_on_once()

    with pytest.raises(psycopg.errors.DivisionByZero):
        book.execute("do $$ begin raise exception using errcode = '22012'; end $$", [])

    assert book.sign_on_once() == before


def test_a_heartbeat_survives_any_error_of_its_own_and_tells_its_class_and_place(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    drainer, stop, said = worker(), Event(), list[str]()

    def heartbeat(self: Attempts, *_: object) -> None:
        if len(said) > 1:
            stop.set()
        raise [ValueError("Fatima"), Unavailable("away"), KeyError("Fatima")][len(said)]

    monkeypatch.setattr(Attempts, "heartbeat", heartbeat)
    monkeypatch.setattr(process, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(
        process,
        "log",
        SimpleNamespace(
            warning=lambda event: said.append(event), error=lambda event, error: said.append(f"{event}: {error}")
        ),
    )

    process.heartbeat(drainer, stop)

    assert said == [
        "the heartbeat failed: ValueError in heartbeat",
        "database away",
        "the heartbeat failed: KeyError in heartbeat",
    ]


def test_whoever_stays_silent_is_dead_in_the_end(database: str, broker: str) -> None:
    (taken,) = file_clean(1)
    died_on("verification", taken.case_id)
    detector = FailureDetector()

    sweep(detector)
    assert value("select count(*) from case_failure") == 0
    detector.silent_since = {worker_id: since - SIGN_ON_AGAIN for worker_id, since in detector.silent_since.items()}
    sweep(detector)

    assert rows("select case_id, tries from case_failure") == [(taken.case_id, 1)]


def test_a_process_of_our_own_that_ended_is_dead_at_once(database: str, broker: str) -> None:
    (taken,) = file_clean(1)
    died_on("verification", taken.case_id)
    ((process,),) = rows("select process from worker")

    sweep(FailureDetector(ended={process}))

    assert rows("select case_id, tries from case_failure") == [(taken.case_id, 1)]


def test_a_process_that_ended_under_the_host_name_and_number_of_another_takes_nobody_along(
    database: str, broker: str
) -> None:
    """Two containers of one host name: in each, the first process is number 1.

    The other one has lost its connection and will sign on again.
    """
    (taken,) = file_clean(1)
    drainer = a_drainer()
    there = drainer.runner.attempts
    there.process = "of another container"
    there.begin("verification", [taken.case_id], clock.now())
    hang_up(drainer)
    here = Attempts(there.host, there.pid, {"verification"}, clock.now())
    here.sign_on_once()

    sweep(FailureDetector(ended={here.process}))

    assert value("select count(*) from case_failure") == 0
    assert value("select worker_id from attempt") is not None
    here.sign_off()


def test_a_worker_that_ends_in_good_order_leaves_no_page(database: str, worker: Worker) -> None:
    file_clean(1)
    drainer = worker()
    drain_all(drainer)

    drainer.runner.attempts.sign_off()

    assert value("select count(*) from worker") == 0


def test_a_worker_told_to_stop_takes_no_further_batch(database: str, worker: Worker) -> None:
    file_clean(6)
    drainer = worker(batch=2)
    drainer.stopping = True

    assert drainer.drain("verification", 60) is True or stages() == {"submitted": 6}
    assert stages() == {"submitted": 6}


GIVES_WAY = """
import os, sys
from models.priority import give_way, session_priority
ours = os.getpid()
wanted, before = int(sys.argv[1]), session_priority(ours)
for nice in (0, wanted, wanted - 1):
    give_way(nice)
print(os.getpriority(os.PRIO_PROCESS, 0), before, session_priority(ours))
"""


def lower_than_ours() -> int:
    """A priority that is lower than that of the tests, which may run at a low one."""
    return min(os.getpriority(os.PRIO_PROCESS, 0) + 3, 19)


@pytest.mark.parametrize("leads", [True, False], ids=["its session", "no session"])
def test_workers_give_way_by_as_much_as_is_set_and_their_session_where_it_is_their_own(leads: bool) -> None:
    wanted = str(lower_than_ours())
    command = [sys.executable, "-c", GIVES_WAY, wanted]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=leads)
    nice, before, after = ran.stdout.split()
    assert nice == wanted
    assert after == (wanted if leads and before != "None" else before)


def test_where_the_processor_is_not_shared_by_sessions_the_process_alone_gives_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in many containers, where Linux gives the file and nothing in it."""
    monkeypatch.setattr(priority, "PROCESSES", tmp_path)
    assert session_priority(1) is None
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "autogroup").touch()
    assert session_priority(1) is None


def test_a_change_of_a_sessions_priority_is_tried_again_where_it_comes_too_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1").mkdir()
    said = tmp_path / "1" / "autogroup"
    said.write_text("/autogroup-7 nice 0\n", encoding="ascii")
    slept: list[float] = []

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(priority, "PROCESSES", tmp_path)
    monkeypatch.setattr(time, "sleep", slept.append)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", refuse)
        with pytest.raises(BlockingIOError):
            lower_session(1, 10)
    assert len(slept) == priority.TRIES - 1
    lower_session(1, 10)
    assert said.read_text(encoding="ascii") == "10"


SERVED = """
import os, sys
from models.database import autocommit_connection, transaction
from models.priority import session_priority
os.setpriority(os.PRIO_PROCESS, 0, int(sys.argv[1]))
with transaction() as pooled, autocommit_connection() as other:
    for each in (pooled, other):
        print(os.getpriority(os.PRIO_PROCESS, each.info.backend_pid), session_priority(each.info.backend_pid))
"""


def test_the_database_serves_who_gives_way_after_others(database: str) -> None:
    ours, lowered = os.getpriority(os.PRIO_PROCESS, 0), lower_than_ours()
    for nice in (lowered, ours):
        ran = subprocess.run([sys.executable, "-c", SERVED, str(nice)], capture_output=True, text=True, check=True)
        for said in ran.stdout.splitlines():
            priority_, of_session = said.split()
            assert priority_ == str(nice)
            assert of_session == "None" or nice == ours or of_session == priority_


def test_the_worker_processes_of_a_command_give_way(
    database: str, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_NICE", "0")  # what the command is given is undone
    with working(Workers(processes=1), nice=lower_than_ours()):
        (process_id,) = alive_pids()
        assert os.getpriority(os.PRIO_PROCESS, process_id) == lower_than_ours()
        assert session_priority(process_id) in (None, lower_than_ours())
