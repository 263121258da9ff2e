"""Real processes: a worker works a case to its end, ends in good order, and is started again when it dies."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from benchmarks.slow_gateway import SLOW, slow_gateway
from models.database import transaction
from notifications.channels.sms_http import DEADLINE_SECONDS
from tasks import supervisor
from tasks.supervisor import Slot, stop_processes
from tasks.wake import wake
from tests.conftest import Servers
from tests.filing import MACHINE_PATH, current_stage, events_of, file_clean, healthy, rows, stages, value
from tests.integration.message_centre import MessageCentre, serving
from workflows.flows import DELIVERY, all_queues, case_queues
from workflows.queue.monitor import workers

pytestmark = pytest.mark.xdist_group("processes")
Start = Callable[..., "subprocess.Popen[bytes]"]
PATIENCE = 90.0


@pytest.fixture
def start(database: str, broker: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts our own modules as processes; whatever of them is left after the test is ended."""
    monkeypatch.setenv("SIJIL_GATEWAY_URL", "http://127.0.0.1:1")  # nobody
    started: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str, said: Path | None = None) -> "subprocess.Popen[bytes]":
        quiet = subprocess.DEVNULL
        with open(said or os.devnull, "wb") as errors:
            started.append(
                subprocess.Popen([sys.executable, "-m", *arguments], stdin=quiet, stdout=quiet, stderr=errors)
            )
        return started[-1]

    yield run
    left = [each["pid"] for each in alive()]
    for process in started:
        process.kill()
        process.wait()
    for pid in left:
        until(lambda pid=pid: not running(pid))  # type: ignore[misc]  # a lambda's default has no type


def until(condition: Callable[[], object]) -> None:
    """Waits for it; fails where it does not come."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def until_said(process: "subprocess.Popen[bytes]", file: Path, words: str) -> None:
    """Waits until a process that lives has said these words into its file."""
    until(lambda: words in file.read_text() or process.poll() is not None)
    assert process.poll() is None, file.read_text()


def alive() -> list[dict[str, object]]:
    """The workers that live."""
    with transaction() as connection:
        return [each for each in workers(connection) if each["alive"]]


def pids() -> list[int]:
    """Their process numbers."""
    return [int(str(each["pid"])) for each in alive()]


def running(pid: int) -> bool:
    """Whether the process is there, and not only waited for."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_worker_process_takes_a_case_to_its_end_when_woken_and_ends_in_good_order(start: Start) -> None:
    # Given a worker that has nothing to do
    process = start("tasks.worker", "verification", "scoring", "fraud", "approval", "notification")
    until(alive)

    # When an application comes and its queue is woken
    (taken,) = file_clean(1)
    wake("verification")

    # Then it is decided, with no sweep about
    until(lambda: current_stage(taken) == "notified")
    assert events_of(taken) == MACHINE_PATH

    # And on SIGTERM the worker signs off
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert value("select count(*) from worker") == 0


def test_a_worker_that_nobody_wakes_looks_at_its_queues_all_the_same(start: Start) -> None:
    """As where the broker is away or full: it is the database that has the queue."""
    (taken,) = file_clean(1)

    process = start("tasks.worker", *case_queues())

    until(lambda: current_stage(taken) == "notified")
    process.terminate()
    assert process.wait(PATIENCE) == 0


def test_a_worker_told_to_end_finishes_the_batches_in_hand(start: Start, tmp_path: Path) -> None:
    file_clean(300)
    said = tmp_path / "said"
    process = start("tasks.worker", "verification", "scoring", "fraud", "approval", "notification", said=said)
    until(alive)
    wake("verification")
    until(lambda: value("select count(*) from attempt") or stages() == {"notified": 300})
    in_hand = [case_id for (case_id,) in rows("select unnest(case_ids) from attempt")]

    process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE) == 0
    assert set(stages()) <= {"notified", "submitted"}  # carried through, or not begun
    finished = value("select count(*) from cases where id = any(%s) and stage = 'notified'", in_hand)
    assert finished == len(in_hand), said.read_text()
    assert rows("select * from attempt") == rows("select * from worker") == []
    assert healthy()


@pytest.mark.parametrize("how", SLOW)
def test_a_slow_gateway_holds_up_neither_decisions_nor_the_end_of_a_worker_of_one_thread(
    start: Start, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("SIJIL_THREADS", "1")
    with slow_gateway(how) as url:
        # Given a worker whose call is in the hands of a gateway that does not end it
        monkeypatch.setenv("SIJIL_GATEWAY_URL", url)
        file_clean(1)
        process = start("tasks.worker", *all_queues())
        until(alive)
        wake(DELIVERY)
        until(lambda: value("select count(*) from message where status = 'sending'"))

        # When an application comes, then it is decided while the call lasts
        (taken,) = file_clean(1, start=1)
        wake(case_queues()[0])
        until(lambda: current_stage(taken) == "notified")

        # And on SIGTERM the worker ends with the call's deadline
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert time.monotonic() - began < 3 * DEADLINE_SECONDS


def test_a_worker_sends_by_smpp_unbinds_at_its_end_and_tells_nobody_the_password(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chosen = {"SYSTEM_ID": "sijil", "PASSWORD": "s3cr3tpw", "SENDER": "RSU"}
    for name, setting in chosen.items():
        monkeypatch.setenv(f"SIJIL_SMPP_{name}", setting)
    monkeypatch.setenv("SIJIL_LOG_LEVEL", "debug")
    with serving(MessageCentre()) as centre:
        monkeypatch.setenv("SIJIL_GATEWAY_URL", f"smpp://127.0.0.1:{centre.port}")
        file_clean(5)
        process = start("tasks.worker", *all_queues(), said=tmp_path / "said")
        until(alive)
        wake(DELIVERY)
        until(lambda: not value("select count(*) from message where channel = 'sms' and status <> 'sent'"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        until(lambda: centre.unbound == 1)
    assert centre.bound == ["sijil"]
    assert "s3cr3tpw" not in (tmp_path / "said").read_text(encoding="utf-8")
    parts = [(each.destination_addr, bytes(each.short_message)) for each in centre.accepted]
    assert len(set(parts)) == len(parts) > 0


@pytest.fixture
def slots(start: Start) -> Iterator[list[Slot]]:
    """Two places for workers, both filled and heard of."""
    made = [Slot([sys.executable, "-m", "tasks.worker", "verification"]) for _ in range(2)]
    until(lambda: [slot.tend() for slot in made] and all(slot.name for slot in made) and len(alive()) == 2)
    yield made
    stop_processes([slot.process for slot in made if slot.process], 10)
    for slot in made:
        if slot.process and slot.process.stdout:
            slot.process.stdout.close()


def test_a_worker_that_is_stopped_is_told_from_one_that_lives_and_is_ended(
    slots: list[Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given two workers, of which one is stopped: it keeps its lock, and looks alive
    monkeypatch.setattr(supervisor, "FROZEN_SECONDS", 6.0)
    stopped, living = slots
    assert stopped.process
    assert living.process
    names, numbers = [slot.name for slot in slots], [slot.process.pid for slot in slots if slot.process]
    os.kill(stopped.process.pid, signal.SIGSTOP)

    # When they are tended for longer than a worker may be silent
    died: list[str | None] = []

    def tend() -> bool:
        died[:] = [slot.tend() for slot in slots]
        return any(died)

    until(tend)

    # Then only that one was ended, and is known by what it called itself
    assert died == [names[0], None]
    assert not running(numbers[0])
    assert living.process.pid == numbers[1]
    assert rows("select pid from worker where process = %s", died[0]) == [(numbers[0],)]


def test_workers_whose_heartbeats_a_lock_holds_up_are_not_taken_for_frozen(
    slots: list[Slot], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FROZEN_SECONDS", 4.0)
    before = [slot.process for slot in slots]
    with psycopg.connect(database) as holder:
        holder.execute("lock table worker, attempt in access exclusive mode")
        until_then = time.monotonic() + 8
        until(lambda: [slot.tend() for slot in slots] and time.monotonic() > until_then)

    assert [slot.process for slot in slots] == before


def test_a_process_in_which_no_thread_gets_a_turn_ends_itself() -> None:
    """A library that keeps the interpreter's lock: nothing written in Python can end it."""
    script = """
import ctypes, threading, time
from tasks import watchdog
watchdog.REARM_SECONDS, watchdog.NO_TURN_SECONDS = 0.05, 2.0
threading.Thread(target=watchdog.run_watchdog, args=(threading.Event(),), daemon=True).start()
time.sleep(3)
print("alive while threads run", flush=True)
ctypes.PyDLL(None).sleep(30)
"""
    began = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert time.monotonic() - began < 29
    assert ended.stdout == "alive while threads run\n"
    assert "Timeout" in ended.stderr


def test_a_worker_that_is_killed_is_started_again_and_its_work_goes_on(start: Start) -> None:
    # Given a supervisor with one worker
    supervisor = start("sijil", "work", "--processes", "1")
    until(alive)
    (first,) = pids()

    # When the worker is killed
    os.kill(first, signal.SIGKILL)

    # Then another one takes its place, and works
    until(lambda: pids() and pids() != [first])
    (taken,) = file_clean(1)
    wake("verification")
    until(lambda: current_stage(taken) == "notified")

    # And both end when the supervisor is told to
    (second,) = pids()
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(PATIENCE) == 0
    assert not running(second)
    assert rows("select pid from worker where pid = %s", second) == []


def test_work_that_starts_before_its_servers_waits_for_them(
    start: Start, database: str, broker: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an outage of everything: a service manager gives up on what ends again and again."""
    # Given a database and a broker, each behind a path that is not there yet
    for name, url, folder in (
        ("SIJIL_DATABASE_URL", database, servers.postgres.sockets),
        ("SIJIL_BROKER_URL", broker, servers.valkey.sockets),
    ):
        monkeypatch.setenv(name, url.replace(str(folder), str(tmp_path / folder.parent.name)))
    said = tmp_path / "said"
    process = start("sijil", "work", "--processes", "1", said=said)

    # When it says of each that it waits, and it comes
    for name, folder in (("database", servers.postgres.sockets), ("broker", servers.valkey.sockets)):
        until_said(process, said, f"The {name} ")
        (tmp_path / folder.parent.name).symlink_to(folder)

    # Then it works
    (taken,) = file_clean(1)
    until(lambda: current_stage(taken) == "notified")


def test_a_portal_says_once_where_it_listens_and_then_answers_there(start: Start, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    said = tmp_path / "said"
    portal = start("sijil", "serve", "--port", address.rpartition(":")[2], said=said)

    until(lambda: said.read_text().endswith("\n") or portal.poll() is not None)

    (line,) = said.read_text().splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["address"], entry["level"]) == ("portal ready", address, "info")
    assert httpx.get(f"{address}/health/ready").status_code == 200
    portal.send_signal(signal.SIGINT)
    assert portal.wait(PATIENCE) == 0


def test_the_sweep_gives_back_what_a_dead_worker_held_and_wakes_the_next(start: Start) -> None:
    """The page of a worker of another machine, which died with three cases in hand. Nobody else wakes the queue."""
    taken = file_clean(3)
    rows(
        "insert into attempt (worker_id, queue, case_ids, at) values (4711, 'verification', %s, now())",
        [each.case_id for each in taken],
    )
    rows("update cases set ready = false")

    start("sijil", "work", "--processes", "1")

    until(lambda: stages() == {"notified": 3})
    until(lambda: value("select count(*) from attempt") == 0)
    assert value("select count(*) from case_failure") == 0


def test_a_worker_whose_supervisor_was_killed_ends_by_itself(start: Start) -> None:
    supervisor = start("sijil", "work", "--processes", "1", "--queues", "verification,scoring")
    until(alive)
    (pid,) = pids()
    assert alive()[0]["queues"] == ["scoring", "verification"]

    supervisor.kill()
    supervisor.wait()

    until(lambda: not running(pid))
