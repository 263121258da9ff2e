"""A fault that strikes everybody at a stage, as after a deploy: the stage is held, nobody's tries are used up, and it
goes on by itself once one succeeds.
"""

from types import SimpleNamespace

import pytest

from models.database import transaction
from tasks.sweep import FailureDetector, sweep
from tests.filing import Worker, drain_all, file_clean, healthy, rows, stages, value
from tests.integration.registers import Register
from tests.integration.running import Run
from tests.people import after
from web.metrics import held_stage_metrics
from workflows.queue import holds
from workflows.queue.drain import Drainer
from workflows.queue.failures import wait_after
from workflows.queue.holds import ALIKE


@pytest.fixture
def faulty() -> Register:
    """A register's adapter with a fault, whoever is asked about."""
    return Register("nobody", errors=[KeyError("a fault of the deploy")] * 10_000)


def held() -> list[str]:
    """The stages that are held."""
    return [stage for (stage,) in rows("select stage from held_stage order by 1")]


def a_minute(drainer: Drainer, minutes: float) -> None:
    """The sweep, then the worker, so much later."""
    with after(seconds=60 * minutes):
        sweep(FailureDetector())
        drain_all(drainer)
        sweep(FailureDetector())


def test_where_twenty_fail_alike_the_stage_is_held_with_one_alarm_and_the_others_use_up_no_try(
    database: str, worker: Worker, faulty: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        holds,
        "log",
        SimpleNamespace(error=lambda event, **_: said.append(event), warning=lambda event, **_: said.append(event)),
    )
    file_clean(ALIKE + 8)

    drain_all(worker(adapters=faulty.adapters()))

    assert held() == ["submitted"]
    assert value("select count(*) from case_failure where tries > 0") == ALIKE
    assert said == ["a stage is held: all cases fail there alike"]


def test_one_success_among_them_and_it_is_not_held(database: str, worker: Worker) -> None:
    taken = file_clean(ALIKE + 12)
    there = Register("nobody")
    drainer = worker(adapters=there.adapters(), batch=1)
    for place, _ in enumerate(taken):
        if place != ALIKE - 1:
            there.errors = [KeyError("x"), KeyError("x")]
        drainer.one_batch("verification")

    assert value("select count(*) from case_failure") == ALIKE + 11
    assert held() == []


def test_a_different_case_probes_it_each_minute_and_nobody_is_ever_parked(
    database: str, broker: str, worker: Worker, faulty: Register
) -> None:
    file_clean(ALIKE + 3)
    drainer = worker(adapters=faulty.adapters())
    drain_all(drainer)
    probed = []

    for minute in range(1, 100):
        before = dict(rows("select case_id, at from case_failure"))
        asked = len(faulty.asked)
        a_minute(drainer, 1.1 * minute)
        assert len(faulty.asked) == asked + 1
        probed += [case_id for case_id, at in rows("select case_id, at from case_failure") if before.get(case_id) != at]
        if minute == ALIKE + 3:
            assert len(set(probed)) == ALIKE + 3

    assert stages() == {"submitted": ALIKE + 3}
    assert value("select max(tries) from case_failure") == 1
    assert held() == ["submitted"]
    assert healthy()


def test_who_comes_while_it_is_held_waits_and_one_success_ends_the_hold_for_all(
    database: str, broker: str, worker: Worker, faulty: Register
) -> None:
    file_clean(ALIKE)
    drain_all(worker(adapters=faulty.adapters()))
    file_clean(5, start=ALIKE + 5)
    faulty.errors.clear()
    drainer = worker(adapters=faulty.adapters())  # a restart: what is held is in the database
    drain_all(drainer)
    assert stages() == {"submitted": ALIKE + 5}

    a_minute(drainer, 1.1)
    assert held() == []
    assert stages()["notified"] == 1
    a_minute(drainer, 5)

    assert stages() == {"notified": ALIKE + 5}
    assert healthy()


def test_hundreds_of_bad_ones_in_a_row_do_not_keep_the_stage_held_for_those_behind_them(
    database: str, broker: str, worker: Worker
) -> None:
    """As in a file whose rows of one region all meet a fault: probed by rank, each would have its minute before the
    first of the others.
    """
    bad = {each.case_id for each in file_clean(80)}
    file_clean(80, start=80)
    there = Register("nobody")
    there.broken = frozenset(idcs for (idcs,) in rows("select applicant_idcs from cases where id = any(%s)", list(bad)))
    drainer = worker(adapters=there.adapters(), batch=40)
    drain_all(drainer)
    assert held() == ["submitted"]

    for minute in range(1, 21):
        a_minute(drainer, 1.1 * minute)
        if not held():
            break

    assert held() == []


def test_what_is_held_since_a_moment_to_come_is_probed_all_the_same(database: str, broker: str, worker: Worker) -> None:
    """The database's clock stood a year ahead when the stage was held, and has gone back since."""
    file_clean(3)
    rows(
        "insert into held_stage values ('registration', 'submitted', 'KeyError', now() + interval '1 year', 'infinity')"
    )

    drainer = worker()
    for minute in range(3):
        a_minute(drainer, 1.1 * minute)

    assert held() == []
    assert stages() == {"notified": 3}


@pytest.mark.parametrize("unanswered", [True, False])
def test_where_all_that_is_left_at_a_held_stage_is_quarantined_together_that_probes_it(
    database: str, broker: str, worker: Worker, unanswered: bool
) -> None:
    """Half of a dead worker's batch, or a piece about which a register was silent."""
    taken = file_clean(2)
    rows("update cases set ready = false")
    rows(
        "insert into attempt (queue, case_ids, at, unanswered) values ('verification', %s, now(), %s)",
        [each.case_id for each in taken],
        unanswered,
    )
    rows("insert into held_stage values ('registration', 'submitted', 'KeyError', now(), now())")
    drainer = worker()

    for minute in range(3):
        a_minute(drainer, 1.1 * minute)

    assert held() == []
    assert stages() == {"notified": 2}


def test_what_comes_to_a_held_stage_on_its_way_stops_before_it(database: str, worker: Worker) -> None:
    file_clean(3)
    rows("insert into held_stage values ('registration', 'scored', 'KeyError', now(), now() + interval '1 hour')")

    drain_all(worker())

    assert stages() == {"scored": 3}
    rows("delete from held_stage")
    drain_all(worker())
    assert stages() == {"notified": 3}


def test_a_hold_is_shown_by_queues_and_metrics(database: str, ready: Run) -> None:
    rows("insert into held_stage values ('registration', 'submitted', 'KeyError in compare', now(), now())")

    shown = next(each for each in ready("queues", "--json").json["queues"] if each["queue"] == "verification")
    assert (shown["state"], shown["held_stage"], shown["error"]) == ("held", "submitted", "KeyError in compare")
    assert "KeyError in compare" in ready("queues").out
    with transaction() as connection:
        (metric,) = held_stage_metrics(connection)
    assert [(sample.labels, sample.value) for sample in metric.samples] == [
        ({"kind": "registration", "stage": "submitted"}, 1)
    ]


def test_the_tries_are_spread_over_the_setting_and_deaths_are_not(database: str) -> None:
    assert [wait_after(tries, died=False).total_seconds() for tries in (1, 2, 3)] == [1, 8, 64]
    assert [wait_after(tries, died=True).total_seconds() for tries in (1, 2, 3)] == [2, 4, 8]
