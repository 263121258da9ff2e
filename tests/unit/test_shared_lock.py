"""The threads of a process work side by side or one alone, and a thread that hangs stops none of the
others for long.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from workflows.queue import sharedlock
from workflows.queue.sharedlock import SharedExclusiveLock


def test_whoever_is_alone_waits_for_the_others_and_lets_nobody_in() -> None:
    lock, inside, leave, order = SharedExclusiveLock(), Event(), Event(), []

    def beside() -> None:
        with lock.shared():
            inside.set()
            leave.wait(5)
            order.append("beside")

    def alone() -> None:
        with lock.exclusive():
            order.append("alone")

    with ThreadPoolExecutor(2) as threads:
        threads.submit(beside)
        inside.wait(5)
        threads.submit(alone)
        leave.set()

    assert order == ["beside", "alone"]
    assert (lock.working, lock.reserved, lock.held_up) == (0, False, False)


@pytest.fixture
def at_once() -> Iterator[None]:
    """The test took no time: who is not to wait did not wait."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("at_once")
def test_a_thread_that_hangs_beside_holds_up_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharedlock, "PATIENCE", 0.05)
    lock = SharedExclusiveLock()

    with lock.shared():  # hangs
        with lock.exclusive():
            assert lock.held_up
        monkeypatch.setattr(sharedlock, "PATIENCE", 3600.0)  # waited once in vain, nobody waits again
        with lock.exclusive(), lock.shared():
            pass
        assert lock.held_up

    assert (lock.working, lock.reserved, lock.held_up) == (0, False, False)


@pytest.mark.usefixtures("at_once")
def test_a_thread_that_hangs_alone_holds_up_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharedlock, "PATIENCE", 0.05)
    lock = SharedExclusiveLock()

    with lock.exclusive():  # hangs
        with lock.shared():
            pass
        monkeypatch.setattr(sharedlock, "PATIENCE", 3600.0)
        with lock.shared():
            pass
        assert lock.held_up

    assert (lock.working, lock.reserved, lock.held_up) == (0, False, False)
