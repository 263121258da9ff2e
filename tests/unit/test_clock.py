"""The time is the database's, where the host's own differs by more than a moment."""

from datetime import timedelta

import pytest

from models import clock


@pytest.fixture(autouse=True)
def own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose clock agrees; after the test the process goes by what it went by before."""
    monkeypatch.setattr(clock, "_host", clock.Host())


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_host_whose_clock_is_off_goes_by_the_database(minutes: int) -> None:
    before = clock.now()

    clock.synchronize(clock.system_now() + timedelta(minutes=minutes))

    assert abs(clock.now() - before - timedelta(minutes=minutes)) < clock.MOMENT


def test_less_than_a_moment_is_no_difference() -> None:
    before = clock.now()

    clock.synchronize(clock.system_now() + timedelta(milliseconds=400))

    assert clock.now() - before < timedelta(milliseconds=300)


def test_a_fixed_time_stays_fixed_and_its_shift_is_from_the_true_one() -> None:
    clock.synchronize(clock.system_now() + timedelta(minutes=5))
    moment = clock.system_now() + timedelta(days=1)
    with clock.at(moment):
        assert clock.now() == moment
        assert abs(clock.offset() - timedelta(days=1)) < clock.MOMENT
    assert clock.offset() == timedelta(0)
