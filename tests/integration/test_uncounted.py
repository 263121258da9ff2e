"""Whatever goes wrong while a failure is counted: it is this case's alone, shown by doctor and metrics, and nobody
waits behind it.
"""

import pytest

from models import clock
from models.database import transaction
from models.errors import Unavailable, describe
from models.settings import settings
from tasks.sweep import FailureDetector, sweep
from tests.filing import (
    Worker,
    current_stage,
    died_on,
    drain_all,
    examined,
    file_clean,
    quarantined,
    rows,
    stages,
    value,
)
from tests.integration.registers import Poisoned, Register
from tests.people import after
from workflows.queue import monitor
from workflows.queue.failures import UNCOUNTED

FORGED = (
    "insert into event select case_id, 2, 'PersonsVerified', at, actor, evidence, facts, salt, commitment, hash "
    "from event where case_id = %s and seq = 1"
)
REFUSE = """
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
    create trigger refuse before update on cases for each row when (old.id = {case}) execute function refuse()
"""
NO_TROUBLE = """
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
    create trigger refuse before insert or update on case_failure for each row execute function refuse()
"""


def uncounted() -> int:
    """As metrics show it."""
    with transaction() as connection:
        return monitor.uncounted(connection)


def test_a_case_that_cannot_be_parked_waits_in_quarantine_is_counted_and_holds_up_nobody(
    database: str, worker: Worker
) -> None:
    """A forged or half-restored event row stands where the next one must go: also where the event of
    the parking must.
    """
    bad, *good = file_clean(12)
    rows(FORGED, bad.case_id)
    drainer = worker()

    for each in range(settings().tries + 1):
        with after(seconds=7200 * each):
            drain_all(drainer)
    more = file_clean(3, start=20)
    drain_all(drainer)

    assert {current_stage(each) for each in [*good, *more]} == {"notified"}
    assert current_stage(bad) == "submitted"
    assert quarantined() == [[bad.case_id]]
    assert uncounted() == 1
    assert examined().keys() >= {"failures_not_counted"}


def test_once_it_is_mended_it_goes_on_by_itself_and_counts_no_more(database: str, worker: Worker, broker: str) -> None:
    (bad,) = file_clean(1)
    rows(FORGED, bad.case_id)
    drainer = worker()
    for each in range(settings().tries):
        with after(seconds=7200 * each):
            drain_all(drainer)
    assert uncounted() == 1

    rows("delete from event where case_id = %s and seq = 2", bad.case_id)
    with after(seconds=7200 * settings().tries):
        drain_all(drainer)
        sweep(FailureDetector())

    assert current_stage(bad) == "notified"
    assert uncounted() == 0


@pytest.mark.parametrize("fault", [REFUSE, NO_TROUBLE], ids=["its row cannot be changed", "no trouble can be noted"])
@pytest.mark.parametrize("batch", [250, 1])
def test_a_case_that_cannot_even_be_quarantined_or_noted_holds_up_nobody(
    poisoned: Poisoned, worker: Worker, fault: str, batch: int
) -> None:
    rows(fault.format(case=poisoned.bad.case_id))
    drainer = worker(adapters=poisoned.register.adapters(), batch=batch)

    for _ in range(3):
        drain_all(drainer)

    assert all(current_stage(each) == "notified" for each in poisoned.good)
    assert current_stage(poisoned.bad) == "submitted"
    assert value("select count(*) from attempt where worker_id is not null") == 0

    asked = len(poisoned.register.asked)
    for _ in range(5):
        drain_all(drainer)
    assert len(poisoned.register.asked) == asked  # it is left alone for a while

    rows("drop function refuse cascade")
    poisoned.register.broken_about = "mended"
    drainer.runner.left_alone.clear()
    with after(seconds=UNCOUNTED.total_seconds() + 1):
        drain_all(drainer)
    assert current_stage(poisoned.bad) == "notified"


@pytest.mark.parametrize("text", ["a NUL: \0", "half a character: \ud800", "long: " + "x" * 10_000])
def test_whatever_text_an_error_has_it_can_be_stored(database: str, worker: Worker, text: str) -> None:
    (bad, *_) = file_clean(3)
    there = Register("nobody", silent_about="nobody")
    there.errors = [Unavailable(text)] * 2
    drainer = worker(adapters=there.adapters())
    rows("update cases set ready = false where id = %s", bad.case_id)
    rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [bad.case_id])

    try:
        drain_all(drainer)
    except Unavailable:
        drain_all(drainer)

    assert rows("select case_id, tries, uncounted from case_failure") == [(bad.case_id, 0, False)]
    assert len(describe(Unavailable(text)).error) <= 500
    assert stages() == {"notified": 2, "submitted": 1}


# The sweep ------------------------------------------------------------------------------------------


def swept_dead() -> None:
    """The sweep, for which every worker that signed on has died."""
    sweep(FailureDetector(ended={process for (process,) in rows("select process from worker")}))


def test_a_dead_workers_case_that_cannot_be_parked_holds_up_no_sweep(database: str, broker: str) -> None:
    bad, other, timed = file_clean(3)
    rows(FORGED, bad.case_id)
    rows(
        "insert into case_failure values (%s, 'registration', 'submitted', 1, %s, 'worker died', '', now(), false)",
        bad.case_id,
        settings().tries - 1,
    )
    rows("update cases set ready = false, due_at = now() - interval '1 day' where id = %s", timed.case_id)
    died_on("verification", bad.case_id)
    died_on("verification", other.case_id)

    swept_dead()

    assert value("select ready from cases where id = %s", timed.case_id)
    assert quarantined() == [[bad.case_id], [other.case_id]]
    assert rows("select case_id, tries, uncounted from case_failure order by 1") == [
        (bad.case_id, settings().tries - 1, True),
        (other.case_id, 1, False),
    ]


@pytest.mark.parametrize("place", [0, 1])
def test_a_row_that_cannot_be_changed_keeps_no_timer_from_ringing_and_no_dead_workers_batch_from_its_rescue(
    database: str, broker: str, place: int
) -> None:
    taken = file_clean(6)
    bad = taken[place].case_id
    rows(
        "update cases set ready = false, due_at = now() - interval '1 day' where id = any(%s)",
        [each.case_id for each in taken[1:4]],
    )
    rows(REFUSE.format(case=bad))
    died_on("verification", taken[0].case_id, taken[4].case_id)
    died_on("verification", taken[5].case_id)

    swept_dead()

    assert sorted(
        case_id
        for (case_id,) in rows(
            "select id from cases where ready and id = any(%s)", [each.case_id for each in taken[1:4]]
        )
    ) == [each.case_id for each in taken[1:4] if each.case_id != bad]
    assert [taken[5].case_id] in quarantined()


# Attempts -------------------------------------------------------------------------------------------


def test_an_attempt_that_a_living_worker_forgot_is_given_back_by_the_sweep(
    database: str, worker: Worker, broker: str
) -> None:
    (taken,) = file_clean(1)
    rows("update cases set ready = false")
    drainer = worker()
    drainer.runner.attempts.begin("verification", [taken.case_id], clock.now())
    rows("update attempt set at = at - interval '9 minutes'")
    sweep(FailureDetector())
    assert quarantined() == []

    rows("update attempt set at = at - interval '2 minutes'")
    sweep(FailureDetector())

    assert quarantined() == [[taken.case_id]]
    drain_all(drainer)
    assert current_stage(taken) == "notified"
