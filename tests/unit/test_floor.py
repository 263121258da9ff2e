"""The threads of a process work side by side or one alone, and a thread that hangs stops none of the others for long."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from workflows import floor
from workflows.floor import Floor


def test_whoever_is_alone_waits_for_the_others_and_lets_nobody_in() -> None:
    the_floor, inside, leave, order = Floor(), Event(), Event(), []

    def beside() -> None:
        with the_floor.beside_others():
            inside.set()
            leave.wait(5)
            order.append("beside")

    def alone() -> None:
        with the_floor.alone():
            order.append("alone")

    with ThreadPoolExecutor(2) as threads:
        threads.submit(beside)
        inside.wait(5)
        threads.submit(alone)
        leave.set()

    assert order == ["beside", "alone"]
    assert (the_floor.working, the_floor.reserved, the_floor.held_up) == (0, False, False)


def test_a_thread_that_hangs_beside_holds_up_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor, "PATIENCE", 0.05)
    the_floor = Floor()

    with the_floor.beside_others():  # hangs
        with the_floor.alone():
            assert the_floor.held_up
        monkeypatch.setattr(floor, "PATIENCE", 3600.0)  # waited once in vain, nobody waits again
        with the_floor.alone(), the_floor.beside_others():
            pass
        assert the_floor.held_up

    assert (the_floor.working, the_floor.reserved, the_floor.held_up) == (0, False, False)


def test_a_thread_that_hangs_alone_holds_up_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor, "PATIENCE", 0.05)
    the_floor = Floor()

    with the_floor.alone():  # hangs
        with the_floor.beside_others():
            pass
        monkeypatch.setattr(floor, "PATIENCE", 3600.0)
        with the_floor.beside_others():
            pass
        assert the_floor.held_up

    assert (the_floor.working, the_floor.reserved, the_floor.held_up) == (0, False, False)
