"""A worker that dies is started again, at first at once and then ever more patiently."""

import os
from collections.abc import Iterator
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from models.errors import Broken
from tasks import supervisor, watchdog
from tasks.schedule import Schedule
from tasks.supervisor import LONGEST_BACK_OFF, STABLE_SECONDS, Slot, Supervisor


class World:
    """A clock, and processes that live until they are told to die."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.started: list[SimpleNamespace] = []

    def monotonic(self) -> float:
        return self.now

    def start(self, command: list[str], **options: object) -> SimpleNamespace:
        process = SimpleNamespace(pid=len(self.started) + 1, returncode=None, command=command, options=options)
        process.poll = lambda: process.returncode
        reads, writes = os.pipe()
        process.stdout = os.fdopen(reads, "rb", buffering=0)
        process.stdin = os.fdopen(writes, "wb", buffering=0)
        process.kill = self.kill
        process.stdin.write(f"process-{process.pid}\n".encode())
        self.started.append(process)
        return process

    def kill(self) -> None:
        self.started[-1].returncode = -9


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World()
    monkeypatch.setattr(supervisor, "time", SimpleNamespace(monotonic=world.monotonic))
    monkeypatch.setattr(supervisor, "subprocess", SimpleNamespace(Popen=world.start, DEVNULL=-3, PIPE=-1))
    yield world
    for process in world.started:
        process.stdin.close()
        process.stdout.close()


def dies_after(world: World, slot: Slot, seconds: float) -> float:
    """The process in this place lives so long and dies; how long the place then stays empty."""
    world.now += seconds
    world.kill()
    assert slot.tend() == f"process-{len(world.started)}"
    died = world.now
    count = len(world.started)
    while len(world.started) == count:
        world.now += 0.01
        slot.tend()
    return round(world.now - died, 1)


def test_an_empty_place_is_filled_at_once_in_a_group_of_its_own(world: World) -> None:
    slot = Slot(["sijil", "process"])
    assert slot.tend() is None
    assert world.started[0].command == ["sijil", "process"]
    assert world.started[0].options["start_new_session"] is True  # Ctrl-C reaches the supervisor, which lets it finish


def test_a_process_that_lives_is_left_alone(world: World) -> None:
    slot = Slot(["x"])
    slot.tend()
    for _ in range(100):
        world.now += 10
        world.started[0].stdin.write(b"process-1\n")
        assert slot.tend() is None
    assert len(world.started) == 1


def test_a_process_that_says_nothing_for_a_minute_is_frozen_and_ended(world: World) -> None:
    slot = Slot(["x"])
    for _ in range(3):
        slot.tend()
        world.now += 30
    assert world.started[0].returncode is None
    slot.tend()
    world.now += 31
    slot.tend()
    assert world.started[0].returncode == -9
    assert slot.tend() == "process-1"


def test_a_supervisor_that_was_itself_stopped_for_long_takes_nobody_for_frozen(world: World) -> None:
    slot = Slot(["x"])
    slot.tend()
    slot.tend()
    world.now += 1000
    world.started[0].stdin.write(b"process-1\n")
    slot.tend()
    assert world.started[0].returncode is None


def test_a_process_whose_first_word_is_none_ends_no_supervisor(world: World) -> None:
    """As where something that the interpreter loads by itself prints an empty line."""
    slot = Slot(["x"])
    slot.tend()
    slot.tend()
    slot.name = ""
    world.started[0].stdin.write(b"\n")
    assert slot.tend() is None
    world.started[0].stdin.write(b"process-1\n")
    slot.tend()
    assert slot.name == "process-1"


def test_where_the_system_gives_no_thread_the_daily_jobs_wait_and_the_supervisor_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A limit on processes counts threads, too."""

    def refused(thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refused)
    schedule = Schedule(Event())

    schedule.tend()

    assert schedule.thread is None
    schedule.end(1.0)


def test_where_the_system_gives_no_process_the_place_is_tried_again_and_the_others_go_on() -> None:
    slot = Slot(["/nowhere/such-a-program"])
    for _ in range(3):
        slot.not_before = 0.0
        assert slot.tend() is None
    assert slot.process is None
    assert slot.back_off > 0.1
    slot.command, slot.not_before = ["true"], 0.0
    assert slot.tend() is None
    assert slot.process
    assert slot.process.wait() == 0
    slot.note_exit(slot.process)


def test_a_place_whose_process_keeps_dying_is_refilled_ever_more_patiently_up_to_a_bound(world: World) -> None:
    slot = Slot(["x"])
    slot.tend()
    waits = [dies_after(world, slot, 0.5) for _ in range(9)]
    assert waits[:4] == [0.2, 0.4, 0.8, 1.6]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_BACK_OFF


def test_a_process_that_lived_long_is_replaced_quickly_again(world: World) -> None:
    slot = Slot(["x"])
    slot.tend()
    for _ in range(6):
        dies_after(world, slot, 0.5)
    assert dies_after(world, slot, STABLE_SECONDS + 1) == 0.1


def test_a_death_is_told_once(world: World) -> None:
    slot = Slot(["x"])
    slot.tend()
    world.kill()
    assert slot.tend()
    assert not slot.tend()


def test_a_sweep_that_fails_stops_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor lives on, and the next round tries again: were it to end, all its workers would."""
    supervised = Supervisor([], 0)
    rounds: list[int] = []

    def fails(*_: object) -> None:
        rounds.append(len(rounds))
        if len(rounds) == 3:
            supervised.stop.set()
        raise KeyError("a stage that this version does not know")

    monkeypatch.setattr(supervisor, "sweep", fails)
    monkeypatch.setattr(supervisor, "SWEEP_SECONDS", 0.0)
    monkeypatch.setattr(Schedule, "tend", lambda self: None)

    supervised.run()

    assert rounds == [0, 1, 2]


def test_a_sweep_that_hangs_holds_up_no_worker_and_ends_the_supervisor_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    supervised, let_go = Supervisor([], 0), Event()
    monkeypatch.setattr(supervisor, "sweep", lambda *_: let_go.wait(60))
    monkeypatch.setattr(supervisor, "SWEEP_LONGEST", 0.1)
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 1.0)
    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(watchdog, "cancel_blocked_statements", list)
    monkeypatch.setattr(Schedule, "tend", lambda self: None)

    with pytest.raises(Broken, match="'sweep'"):
        supervised.run()

    let_go.set()
