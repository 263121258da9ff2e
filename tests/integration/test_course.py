"""The course of an application through the engine, on the real database."""

from datetime import timedelta
from decimal import Decimal

import pytest

from models import clock
from models.database import transaction
from tests.filing import (
    MACHINE_PATH,
    Worker,
    a_household,
    changed,
    current_stage,
    drain_all,
    events_of,
    facts_of,
    file,
    file_clean,
    healthy,
    messages_of,
    register,
    rows,
    stages,
    value,
    woken,
)
from tests.terms import days_of
from workflows.engine.lanes import BULK
from workflows.flows import case_queues
from workflows.intake.submit import Accepted
from workflows.queue import pauses


@pytest.fixture
def application(database: str) -> Accepted:
    """One clean application, taken in."""
    return file_clean(1)[0]


def test_an_application_goes_from_submitted_to_notified_in_one_batch(application: Accepted, worker: Worker) -> None:
    # Given a worker that serves every queue
    drainer = worker()

    # When it looks into the first queue once
    assert drainer.one_batch("verification") == 1

    # Then the case is at its end, by exactly these decisions
    assert current_stage(application) == "notified"
    assert events_of(application) == MACHINE_PATH
    assert messages_of(application) == ["received", "registered"]
    assert drainer.one_batch("verification") == 0
    assert drainer.runner.counters["batches"] == 1


def test_approval_writes_the_household_its_members_its_score_and_its_eligibilities(worker: Worker) -> None:
    made = a_household(members=3)
    register([made])
    (taken,) = file(made.body)

    drain_all(worker())

    household = value("select household_id from cases where id = %s", taken.case_id)
    assert rows("select id, registered_by from household") == [(household, taken.case_id)]
    assert rows("select household_id, version, case_id, region, province, size from household_version") == [
        (household, 1, taken.case_id, made.body["region"], made.body.get("province"), len(made.body["members"]))
    ]
    assert rows("select household_id, number, version, upper(valid), upper(known) from household_period") == [
        (household, 1, 1, None, None)
    ]
    assert value("select lower(valid) = submitted_at from household_period, cases")
    assert value("select lower(known) = at from household_period, event where kind = 'HouseholdApproved'")
    assert [idcs for (idcs,) in rows("select idcs from household_member order by position")] == [
        each["idcs"] for each in made.body["members"]
    ]
    assert {idcs for (idcs,) in rows("select idcs from person_claim where case_id = %s", taken.case_id)} == {
        each["idcs"] for each in made.body["members"]
    }
    assert sorted(rows("select programme, eligible from eligibility")) == sorted(
        (each["programme"], each["eligible"]) for each in facts_of(taken, "HouseholdApproved")["eligibilities"]
    )
    assert {programme for (programme,) in rows("select programme from eligibility")} >= {"AMO_TADAMON", "ASD"}


def test_the_stored_score_is_the_sum_of_its_contributions(application: Accepted, worker: Worker) -> None:
    drain_all(worker())

    facts = facts_of(application, "ScoreComputed")
    total = (
        Decimal(facts["constant"])
        + Decimal(facts["region"])
        + sum(Decimal(product) for *_, product in facts["contributions"])
    )
    assert value("select value from score") == Decimal(facts["score"]) == total


def test_the_events_of_one_batch_say_the_same_moment_and_the_machine_as_actor(
    application: Accepted, worker: Worker
) -> None:
    with clock.at(clock.now() + timedelta(hours=1)):
        drain_all(worker())

    assert rows("select count(distinct at), count(distinct actor), min(actor) from event where seq > 1") == [
        (1, 1, "sijil")
    ]


def test_a_batch_of_many_comes_to_the_same_end_with_nothing_left_behind(database: str, worker: Worker) -> None:
    taken = file_clean(40)

    assert worker(batch=15).drain("verification", 60) is False

    assert stages() == {"notified": 40}
    assert all(events_of(each) == MACHINE_PATH for each in taken)
    assert rows("select count(*), count(distinct (case_id, template)) from message") == [(80, 80)]
    assert value("select count(*) from attempt") == 0
    assert healthy()


def test_a_full_claim_wakes_one_more_worker_and_a_short_one_does_not(database: str, worker: Worker) -> None:
    file_clean(4)
    drainer = worker(batch=3)

    drainer.one_batch("verification")
    assert woken(drainer).count("verification") == 1

    drainer.one_batch("verification")
    assert woken(drainer).count("verification") == 1


def test_a_worker_of_one_queue_hands_over_and_wakes_the_next_queue(application: Accepted, worker: Worker) -> None:
    drainer = worker({"verification"})

    assert drainer.drain("verification", 60) is False

    assert current_stage(application) == "verified"
    assert rows("select queue, ready, due_at from cases") == [("scoring", True, None)]
    assert woken(drainer) == ["scoring"]


def test_each_queue_can_have_a_worker_of_its_own(application: Accepted, worker: Worker) -> None:
    for queue in case_queues():
        assert worker({queue}).drain(queue, 60) is False

    assert events_of(application) == MACHINE_PATH


def test_messages_owed_wake_the_delivery(application: Accepted, worker: Worker) -> None:
    drainer = worker()
    drain_all(drainer)

    assert woken(drainer) == ["delivery"]


def test_a_wrong_birth_date_sends_the_application_to_the_citizen_with_the_reason(database: str, worker: Worker) -> None:
    made = a_household(members=2)
    register([made])
    (taken,) = file(changed(made.body, 1, birth_date="1977-07-07", birth_precision="day"))

    drain_all(worker())

    assert current_stage(taken) == "needs_correction"
    (mismatch,) = facts_of(taken, "MembersMismatched")["mismatches"]
    assert (mismatch["member"], mismatch["reason"]) == (1, "birth_date_differs")
    assert messages_of(taken) == ["received", "correction"]
    assert value("select count(*) from person_claim") == 0
    assert value("select deadline - stage_since from cases") == timedelta(days_of("correction"))


def test_a_person_whom_nobody_knows_is_named_as_unknown(database: str, worker: Worker) -> None:
    (taken,) = file(a_household().body)

    drain_all(worker())

    assert {each["reason"] for each in facts_of(taken, "MembersMismatched")["mismatches"]} == {"unknown"}


def test_what_a_person_waits_for_goes_before_bulk_that_came_earlier(database: str, worker: Worker) -> None:
    # Given a bulk application that has waited for ten minutes, and one that a person just sent
    bulk, interactive = file_clean(2)
    rows(
        "update cases set lane = %s, rank = rank - interval '10 minutes' + interval '15 minutes' where id = %s",
        BULK,
        bulk.case_id,
    )

    # When a worker takes one batch
    assert worker().one_batch("verification") == 1

    # Then it was the person's, alone
    assert (current_stage(interactive), current_stage(bulk)) == ("notified", "submitted")


def test_bulk_that_has_waited_longer_than_its_allowance_goes_first(database: str, worker: Worker) -> None:
    bulk, interactive = file_clean(2)
    rows("update cases set lane = %s, rank = rank - interval '1 minute' where id = %s", BULK, bulk.case_id)

    worker().one_batch("verification")

    assert (current_stage(interactive), current_stage(bulk)) == ("submitted", "notified")


# Pausing --------------------------------------------------------------------------------------------


def pause(queue: str) -> None:
    with transaction() as connection:
        pauses.pause(connection, queue, "omar", clock.now())


def resume(queue: str) -> None:
    with transaction() as connection:
        pauses.resume(connection, queue, "omar", clock.now())


def test_a_paused_queue_is_left_alone_until_it_is_resumed(application: Accepted, worker: Worker) -> None:
    drainer = worker()
    pause("verification")

    drain_all(drainer)
    assert current_stage(application) == "submitted"

    resume("verification")
    drain_all(drainer)
    assert current_stage(application) == "notified"


def test_a_batch_is_not_carried_into_a_paused_queue(application: Accepted, worker: Worker) -> None:
    pause("fraud")

    drain_all(worker())

    assert current_stage(application) == "scored"
    assert rows("select queue, ready from cases") == [("fraud", True)]


def test_a_case_that_works_alone_is_not_carried_into_a_paused_queue_either(
    application: Accepted, worker: Worker
) -> None:
    rows("update cases set ready = false")
    rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [application.case_id])
    pause("fraud")

    worker().drain("verification", 60)

    assert current_stage(application) == "scored"


def test_many_that_are_quarantined_hold_up_nobody_who_waits_in_the_queue(application: Accepted, worker: Worker) -> None:
    # Given twenty cases that failed, and one that waits in the queue
    for failed in file_clean(20, start=40):
        rows("update cases set ready = false where id = %s", failed.case_id)
        rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [failed.case_id])

    # When a worker has time for no more than one round
    assert worker().drain("verification", 0.001) is True

    # Then the one that waits was worked beside the first of the others
    assert current_stage(application) == "notified"
    assert stages() == {"notified": 2, "submitted": 19}
