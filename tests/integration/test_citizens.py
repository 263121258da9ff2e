"""What citizens answer, and what the clock brings where they do not."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from models import clock
from models.database import transaction
from models.errors import NotFound, Refused, Stale
from models.settings import settings
from tests.filing import (
    Worker,
    a_household,
    borrowing,
    changed,
    current_stage,
    drain_all,
    events_of,
    everything,
    facts_of,
    file,
    file_clean,
    healthy,
    messages_of,
    register,
    rows,
    value,
    version_of,
)
from tests.people import ALL_TABLES, after, citizen, ring_timers
from tests.terms import over, reminded
from trials.generator.household import GeneratedHousehold
from workflows.intake.submit import Accepted
from workflows.queue.timers import SLACK, fire_timers


@pytest.fixture
def mistaken(database: str, worker: Worker) -> tuple[GeneratedHousehold, Accepted]:
    """An application with a wrong birth date, which waits for its citizen; and the household as it should be."""
    made = a_household(members=2)
    register([made])
    (taken,) = file(changed(made.body, 1, birth_date="1977-07-07", birth_precision="day"))
    drain_all(worker())
    assert current_stage(taken) == "needs_correction"
    return made, taken


# Correction ----------------------------------------------------------------------------------------


def test_a_correction_is_verified_anew_and_leads_to_the_end(
    mistaken: tuple[GeneratedHousehold, Accepted], worker: Worker
) -> None:
    made, taken = mistaken

    now = citizen(taken, "correction", made.body, version_of(taken))
    assert (now.stage, now.event, now.queues) == ("submitted", "CorrectionReceived", frozenset({"verification"}))
    drain_all(worker())

    assert current_stage(taken) == "notified"
    assert messages_of(taken) == ["received", "correction", "resumed", "registered"]
    assert value("select body_number from cases") == 2
    assert value("select count(*) from case_body") == 2
    assert value("select actor from event where kind = 'CorrectionReceived'") == "declarant"


def test_a_correction_that_is_still_wrong_is_asked_for_again(
    mistaken: tuple[GeneratedHousehold, Accepted], worker: Worker
) -> None:
    made, taken = mistaken

    citizen(taken, "correction", changed(made.body, 0, birth_date="1951-01-02", birth_precision="day"))
    drain_all(worker())

    assert current_stage(taken) == "needs_correction"
    (mismatch,) = facts_of(taken, "MembersMismatched")["mismatches"]
    assert (mismatch["member"], mismatch["reason"]) == (0, "birth_date_differs")
    assert mismatch["differs"] == ["year", "month", "day"]


def test_corrections_have_an_end(
    mistaken: tuple[GeneratedHousehold, Accepted], worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, taken = mistaken
    monkeypatch.setattr(settings(), "max_corrections", 2)
    wrong = changed(made.body, 1, birth_date="1977-07-07", birth_precision="day")
    for _ in range(2):
        citizen(taken, "correction", wrong)
        drain_all(worker())

    with pytest.raises(Refused) as refused:
        citizen(taken, "correction", wrong)

    assert refused.value.code == "too_many_corrections"
    assert value("select count(*) from case_body") == 3
    assert citizen(taken, "withdrawal").stage == "withdrawn"


def test_a_second_click_is_stale_and_changes_nothing(mistaken: tuple[GeneratedHousehold, Accepted]) -> None:
    made, taken = mistaken
    seen = version_of(taken)
    citizen(taken, "correction", made.body, seen)
    before = everything(*ALL_TABLES)

    with pytest.raises(Stale):
        citizen(taken, "correction", made.body, seen)

    assert everything(*ALL_TABLES) == before


def test_of_clicks_at_once_that_name_no_version_one_counts_and_the_others_are_stale(
    mistaken: tuple[GeneratedHousehold, Accepted],
) -> None:
    # Given three clicks that have all seen the case as it is now, while somebody holds its row
    made, taken = mistaken
    with psycopg.connect(settings().database_url or "") as holding, ThreadPoolExecutor(3) as threads:
        holding.execute("select from cases where id = %s for update", [taken.case_id])
        clicks = [threads.submit(citizen, taken, "correction", made.body) for _ in range(3)]
        while (
            value(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
            < 3
        ):
            time.sleep(0.01)

        # When it is let go
        holding.rollback()
        outcomes = [type(click.exception()) for click in clicks]

    # Then one is taken, and the others are told that they came too late
    assert sorted(outcomes, key=str) == sorted([type(None), Stale, Stale], key=str)
    assert events_of(taken).count("CorrectionReceived") == 1
    assert value("select count(*) from case_body") == 2


@pytest.mark.parametrize("kind", ["withdrawal", "correction"])
def test_an_answer_to_an_older_version_is_stale_and_changes_nothing(
    mistaken: tuple[GeneratedHousehold, Accepted], kind: str
) -> None:
    made, taken = mistaken
    before = everything(*ALL_TABLES)

    with pytest.raises(Stale):
        citizen(taken, kind, made.body if kind == "correction" else None, version_of(taken) - 1)

    assert everything(*ALL_TABLES) == before


def test_a_wrong_secret_is_told_no_more_than_a_wrong_reference(mistaken: tuple[GeneratedHousehold, Accepted]) -> None:
    _, taken = mistaken
    before = everything(*ALL_TABLES)

    with pytest.raises(NotFound):
        citizen(taken, "withdrawal", secret="0000000000")
    with pytest.raises(NotFound):
        citizen(Accepted("RSU-0000-0000-0000", taken.secret, 0), "withdrawal")

    assert everything(*ALL_TABLES) == before


def test_a_correction_where_none_is_asked_for_is_refused_and_leaves_no_declaration(database: str) -> None:
    made = a_household()
    register([made])
    (taken,) = file(made.body)
    before = everything(*ALL_TABLES)

    with pytest.raises(Refused) as refused:
        citizen(taken, "correction", made.body)

    assert refused.value.code == "not_possible_now"
    assert everything(*ALL_TABLES) == before


def test_a_correction_may_not_name_a_declarant_who_has_another_open_application(
    mistaken: tuple[GeneratedHousehold, Accepted],
) -> None:
    made, taken = mistaken
    other = a_household(5)
    file(other.body)
    theirs = next(each["idcs"] for each in other.body["members"] if each.get("declarant"))
    position = next(i for i, each in enumerate(made.body["members"]) if each.get("declarant"))

    with pytest.raises(Refused) as refused:
        citizen(taken, "correction", changed(made.body, position, idcs=theirs))

    assert refused.value.code == "open_application"
    assert value("select count(*) from case_body where case_id = %s", taken.case_id) == 1


# The clock -----------------------------------------------------------------------------------------


def test_silence_brings_two_reminders_and_then_a_lapse_and_never_a_refusal(
    mistaken: tuple[GeneratedHousehold, Accepted], worker: Worker
) -> None:
    _, taken = mistaken
    seen: dict[int, str] = {}
    for days in (6, 7.1, 20, 21.1, 29, 30.1):
        with after(days=days):
            ring_timers()
            drain_all(worker())
            seen[int(days)] = events_of(taken)[-1]

    assert seen == {
        6: "MembersMismatched",
        7: "CorrectionReminded",
        20: "CorrectionReminded",
        21: "CorrectionReminded",
        29: "CorrectionReminded",
        30: "Lapsed",
    }
    assert rows("select facts ->> 'reminder' from event where kind = 'CorrectionReminded' order by seq") == [
        ("1",),
        ("2",),
    ]
    assert messages_of(taken) == ["received", "correction", "reminder", "reminder", "lapsed"]
    assert rows("select stage, open, ready, due_at from cases") == [("lapsed", False, False, None)]


def test_a_timer_rings_no_earlier_than_its_time(mistaken: tuple[GeneratedHousehold, Accepted]) -> None:
    assert ring_timers() == 0
    with after(reminded("correction") - 0.2):
        assert ring_timers() == 0
    with after(reminded("correction")):
        assert ring_timers() == 1
        assert ring_timers() == 0


def test_where_the_clocks_of_two_hosts_differ_a_reminder_is_sent_once_all_the_same(
    mistaken: tuple[GeneratedHousehold, Accepted], worker: Worker
) -> None:
    """The sweep's host is ahead of the worker's: rung too early, the worker would set the same timer again, and again
    remind.
    """
    _, taken = mistaken
    due = value("select due_at from cases")

    for seconds in range(0, 90, 10):
        with transaction() as connection:
            fire_timers(connection, due + timedelta(seconds=seconds))
        with clock.at(due + timedelta(seconds=seconds) - SLACK / 2):
            drain_all(worker())

    assert events_of(taken).count("CorrectionReminded") == 1


def test_a_correction_after_a_reminder_still_counts(
    mistaken: tuple[GeneratedHousehold, Accepted], worker: Worker
) -> None:
    made, taken = mistaken
    with after(reminded("correction")):
        ring_timers()
        drain_all(worker())
        citizen(taken, "correction", made.body)
        drain_all(worker())

    assert current_stage(taken) == "notified"


def test_a_correction_that_comes_while_the_timer_waits_to_be_worked_wins(
    mistaken: tuple[GeneratedHousehold, Accepted], worker: Worker
) -> None:
    """The timer rang, no worker came yet, the citizen answers: the reminder is not sent."""
    made, taken = mistaken
    with after(reminded("correction")):
        ring_timers()
        citizen(taken, "correction", made.body)
        drain_all(worker())

    assert "CorrectionReminded" not in events_of(taken)
    assert current_stage(taken) == "notified"


def test_a_lapsed_application_is_taken_up_again_with_its_reminders_counted_anew(
    mistaken: tuple[GeneratedHousehold, Accepted], worker: Worker
) -> None:
    _, taken = mistaken
    with after(over("correction")):
        ring_timers()
        drain_all(worker())
        assert current_stage(taken) == "lapsed"

        now = citizen(taken, "reopening")
        assert (now.stage, now.queues) == ("submitted", frozenset({"verification"}))
        drain_all(worker())
        assert current_stage(taken) == "needs_correction"
        with after(reminded("correction")):
            ring_timers()
            drain_all(worker())
    assert events_of(taken)[-1] == "CorrectionReminded"
    assert facts_of(taken, "CorrectionReminded")["reminder"] == 1


def test_reopening_is_refused_where_the_declarant_applied_anew_meanwhile(
    mistaken: tuple[GeneratedHousehold, Accepted], worker: Worker
) -> None:
    made, taken = mistaken
    with after(over("correction")):
        ring_timers()
        drain_all(worker())
        file(made.body | {"application": "anew"})

        with pytest.raises(Refused) as refused:
            citizen(taken, "reopening")

    assert refused.value.code == "open_application"
    assert current_stage(taken) == "lapsed"


# Withdrawal ----------------------------------------------------------------------------------------


def test_a_citizen_withdraws_before_anything_is_decided(database: str, worker: Worker) -> None:
    (taken,) = file_clean(1)

    assert citizen(taken, "withdrawal").stage == "withdrawn"
    drain_all(worker())

    assert events_of(taken) == ["ApplicationReceived", "CaseWithdrawn"]
    assert rows("select open, ready, due_at from cases") == [(False, False, None)]


def test_a_withdrawal_lets_go_of_the_persons_and_another_household_can_have_them(database: str, worker: Worker) -> None:
    # Given an application whose persons are claimed already
    mine, theirs = a_household(0, members=3), a_household(1, members=3)
    register([mine, theirs])
    (first,) = file(mine.body)
    for queue in ("verification", "scoring", "fraud"):
        worker({queue}).drain(queue, 60)
    assert value("select count(*) from person_claim") == len(mine.body["members"])

    # When it is withdrawn, and another household declares one of them
    citizen(first, "withdrawal")
    (later,) = file(borrowing(theirs.body, mine.body))
    drain_all(worker())

    # Then that one is registered
    assert current_stage(later) == "notified"


def test_after_a_withdrawal_the_declarant_may_apply_anew(database: str) -> None:
    made = a_household()
    (taken,) = file(made.body)
    citizen(taken, "withdrawal")

    assert file(made.body | {"application": "anew"})[0].case_id != taken.case_id


def test_a_registered_household_that_is_not_yet_told_cannot_be_withdrawn_and_keeps_its_persons(
    database: str, worker: Worker
) -> None:
    """Else its persons could be claimed by another household while they stand in the register."""
    mine, theirs = a_household(0, members=3), a_household(1, members=3)
    register([mine, theirs])
    (first,) = file(mine.body)
    drain_all(worker({"verification", "scoring", "fraud", "approval"}))
    assert current_stage(first) == "approved"

    with pytest.raises(Refused):
        citizen(first, "withdrawal")
    (later,) = file(borrowing(theirs.body, mine.body))
    drain_all(worker())

    assert (current_stage(first), current_stage(later)) == ("notified", "under_review")
    assert healthy()


def test_what_is_notified_cannot_be_withdrawn(database: str, worker: Worker) -> None:
    (taken,) = file_clean(1)
    drain_all(worker())

    with pytest.raises(Refused) as refused:
        citizen(taken, "withdrawal")

    assert refused.value.code == "not_possible_now"
