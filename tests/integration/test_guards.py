"""What the database refuses, whatever the code does: a case that nobody would ever claim, a message that nobody would
ever send.
"""

import psycopg
import pytest

from models.database import transaction
from tests.filing import examined, file_clean, rows, value
from workflows.doctor import examine
from workflows.doctor.ranges import CASES
from workflows.engine.lanes import ALLOWANCE
from workflows.flows import places
from workflows.flows.registration import FLOW
from workflows.history.keyranges import FIRST_KEY, LAST_KEY


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ("queue = null", "case_due_in_a_queue"),
        ("open = false, machine = false", "case_due_in_a_queue"),
        ("ready = false, queue = null, due_at = now()", "case_due_in_a_queue"),
        ("ready = false, open = false, machine = false, due_at = now()", "case_due_in_a_queue"),
        ("due_at = now()", "case_ready_or_timed"),
        ("ready = false, open = false", "case_ended_is_at_rest"),
        ("lane = 4", "case_lane_known"),
        ("lane = -1", "case_lane_known"),
    ],
)
def test_a_case_that_nobody_would_find_is_refused(database: str, change: str, guard: str) -> None:
    file_clean(1)

    with pytest.raises(psycopg.errors.CheckViolation, match=guard):
        rows(f"update cases set {change}")


def test_every_lane_of_ours_is_let_in(database: str) -> None:
    file_clean(1)
    for lane in ALLOWANCE:
        rows("update cases set lane = %s", lane)
    assert value("select lane from cases") == max(ALLOWANCE) == 3


def test_a_message_of_an_unknown_status_is_refused(database: str) -> None:
    file_clean(1)

    with pytest.raises(psycopg.errors.CheckViolation, match="message_status_known"):
        rows("update message set status = 'gone'")


def test_every_stage_whose_cases_become_due_has_a_queue_as_the_database_asks() -> None:
    """Else one case of it would hold up the sweep's whole round of timers."""
    assert all(stage.queue for _, stage in places() if stage.open)


@pytest.mark.parametrize(
    "fault",
    [
        "update cases set queue = 'renamed'",
        "update cases set queue = 'renamed', ready = false, due_at = now()",
        "insert into attempt (queue, case_ids, at) values ('renamed', '{1}', now())",
    ],
)
def test_the_doctor_counts_what_stands_in_a_queue_that_no_worker_knows(database: str, fault: str) -> None:
    file_clean(1)
    assert examined() == {}

    rows(fault)

    assert examined()["unknown_queues"] == 1


def test_the_doctor_looks_for_a_message_of_each_event_that_makes_one_owed(database: str) -> None:
    """Which these are, the flow of each kind of case says alone."""
    file_clean(1)
    rows("delete from message")
    rows("alter table event drop constraint event_second_is_another")  # an event without its second person
    for event, message in FLOW.messages.items():
        rows("update event set kind = %s", event.__name__)
        with transaction() as connection:
            assert examine(connection)["messages_missing"] == (1 if message else 0)
    assert any(FLOW.messages.values())


def test_many_that_are_quarantined_are_looked_up_at_once_and_not_each_in_every_attempt(database: str) -> None:
    # Given many cases that are quarantined, and one that is forgotten
    file_clean(1)
    rows("update cases set ready = false")
    others = (
        "kind, stage, open, queue, lane, ready, rank, version, head, region, body_number, submitted_at, stage_since"
    )
    rows(f"""
        insert into cases ({others}, id, household_id, machine)
        select {others}, 1000 + n, 1000 + n, false from cases, generate_series(1, 4000) as n
    """)
    rows("insert into attempt (queue, case_ids, at) select queue, array[id], now() from cases where id > 1000")
    rows("analyze cases, attempt")

    # Then that one is found, in one pass over each table
    orphans = CASES.checks["orphans"].statement.replace("%(after)s", str(FIRST_KEY)).replace("%(upto)s", str(LAST_KEY))
    assert rows(orphans) == [(1,)]
    (told,) = rows("explain (analyze, format json) " + orphans)
    assert "Nested Loop" not in str(told)
