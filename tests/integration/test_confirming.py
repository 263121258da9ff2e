"""Households are reminded once to confirm their declaration, before the year from their last version ends."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event
from unittest.mock import patch

import pytest

from models import clock
from models.database import transaction
from models.days import day_of
from models.errors import Refused
from models.settings import settings
from notifications.wording import as_day
from tasks import reminding
from tasks.reminding import remind_to_confirm
from tests.changing import change_of, declare, nothing_wrong
from tests.filing import clean, current_stage, drain_all, rows, value
from tests.integration.auditing import erase, wrong
from tests.integration.test_upheld_appeals import appealed, uphold
from tests.people import after
from tests.terms import days_of, over, reminded
from workflows.casework.confirming import DUE, Due, due_in, windows
from workflows.engine.lanes import ALLOWANCE, BULK
from workflows.intake.submit import Accepted
from workflows.queue.drain import Drainer

Worker = Callable[..., Drainer]
REMINDED = (
    "select case_id, (facts ->> 'version')::int from event where kind = 'ConfirmationReminded' order by at, case_id"
)


def remind() -> int:
    return remind_to_confirm(Event())


def confirm(taken: Accepted, place: int, worker: Worker) -> Accepted:
    """The household confirms what it declared."""
    update = declare(taken, change_of(clean(3)[place].body, "confirmation"))
    drain_all(worker())
    assert current_stage(update) == "notified"
    return update


def test_a_household_is_reminded_once_thirty_days_before_its_year_ends(notified: list[Accepted]) -> None:
    by = day_of(clock.now() + timedelta(days_of("confirmation")))
    for days, messages in ((334.9, 0), (335.1, 3), (335.2, 0), (364.9, 0), (370, 0), (735, 0)):
        with after(days=days):
            assert remind() == messages, days
    assert rows(REMINDED) == [(each.case_id, 1) for each in notified]
    (told,) = rows("select body from message where template = 'confirmation_due' and case_id = %s", notified[0].case_id)
    assert as_day(by) in told[0]
    assert notified[0].reference in told[0]
    assert current_stage(notified[0]) == "notified"
    assert nothing_wrong()


def test_days_that_were_missed_are_made_up_for_until_the_year_is_over(notified: list[Accepted]) -> None:
    with after(days_of("confirmation") - 0.5):
        assert remind() == 3
    rows("delete from event where kind = 'ConfirmationReminded'")
    with after(over("confirmation")):
        assert remind() == 0


def test_a_year_counts_from_the_last_version(notified: list[Accepted], worker: Worker) -> None:
    with after(days=200):
        update = confirm(notified[0], 0, worker)
    with after(reminded("confirmation") + 0.9):
        assert remind() == 2
    with after(204 + reminded("confirmation") + 0.9):
        assert remind() == 1
    assert rows(REMINDED)[-1] == (update.case_id, 2)
    assert nothing_wrong()


def test_of_a_correction_by_an_appeal_the_household_hears_under_the_reference_of_its_appeal(
    notified: list[Accepted], work: Callable[[], None]
) -> None:
    with after(days=100):
        appeal = appealed(notified[0], work)
        uphold(appeal)
        work()
        assert value("select max(version) from household_version") == 2
    with after(reminded("confirmation") + 0.9):
        assert remind() == 2
    with after(104 + reminded("confirmation") + 0.9):
        assert remind() == 1
    assert rows(REMINDED)[-1] == (appeal.case_id, 2)
    told = (
        "select body like %s, recipient is not null from message where template = 'confirmation_due' and case_id = %s"
    )
    assert rows(told, f"%{appeal.reference}%", appeal.case_id) == [(True, True)]
    assert nothing_wrong()


def test_whoever_is_about_to_say_what_changed_is_not_reminded(notified: list[Accepted], worker: Worker) -> None:
    with after(reminded("confirmation") - 5.1):
        declare(notified[0], change_of(clean(1)[0].body, "confirmation"))
    with after(reminded("confirmation") + 0.9):
        assert remind() == 2


def test_a_household_that_left_the_register_or_was_erased_is_not_reminded(notified: list[Accepted]) -> None:
    erase(notified[0])
    rows(
        "insert into household_end (household_id, case_id, ended_at) select household_id, id, now() from cases "
        "where id = %s",
        notified[1].case_id,
    )
    with after(reminded("confirmation") + 0.9):
        assert remind() == 1
    assert rows(REMINDED) == [(notified[2].case_id, 1)]


def test_reminders_let_all_other_messages_pass(notified: list[Accepted]) -> None:
    with after(reminded("confirmation") + 0.9) as now:
        remind()
    assert rows("select distinct rank from message where template = 'confirmation_due'") == [(now + ALLOWANCE[BULK],)]
    assert wrong()[0].keys() <= {"events_ahead"}


def test_a_household_that_cannot_be_reminded_spoils_no_other_ones_reminder(notified: list[Accepted]) -> None:
    rows("update case_body set body = '{}' where case_id = %s", notified[1].case_id)
    with after(reminded("confirmation") + 0.9):
        assert remind() == 2


def test_of_two_at_once_one_reminds_a_household(notified: list[Accepted]) -> None:
    with after(reminded("confirmation") + 0.9):
        with transaction() as connection:
            found = [each for window in windows(clock.now()) for each in due_in(connection, window)]
        assert [reminding.remind_set(found, 1), reminding.remind_set(found, 1)] == [3, 0]


def test_nobody_is_reminded_by_a_clock_that_jumped_or_where_the_agency_does_not_want_it(
    notified: list[Accepted], monkeypatch: pytest.MonkeyPatch
) -> None:
    with after(reminded("confirmation") + 0.9):
        jumped = patch.object(clock, "require_no_jump", side_effect=Refused("clock_doubtful", "It jumped."))
        with jumped, pytest.raises(Refused):
            remind()
        monkeypatch.setattr(settings(), "remind_to_confirm", False)
        assert remind() == 0


def test_an_order_to_stop_ends_the_job_in_the_middle_and_the_next_one_goes_on(
    notified: list[Accepted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminding, "MOST", 1)
    stop, first = Event(), reminding.remind_set

    def once(due: Sequence[Due], reminder: int) -> int:
        stop.set()
        return first(due, reminder)

    monkeypatch.setattr(reminding, "remind_set", once)
    with after(reminded("confirmation") + 0.9):
        assert remind_to_confirm(stop) == 1
        assert remind() == 2


def test_the_decisions_of_a_day_are_read_once_for_many_transactions(
    notified: list[Accepted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day on which a million households came into the register would be read two thousand times."""
    monkeypatch.setattr(reminding, "MOST", 1)
    with after(reminded("confirmation") + 0.9), patch.object(reminding, "due_in", wraps=due_in) as looks:
        assert remind() == 3
        assert looks.call_count <= len(list(windows(clock.now()))) + 1
    assert value("select count(distinct xmin::text) from event where kind = 'ConfirmationReminded'") == 3


def test_a_days_decisions_are_found_by_the_index_of_events_by_time(notified: list[Accepted]) -> None:
    with after(reminded("confirmation") + 0.9), transaction() as connection:
        connection.execute("set local enable_seqscan = off")
        window = next(each for each in windows(clock.now()))
        given = {**window._asdict(), "beyond": 0, "most": 10}
        plan = "\n".join(line for (line,) in connection.execute(f"explain {DUE}", given))
    assert "event_at" in plan
    assert "case_of_household" in plan
    assert "Seq Scan" not in plan


def test_a_household_without_a_phone_gets_a_letter(notified: list[Accepted]) -> None:
    rows(
        "update case_body set body = (body::jsonb - 'phone')::json, phone = null where case_id = %s",
        notified[0].case_id,
    )
    with after(reminded("confirmation") + 0.9):
        remind()
    assert (
        value("select channel from message where template = 'confirmation_due' and case_id = %s", notified[0].case_id)
        == "letter"
    )
