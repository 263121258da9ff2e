"""A clock that jumps ahead or back, the database's, a host's or both: nothing is erased, doubled, silenced or lapsed by
it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from models import clock
from models.database import transaction
from models.errors import Refused
from notifications.leases import reset_future_due_times
from sijil.commands import history
from tasks.schedule import Schedule
from tasks.sweep import FailureDetector, sweep
from tests.filing import (
    Worker,
    a_household,
    changed,
    clean,
    current_stage,
    drain_all,
    events_of,
    everything,
    file,
    file_clean,
    register,
    rows,
    value,
)
from tests.integration.registers import Register
from tests.people import after, caseworker, heard, ring_timers
from tests.terms import over, reminded
from workflows.flows.registration import FLOW as REGISTRATION
from workflows.history.retention import retain
from workflows.intake.submit import Accepted
from workflows.queue.stalled import Stalled
from workflows.queue.timers import astray

ELEVEN_YEARS = timedelta(days=11 * 366)
PERSONAL = ("event", "case_body", "message")


@contextmanager
def database_clock(ahead: timedelta) -> Iterator[None]:
    """The database's clock stands so far ahead of this host's, whatever it says when asked."""
    with patch.object(clock, "_host", clock.Host(behind=ahead)), patch.object(clock, "synchronize"):
        yield


def look() -> None:
    """A supervisor looks after the daily jobs."""
    Schedule(Event()).look()


def jobs() -> dict[str, str | None]:
    """The error of each daily job's last try."""
    return dict(rows("select name, error from daily_job"))


@pytest.fixture
def waits_for_citizen(database: str, worker: Worker) -> Accepted:
    """An application whose citizen is asked for a correction."""
    made = a_household()
    register([made])
    (taken,) = file(changed(made.body, 0, birth_date="1931-01-01"))
    drain_all(worker())
    assert current_stage(taken) == "needs_correction"
    return taken


# What is erased ------------------------------------------------------------------------------------


def test_while_the_databases_clock_stands_years_ahead_nothing_is_erased_and_the_job_says_why(
    notified: list[Accepted],
) -> None:
    rows("update message set status = 'sent'")
    look()
    before = everything(*PERSONAL)

    with database_clock(ahead=ELEVEN_YEARS):
        look()
        assert "4026 days ahead" in str(jobs()["retention"])
        with pytest.raises(Refused, match="days ahead"):
            retain()

    assert everything(*PERSONAL) == before


@pytest.mark.parametrize("newly_filed", [False, True])
def test_where_both_clocks_stand_years_ahead_an_operator_is_asked_before_anything_is_erased(
    notified: list[Accepted], worker: Worker, newly_filed: bool
) -> None:
    rows("update message set status = 'sent'")
    look()
    before = everything(*PERSONAL)

    with after(days=ELEVEN_YEARS.days):
        if newly_filed:  # in the jump: that something happens says nothing about the time between
            file_clean(1, 10)
            drain_all(worker())
        look()
        assert "Is the clock right?" in str(jobs()["retention"])

    now = everything(*PERSONAL)
    assert all(set(before[table]) <= set(now[table]) for table in PERSONAL)


def test_an_operator_says_that_the_clock_is_right_and_retention_goes_by_it_for_a_month(
    notified: list[Accepted], broker: str
) -> None:
    rows("update message set status = 'sent'")
    look()
    with after(days=500):
        refused = CliRunner().invoke(history.app, ["retention"])
        assert isinstance(refused.exception, Refused)
        assert "sijil retention --yes" in str(refused.exception)
        assert value("select count(body) from message") == 6

        assert CliRunner().invoke(history.app, ["retention", "--yes"]).exit_code == 0
        assert value("select count(body) from message") == 0
        look()
        assert jobs()["retention"] is None
    with after(days=530):
        look()
        assert jobs()["retention"] is None
    with after(days=570):
        look()
        assert "nothing has happened" in str(jobs()["retention"])


def test_a_register_at_work_is_retained_without_a_question(notified: list[Accepted]) -> None:
    look()
    with after(days=20):
        look()
    assert jobs()["retention"] is None


def test_a_clock_that_was_set_while_the_process_ran_is_noticed_though_host_and_database_agree(database: str) -> None:
    clock.require_no_jump()
    with (
        patch.object(clock, "uptime", lambda: timedelta(days=-2)),
        pytest.raises(Refused, match="days ahead while it ran"),
    ):
        clock.require_no_jump()


# What is silenced ----------------------------------------------------------------------------------


def test_daily_jobs_go_on_after_a_jump_ahead_is_over(notified: list[Accepted], tmp_path: Path) -> None:
    look()
    with after(days=ELEVEN_YEARS.days):
        look()
    assert value("select count(*) from daily_job where done_on > current_date") == 3

    with after(days=1.5):
        look()
        assert value("select count(*) from daily_job where done_on > %s or error is not null", clock.now().date()) == 0


@pytest.mark.parametrize("day", ["infinity", "20000-01-01"])
def test_a_day_that_no_calendar_of_ours_knows_silences_no_daily_job(database: str, day: str) -> None:
    look()
    rows("update daily_job set done_on = %s where name = 'anchor'", day)
    rows("update daily_job set done_on = done_on - 1 where name = 'retention'")
    look()
    assert value("select count(*) from daily_job where done_on > current_date or error is not null") == 0


def test_a_try_that_failed_in_a_future_does_not_hold_up_the_next(database: str) -> None:
    look()
    rows("update daily_job set done_on = done_on - 1, error = 'OSError', tried_at = now() + interval '2 years'")
    look()
    assert jobs() == {"anchor": None, "confirmation": None, "names": None, "retention": None}


def test_messages_and_what_is_quarantined_until_a_far_future_are_taken_up_again(
    notified: list[Accepted], worker: Worker
) -> None:
    rows(
        "update message set status = 'sending', due_at = now() + interval '1 year' where case_id = %s",
        notified[0].case_id,
    )
    (taken,) = file_clean(1, 10)
    rows("update cases set ready = false where id = %s", taken.case_id)
    rows(
        "insert into attempt (queue, case_ids, at) values ('verification', %s, now() + interval '1 year')",
        [taken.case_id],
    )

    with transaction() as connection:
        assert reset_future_due_times(connection) == 2
    ring_timers()
    with after(seconds=3):
        drain_all(worker())

    assert value("select count(*) from message where due_at > now() + interval '1 minute'") == 0
    assert current_stage(taken) == "notified"


def test_whoever_fell_silent_before_a_clock_went_back_is_dead_as_soon_as_others_are() -> None:
    detector, silent = FailureDetector(), [Stalled(7, "elsewhere")]
    now = clock.now()
    assert detector.dead(silent, now + timedelta(days=300)) == []
    assert detector.dead(silent, now) == []
    assert detector.dead(silent, now + timedelta(seconds=6)) == [7]


# Who lapses ----------------------------------------------------------------------------------------


def test_nobody_is_reminded_or_lapses_while_the_clocks_differ(
    waits_for_citizen: Accepted, broker: str, worker: Worker
) -> None:
    with database_clock(ahead=timedelta(days=over("correction"))):
        sweep(FailureDetector())
        drain_all(worker())
    assert events_of(waits_for_citizen)[-1] == "MembersMismatched"

    with after(reminded("correction")):
        sweep(FailureDetector())
        drain_all(worker())
    assert events_of(waits_for_citizen)[-1] == "CorrectionReminded"


def test_whoever_gets_no_answer_is_not_parked_by_a_clock_that_jumped(database: str, worker: Worker) -> None:
    made = clean(2)
    register(made)
    silent, _ = file(*[each.body for each in made])
    drainer = worker(adapters=Register("nobody", silent_about=made[0].persons[0].idcs).adapters())
    drain_all(drainer)

    with database_clock(timedelta(days=4)):
        drain_all(drainer)
    assert (current_stage(silent), rows("select parked from case_failure")) == ("submitted", [(False,)])

    with after(days=9):
        drain_all(drainer)
    assert current_stage(silent) == "parked"


def test_a_timer_that_is_found_weeks_late_begins_its_period_anew_and_one_from_a_future_too(
    waits_for_citizen: Accepted, worker: Worker
) -> None:
    seen: dict[float, str] = {}

    def let_pass(days: float) -> None:
        with after(days=days):
            ring_timers()
            drain_all(worker())
            seen[days] = events_of(waits_for_citizen)[-1]

    # Given clocks that jump a year ahead, and come back
    let_pass(400)
    assert value("select deadline > now() + interval '1 year' from cases")
    for days in (1, 7, 8.1, 22.1, 30.9, 31.1):
        let_pass(days)

    # Then reminders and the lapse come at their distances from the return
    assert list(seen.values()) == [
        "MembersMismatched",
        "MembersMismatched",
        "MembersMismatched",
        "CorrectionReminded",
        "CorrectionReminded",
        "CorrectionReminded",
        "Lapsed",
    ]
    assert events_of(waits_for_citizen).count("CorrectionReminded") == 2


def test_a_review_whose_timer_lies_in_a_far_future_is_overdue_ten_days_from_now(
    reviewed: tuple[Accepted, Accepted], worker: Worker
) -> None:
    _, later = reviewed
    rows(
        "update cases set due_at = now() + interval '1 year', stage_since = now() + interval '1 year' where id = %s",
        later.case_id,
    )
    ring_timers()
    with after(over("review")):
        ring_timers()
        drain_all(worker())
    assert events_of(later)[-1] == "ReviewOverdue"


def test_no_wait_of_the_map_is_taken_for_astray() -> None:
    assert all(
        wait < astray()
        for step in REGISTRATION.stages.values()
        for wait in (*step.reminders, step.within, step.every)
        if wait
    )


# Who refuses ---------------------------------------------------------------------------------------


def test_two_caseworkers_refuse_though_the_clock_went_back_after_the_case_came_to_review(
    reviewed: tuple[Accepted, Accepted],
) -> None:
    _, later = reviewed
    with after(seconds=-3600):
        assert caseworker(later, "refuse", "false_declaration", "amina").event == "RefusalProposed"
        heard(later)
        with pytest.raises(Refused, match="second caseworker"):
            caseworker(later, "refuse", "false_declaration", "amina")
    with after(seconds=-3500):
        assert caseworker(later, "refuse", "false_declaration", "omar").event == "ApplicationRefused"
