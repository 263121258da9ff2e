"""One bad case: its batch is halved until it fails alone; then it waits, is tried again, and is parked.

Its neighbours go on.
"""

import pytest

from models.errors import Refused, Stale
from models.settings import settings
from tests.conftest import forget_settings
from tests.filing import (
    MACHINE_PATH,
    Worker,
    current_stage,
    drain_all,
    events_of,
    everything,
    file_clean,
    healthy,
    rows,
    stages,
    value,
)
from tests.integration.registers import Poisoned
from tests.people import after, citizen, retry_parked
from workflows.queue.drain import Drainer


def test_one_bad_case_among_twenty_fails_alone_and_the_others_are_notified(poisoned: Poisoned, worker: Worker) -> None:
    drain_all(worker(adapters=poisoned.register.adapters()))

    assert stages() == {"notified": 19, "submitted": 1}
    assert all(events_of(each) == MACHINE_PATH for each in poisoned.good)
    assert current_stage(poisoned.bad) == "submitted"
    assert rows("select case_id, tries, parked from case_failure") == [(poisoned.bad.case_id, 1, False)]
    assert healthy()


@pytest.mark.parametrize(
    "fault",
    [
        "update case_body set body = null where case_id = %s",
        "update cases set stage = 'of a later release' where id = %s",
    ],
)
def test_a_case_that_cannot_even_be_loaded_is_parked_and_nobody_waits_behind_it(
    database: str, worker: Worker, fault: str
) -> None:
    bad, *good = file_clean(20)
    rows(fault, bad.case_id)

    try_until_parked(worker(), settings().tries + 1)

    assert all(current_stage(each) == "notified" for each in good)
    assert current_stage(bad) == "parked"
    assert events_of(bad) == ["ApplicationReceived", "CaseParked"]
    assert value("select count(*) from attempt") == 0


def test_halving_finds_it_in_few_steps(poisoned: Poisoned, worker: Worker) -> None:
    drain_all(worker(adapters=poisoned.register.adapters()))

    assert len(poisoned.register.asked) <= 12  # twenty, two halves, and so on: two questions a step, five steps


def test_it_waits_longer_after_every_try_and_no_try_comes_before_its_time(
    poisoned: Poisoned, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_TRIES_SPREAD", "7300")
    forget_settings()
    drainer = worker(adapters=poisoned.register.adapters())
    drain_all(drainer)
    drain_all(drainer)
    assert value("select tries from case_failure") == 1
    assert value("select round(extract(epoch from a.at - t.at)) from attempt a, case_failure t") == 100

    with after(seconds=300):
        drain_all(drainer)
        assert value("select tries from case_failure") == 2
        assert value("select round(extract(epoch from a.at - t.at)) from attempt a, case_failure t") == 800


def try_until_parked(drainer: Drainer, tries: int) -> None:
    """Every back-off is over, so many times."""
    for each in range(tries):
        with after(seconds=100 * each):
            drain_all(drainer)


def test_after_the_last_try_it_is_parked_for_an_operator(poisoned: Poisoned, worker: Worker) -> None:
    drainer = worker(adapters=poisoned.register.adapters())

    try_until_parked(drainer, settings().tries - 1)
    assert current_stage(poisoned.bad) == "submitted"
    try_until_parked(drainer, settings().tries)

    assert current_stage(poisoned.bad) == "parked"
    assert events_of(poisoned.bad) == ["ApplicationReceived", "CaseParked"]
    assert rows("select stage, tries, parked from case_failure") == [("submitted", settings().tries, True)]
    assert value("select count(*) from attempt") == 0
    assert healthy()


def test_how_often_it_is_tried_is_a_setting(
    poisoned: Poisoned, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_TRIES", "1")
    settings.cache_clear()

    drain_all(worker(adapters=poisoned.register.adapters()))

    assert current_stage(poisoned.bad) == "parked"


def test_the_failure_shows_the_place_and_nothing_of_the_person(poisoned: Poisoned, worker: Worker) -> None:
    try_until_parked(worker(adapters=poisoned.register.adapters()), settings().tries)

    ((error, traceback),) = rows("select error, traceback from case_failure")
    assert error == "KeyError in compare"
    assert "workflows/engine/work.py" in traceback
    assert "workflows/stages/verify.py" in traceback
    stored = str(everything("case_failure")) + str(rows("select facts::text from event where kind = 'CaseParked'"))
    assert poisoned.register.broken_about not in stored


def test_an_operator_sends_it_on_from_where_it_failed(poisoned: Poisoned, worker: Worker) -> None:
    try_until_parked(worker(adapters=poisoned.register.adapters()), settings().tries)
    poisoned.register.broken_about = "mended"

    retry_parked(poisoned.bad.case_id)
    assert current_stage(poisoned.bad) == "submitted"
    drain_all(worker(adapters=poisoned.register.adapters()))

    assert current_stage(poisoned.bad) == "notified"
    assert events_of(poisoned.bad) == ["ApplicationReceived", "CaseParked", "CaseResumed", *MACHINE_PATH[1:]]
    assert value("select count(*) from case_failure") == 0


def test_a_case_that_is_still_bad_after_a_retry_has_all_its_tries_again(poisoned: Poisoned, worker: Worker) -> None:
    drainer = worker(adapters=poisoned.register.adapters())
    try_until_parked(drainer, settings().tries)
    retry_parked(poisoned.bad.case_id)

    drain_all(drainer)

    assert current_stage(poisoned.bad) == "submitted"
    assert rows("select tries, parked from case_failure") == [(1, False)]


def test_sending_on_what_is_not_parked_is_stale_and_changes_nothing(poisoned: Poisoned) -> None:
    before = everything("cases", "event", "case_failure")

    with pytest.raises(Stale):
        retry_parked(poisoned.good[0].case_id)

    assert everything("cases", "event", "case_failure") == before


def test_a_parked_application_cannot_be_withdrawn_and_says_so(poisoned: Poisoned, worker: Worker) -> None:
    try_until_parked(worker(adapters=poisoned.register.adapters()), settings().tries)

    with pytest.raises(Refused) as refused:
        citizen(poisoned.bad, "withdrawal")

    assert refused.value.code == "not_possible_now"


def test_a_case_that_fails_at_a_later_stage_keeps_what_it_got_done(database: str, worker: Worker) -> None:
    """A gather that fails at approval: the stages before it are recorded, and only approval is tried again."""
    (taken,) = file_clean(1)
    rows("create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$")
    rows("create trigger refuse before insert on household for each row execute function refuse()")

    drain_all(worker())

    assert current_stage(taken) == "fraud_checked"
    assert rows("select stage, tries, error from case_failure") == [
        ("fraud_checked", 1, value("select error from case_failure"))
    ]

    rows("drop trigger refuse on household")
    with after(seconds=3):
        drain_all(worker())
    assert events_of(taken) == MACHINE_PATH
