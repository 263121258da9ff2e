"""What operators see of the queues, the delivery of messages among them, and how they hold one back."""

import json
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from models import clock
from models.database import transaction
from models.errors import Refused
from notifications.deliver import Deliverer
from sijil.commands import operation
from tasks import sweep
from tests.filing import (
    Worker,
    an_application,
    changed,
    clean,
    drain_all,
    file,
    file_clean,
    outcomes_of,
    register,
    rows,
    stages,
    value,
)
from tests.integration.gateways import BookGateway, a_deliverer
from tests.people import citizen
from workflows.engine.lanes import BULK
from workflows.flows import case_queues
from workflows.queue import monitor, pauses

Shown = dict[str, dict[str, Any]]


@pytest.fixture
def gateway() -> BookGateway:
    return BookGateway()


@pytest.fixture
def deliverer(gateway: BookGateway) -> Deliverer:
    return a_deliverer(gateway)


def shown(after: timedelta = timedelta(0)) -> Shown:
    """The queues as an operator sees them so much later."""
    with transaction() as connection:
        return {each["queue"]: each for each in monitor.queues(connection, clock.now() + after)}


def plan(statement: str, *parameters: object) -> str:
    """How the database goes about it."""
    return json.dumps(value("explain (format json) " + statement, *parameters))


def test_every_queue_is_there_in_the_order_of_the_flow_and_delivery_last(database: str) -> None:
    found = shown()

    assert list(found) == [*case_queues(), "delivery"]
    assert all(
        each
        == {
            "queue": name,
            "depth": 0,
            "oldest_seconds": 0,
            "rate": 0,
            "per_minute": 0,
            "expected_wait": 0,
            "quarantined": 0,
            "state": "open",
        }
        for name, each in found.items()
    )


def test_waiting_cases_count_in_their_queue_and_their_messages_in_delivery(database: str) -> None:
    file_clean(3)

    found = shown(after=timedelta(seconds=50))

    assert (found["verification"]["depth"], found["verification"]["oldest_seconds"]) == (3, 50)
    assert (found["delivery"]["depth"], found["delivery"]["oldest_seconds"]) == (3, 50)
    assert found["verification"]["expected_wait"] is None
    assert found["delivery"]["expected_wait"] is None
    assert found["scoring"]["depth"] == 0


def test_a_case_of_a_later_lane_is_as_old_as_one_that_became_ready_with_it(database: str) -> None:
    made = clean(2)
    register(made)
    outcomes_of([an_application(made[0].body, lane=BULK)])
    with clock.at(clock.now() + timedelta(seconds=30)):
        outcomes_of([an_application(made[1].body)])

    assert shown(after=timedelta(seconds=70))["verification"]["oldest_seconds"] == 70


def test_the_oldest_is_the_one_that_became_ready_first_and_not_the_one_that_was_filed_first(database: str) -> None:
    first, _ = file_clean(2)
    rows("update cases set rank = rank + interval '40 seconds' where id = %s", first.case_id)
    rows("update cases set stage_since = stage_since - interval '1 hour'")

    assert shown(after=timedelta(seconds=60))["verification"]["oldest_seconds"] == 60


def test_what_is_quarantined_is_counted_beside_the_queue(database: str) -> None:
    taken = file_clean(3)
    rows("update cases set ready = false where id = any(%s)", [each.case_id for each in taken[:2]])
    rows(
        "insert into attempt (queue, case_ids, at) values ('verification', %s, now() + interval '1 minute')",
        [each.case_id for each in taken[:2]],
    )

    found = shown()

    assert (found["verification"]["depth"], found["verification"]["quarantined"]) == (1, 2)
    assert found["scoring"]["quarantined"] == 0


def test_work_done_in_the_last_minute_gives_the_rate_and_the_wait(
    database: str, worker: Worker, deliverer: Deliverer
) -> None:
    file_clean(6)
    drain_all(worker())
    deliverer.drain()
    file_clean(3, start=6)

    found = shown()
    assert (found["verification"]["rate"], found["verification"]["expected_wait"]) == (0.1, 30)
    assert (found["delivery"]["rate"], found["delivery"]["depth"], found["delivery"]["expected_wait"]) == (0.2, 3, 15)
    assert (found["scoring"]["rate"], found["scoring"]["expected_wait"]) == (0.1, 0)

    later = shown(after=timedelta(seconds=61))
    assert (later["verification"]["rate"], later["delivery"]["rate"]) == (0, 0)


def test_messages_under_a_lease_or_to_be_tried_again_are_still_owed(database: str) -> None:
    under_lease, again, sent, stuck = file_clean(4)
    later = clock.now() + timedelta(seconds=100)
    rows("update message set status = 'sending', due_at = %s where case_id = %s", later, under_lease.case_id)
    rows("update message set due_at = %s where case_id = %s", later + timedelta(seconds=20), again.case_id)
    rows("update message set status = 'sent', sent_at = now() - interval '1 hour' where case_id = %s", sent.case_id)
    rows("update message set status = 'stuck' where case_id = %s", stuck.case_id)

    found = shown()["delivery"]
    assert (found["depth"], found["oldest_seconds"], found["rate"]) == (2, 0, 0)
    assert shown(after=timedelta(seconds=130))["delivery"]["oldest_seconds"] == 30


def test_a_paused_delivery_takes_no_message_and_asks_about_none_until_it_is_resumed(
    database: str, gateway: BookGateway, deliverer: Deliverer
) -> None:
    owed, unknown = file_clean(2)
    gateway.accepted.append(value("select id from message where case_id = %s", unknown.case_id))
    rows(
        "update message set status = 'sending', due_at = now() - interval '1 minute' where case_id = %s",
        unknown.case_id,
    )
    with transaction() as connection:
        pauses.pause(connection, "delivery", "omar", clock.now())

    assert deliverer.drain() is False
    assert rows("select case_id, status from message order by case_id") == [
        (owed.case_id, "owed"),
        (unknown.case_id, "sending"),
    ]
    assert {name for name, each in shown().items() if each["state"] == "paused"} == {"delivery"}

    with transaction() as connection:
        pauses.resume(connection, "delivery", "omar", clock.now())
    assert deliverer.drain() is False
    assert rows("select distinct status from message") == [("sent",)]
    assert shown()["delivery"]["state"] == "open"


def test_another_paused_queue_does_not_hold_deliveries_back(database: str, deliverer: Deliverer) -> None:
    file_clean(1)
    with transaction() as connection:
        pauses.pause(connection, "verification", "omar", clock.now())

    deliverer.drain()

    assert rows("select distinct status from message") == [("sent",)]


@pytest.mark.parametrize("size", [1, 2])
def test_what_was_quarantined_and_moved_on_meanwhile_is_left_to_the_queue_that_it_came_to(
    database: str, worker: Worker, size: int
) -> None:
    """A reminder failed and was quarantined in `notification`; the citizen corrects meanwhile, so that `verification`
    has it, which is paused.
    """
    made = clean(size)
    register(made)
    taken = file(*[changed(each.body, 0, birth_date="1950-01-01") for each in made])
    drain_all(worker())
    rows("update cases set ready = false, due_at = null")
    rows("insert into attempt (queue, case_ids, at) values ('timers', %s, now())", [each.case_id for each in taken])
    with transaction() as connection:
        pauses.pause(connection, "verification", "operator:1", clock.now())
    for each, one in zip(taken, made, strict=True):
        citizen(each, "correction", one.body)

    worker(serves=["notification"]).drain("notification", 60)
    drain_all(worker())

    assert stages() == {"submitted": size}
    assert value("select count(*) from attempt") == 0
    with transaction() as connection:
        pauses.resume(connection, "verification", "omar", clock.now())
    drain_all(worker())
    assert stages() == {"notified": size}


def test_a_dead_workers_cases_that_moved_on_stay_in_the_queue_that_they_came_to(
    database: str, worker: Worker, broker: str
) -> None:
    (taken,) = file_clean(1)
    worker(serves=["verification"]).drain("verification", 60)
    rows(
        "insert into attempt (worker_id, queue, case_ids, at) values (4711, 'verification', %s, now())", [taken.case_id]
    )

    sweep.sweep(sweep.FailureDetector(silent_since={4711: clock.now() - sweep.SIGN_ON_AGAIN}))

    assert rows("select ready, queue from cases") == [(True, "scoring")]
    assert value("select count(*) from attempt") == 0


def test_the_sweep_wakes_delivery_where_messages_are_owed_but_not_while_it_is_paused(
    database: str, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(sweep, "wake", lambda queue, **how: woken.append(queue))
    file_clean(1)
    sweep.sweep(sweep.FailureDetector())
    assert woken == ["verification", "delivery"]

    with transaction() as connection:
        pauses.pause(connection, "delivery", "omar", clock.now())
    woken.clear()
    sweep.sweep(sweep.FailureDetector())
    assert woken == ["verification"]


def test_a_queue_that_does_not_exist_cannot_be_paused_and_the_refusal_names_those_that_do(database: str) -> None:
    with pytest.raises(Refused, match="timers, delivery"), transaction() as connection:
        pauses.pause(connection, "deliveries", "omar", clock.now())


def test_the_commands_pause_show_and_resume_the_delivery_queue(database: str, broker: str) -> None:
    run = CliRunner()
    assert run.invoke(operation.app, ["queues", "pause", "delivery"]).exit_code == 0
    paused = json.loads(run.invoke(operation.app, ["queues", "--json"]).output.splitlines()[-1])["queues"][-1]
    assert (paused["queue"], paused["state"]) == ("delivery", "paused")

    assert run.invoke(operation.app, ["queues", "resume", "delivery"]).exit_code == 0
    lines = run.invoke(operation.app, ["queues"]).output.splitlines()
    assert ["delivery", "0", "0", "0.0", "0", "0", "open"] in [line.split() for line in lines]


def test_with_many_waiting_and_many_more_done_no_table_is_read_whole(database: str) -> None:
    (taken,) = file_clean(1)
    copied = "kind, stage, version, head, household_id, region, body_number, submitted_at, stage_since"
    rows(
        f"""
        insert into cases ({copied}, open, machine, queue, lane, ready, rank)
        select {copied}, n %% 8 = 0, false, case when n %% 8 = 0
            then queue end, n %% 4, n %% 8 = 0, now() + n * interval '1 ms'
        from cases, generate_series(1, 40000) as n where id = %s
    """,
        taken.case_id,
    )
    rows("""
        insert into message (case_id, seq, template, channel, language, body, status, rank, due_at, sent_at)
        select n, 1, 'received', 'sms', 'ar', repeat('x', 150), case when n %% 40 = 0 then 'owed' else 'sent' end,
            now(), now(), now() - (40000 - n) * interval '1 second' from generate_series(2, 40000) as n
    """)
    rows("analyze cases, message")

    depth = plan(monitor.DEPTH, [0, 1, 2, 3], [timedelta(0)] * 4, list(case_queues()))
    owed, sent = plan(monitor.OWED), plan(monitor.SENT, clock.now() - monitor.RATE_OVER)

    assert "Seq Scan" not in depth + owed + sent
    assert depth.count("case_due") == 2
    assert "message_due" in owed
    assert "message_sent" in sent
