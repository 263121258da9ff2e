"""Which messages go first: what a person waits for stands before the bulk, and nothing starves."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models import clock
from models.database import transaction
from notifications import deliver
from notifications.leases import ALONE_AFTER, EXPIRED, FRESH, LEASE_DURATION, TAKE_LEASES, TRIED
from tests.filing import an_application, clean, drain_all, outcomes_of, register, rows, value
from tests.integration.gateways import BookGateway, a_deliverer
from tests.people import after
from workflows.engine.lanes import ALLOWANCE, BULK, INTERACTIVE
from workflows.flows import DELIVERY
from workflows.intake.submit import Accepted
from workflows.queue import monitor
from workflows.queue.drain import Drainer

Worker = Callable[..., Drainer]


def filed(place: int, lane: int, at: datetime | None = None) -> UUID:
    """An application of a lane, sent at this moment; the message that it makes owed."""
    made = clean(1, place)
    register(made)
    with clock.at(at or clock.now()):
        (taken,) = outcomes_of([an_application(made[0].body, lane=lane)])
    assert isinstance(taken, Accepted)
    return UUID(str(value("select id from message where case_id = %s", taken.case_id)))


def copy_messages(times: int, **changed: str) -> None:
    """So many more of each message that there is."""
    names = [
        name
        for (name,) in rows(
            "select column_name from information_schema.columns where table_name = 'message' and column_name <> 'id'"
        )
    ]
    values = [changed.get(name, name) for name in names if name != "seq"]
    rows(f"""
        insert into message ({", ".join([name for name in names if name != "seq"])}, seq)
        select {", ".join(values)}, 100 + n from message, generate_series(1, {times}) as n
    """)


def test_what_a_person_filed_now_is_in_the_first_batch_before_a_thousand_of_the_bulk(database: str) -> None:
    # Given a file of applications whose messages are owed, and then one that somebody files
    filed(0, BULK)
    copy_messages(1000)
    theirs = filed(1, INTERACTIVE)
    gateway = BookGateway()

    # When a batch is sent
    a_deliverer(gateway).send_owed()

    # Then it is among them
    assert theirs in gateway.accepted
    assert value("select count(*) from message where status = 'owed'") == 1002 - deliver.BATCH


def test_the_bulk_ages_and_does_not_starve(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "BATCH", 1)
    bulk = filed(0, BULK, clock.now() - ALLOWANCE[BULK] - timedelta(seconds=1))
    filed(1, INTERACTIVE)
    gateway = BookGateway()

    a_deliverer(gateway).send_owed()

    assert gateway.accepted == [bulk]


def test_a_case_keeps_its_lane_in_every_message(database: str, worker: Worker) -> None:
    filed(0, BULK)
    filed(1, INTERACTIVE)
    drain_all(worker())

    ranks = rows(
        "select c.lane, count(*), min(m.rank - m.due_at), max(m.rank - m.due_at) from message m join cases c on c.id = "
        "m.case_id group by c.lane"
    )

    assert sorted(ranks) == [(lane, 2, ALLOWANCE[lane], ALLOWANCE[lane]) for lane in (INTERACTIVE, BULK)]


def test_of_those_that_were_tried_in_vain_the_persons_is_sent_first(database: str) -> None:
    filed(0, BULK)
    theirs = filed(1, INTERACTIVE)
    rows("update message set tries = %s", ALONE_AFTER)
    rows("update message set due_at = due_at - interval '1 hour' where id <> %s", theirs)
    gateway = BookGateway()

    a_deliverer(gateway).send_owed()

    assert gateway.accepted == [theirs]


def test_what_must_wait_gives_way_to_a_higher_rank_until_its_time_comes(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "BATCH", 1)
    first, second = filed(0, INTERACTIVE), filed(1, BULK)
    rows("update message set due_at = now() + interval '1 minute', tries = 1 where id = %s", first)
    third, gateway = filed(2, BULK), BookGateway()

    a_deliverer(gateway).send_owed()
    with after(seconds=61):
        a_deliverer(gateway).send_owed()

    assert gateway.accepted == [second, first]
    assert third not in gateway.accepted


def test_the_age_of_the_oldest_counts_from_when_it_was_owed_and_not_from_its_rank(database: str) -> None:
    now = clock.now()
    filed(0, BULK, now - timedelta(seconds=90))
    filed(1, INTERACTIVE, now - timedelta(seconds=30))

    with transaction() as connection:
        found = {each["queue"]: each for each in monitor.queues(connection, now)}["delivery"]

    assert (found["depth"], found["oldest_seconds"]) == (2, 90)


# What the database reads ---------------------------------------------------------------------------


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes."""
    yield plan
    for each in plan.get("Plans", []):
        yield from nodes(each)


@pytest.mark.parametrize(("which", "most"), [(FRESH, deliver.BATCH), (TRIED, 1), (EXPIRED, deliver.BATCH)])
def test_a_lease_reads_the_index_of_what_is_due_under_a_plan_for_all_parameters_too(
    database: str, which: str, most: int
) -> None:
    """A connection that has leased often plans once for all: then the database sees no values."""
    filed(0, BULK)
    copy_messages(
        40_000,
        status="(array['owed', 'sent', 'sent', 'sending'])[mod(n, 4) + 1]",
        tries="mod(n / 8, 6)",
        rank="rank + n * interval '1 ms'",
    )
    rows("analyze message")
    statement = TAKE_LEASES.format(channel="sms", awake="true", which=which, queue=DELIVERY, most=most)

    with transaction() as connection:
        connection.execute("set local plan_cache_mode = force_generic_plan")
        connection.execute(
            "prepare leasing (interval, interval) as " + statement.replace("%s", "$1", 1).replace("%s", "$2", 1)
        )
        ((told,),) = connection.execute(
            f"explain (format json) execute leasing ('0', '{LEASE_DURATION.total_seconds()} s')"
        ).fetchall()
        connection.execute("deallocate leasing")

    read = [
        each
        for each in nodes(told[0]["Plan"])
        if each.get("Relation Name") == "message" and "Scan" in each["Node Type"]
    ]
    assert [(each["Node Type"], each["Index Name"]) for each in read] == [
        ("Index Scan", "message_due"),
        ("Index Scan", "message_pkey"),
    ], json.dumps(told)
    assert "Sort" not in {each["Node Type"] for each in nodes(told[0]["Plan"])}
