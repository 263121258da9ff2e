"""When a case is likely to be taken up, as its page says it: by what is really done."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from models import clock
from models.database import transaction
from notifications.catalogues import LANGUAGES
from tests.desk import decided, on_desk
from tests.filing import a_household, file, register, rows, value
from tests.portal.conftest import Client
from tests.portal.standing import in_work, under_review
from web.language import PAGES, day
from workflows.intake.submit import Accepted
from workflows.queue import pace
from workflows.queue.pace import LAST, Pace, Standing, by_machine, by_people, pace_of

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def set_desk(statement: str, *given: object) -> None:
    """Changes rows of the desk."""
    with transaction() as connection:
        connection.execute(statement, given)


def people(case_id: int) -> Pace | None:
    """What is said of a case that waits for the staff."""
    with transaction() as connection:
        return by_people(connection, case_id, NOW)


def test_the_day_follows_from_how_many_are_before_and_how_fast_the_office_decides(database: str) -> None:
    on_desk([1, 2, 3, 4])
    decided(range(10, 24), "somebody")
    set_desk("update desk_item set region = 4, queue = 'reviews'")
    set_desk("update desk_item set due_at = %s + case_id * interval '1 hour' where case_id < 10", NOW)
    set_desk("update desk_item set done_at = %s - (case_id - 9) * interval '1 day' where case_id >= 10", NOW)
    # 14 decisions within 28 days: one in two days; three are before the fourth.
    assert people(4) == Pace(3, NOW + timedelta(days=8))
    assert people(1) == Pace(0, NOW + timedelta(days=2))
    set_desk("update desk_item set region = 5 where case_id = 2")
    assert people(4) == Pace(2, NOW + timedelta(days=6)), "another region's cases are another office's"


def test_an_office_that_decides_much_is_measured_by_its_last_decisions(database: str) -> None:
    on_desk([1])
    decided(range(10, 10 + 2 * LAST), "somebody")
    set_desk("update desk_item set region = 4, queue = 'reviews'")
    set_desk("update desk_item set done_at = %s - (case_id - 9) * interval '1 minute' where case_id >= 10", NOW)
    assert people(1) == Pace(0, NOW + timedelta(minutes=1))


def test_where_nobody_can_tell_nothing_is_said(database: str) -> None:
    on_desk([1])
    on_desk([2], waits_for="citizen", stage="needs_correction", queue="exceptions")
    decided(range(10, 14), "somebody")
    set_desk("update desk_item set done_at = %s - interval '1 day' where case_id >= 10", NOW)
    assert people(1) is None, "four decisions are no pace"
    assert people(2) is None, "it waits for its household"
    assert people(3) is None


def test_behind_more_cases_than_are_counted_no_day_is_told(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    on_desk([1, 2, 3])
    decided(range(10, 24), "somebody")
    set_desk("update desk_item set done_at = %s - interval '1 day' where case_id >= 10", NOW)
    monkeypatch.setattr(pace, "MOST", 2)
    assert (people(2) is None, people(3)) == (False, None)


def test_a_case_of_the_machine_is_told_its_place_and_that_nothing_moves(database: str) -> None:
    register(homes := [a_household(number, members=2) for number in range(3)])
    first, _, last = (file(each.body)[0] for each in homes)

    def told(taken: Accepted, after: timedelta) -> Pace | None:
        with transaction() as connection:
            since = value(f"select submitted_at from cases where id = {taken.case_id}")
            return pace_of(connection, Standing(taken.case_id, "registration", "submitted", since), since + after)

    assert told(last, timedelta(seconds=5)) is None
    assert told(first, timedelta(minutes=5)) == Pace(0, None, by_machine=True)
    assert told(last, timedelta(minutes=5)) == Pace(2, None, by_machine=True)


def test_who_waits_for_a_population_register_that_is_away_is_told_so_in_each_language(client: Client) -> None:
    waits = in_work()
    page = f"/{{}}/status/{waits.reference}"
    set_desk("update cases set stage_since = stage_since - interval '1 hour'")
    said = (
        "The population register, which confirms the members, does not answer at the moment. It is asked again and "
        "again: your place is kept, and you need do nothing."
    )
    assert said not in unescape(client.get(page.format("en")).text)

    set_desk(
        "insert into worker (host, pid, queues, since, seen_at, counters) values "
        "('a', 1, '{verification}', now(), now(), '{\"register_open\": 1}')"
    )
    for language in LANGUAGES:
        assert PAGES.text(language, said) in unescape(client.get(page.format(language)).text)
    set_desk("update worker set seen_at = now() - interval '1 minute'")
    assert said not in unescape(client.get(page.format("en")).text), "that worker is gone"

    set_desk(
        "insert into case_failure (case_id, kind, stage, version, tries, unanswered_since, error, traceback, at, "
        "parked) values (%s, 'registration', 'submitted', 1, 0, now(), 'no answer', '', now(), false)",
        waits.case_id,
    )
    assert said in unescape(client.get(page.format("en")).text)
    set_desk("update cases set stage = 'verified', queue = 'scoring'")
    assert said not in unescape(client.get(page.format("en")).text), "there it asks nobody"


def test_the_machines_hour_follows_from_what_it_decided_in_the_last_seconds(database: str) -> None:
    register(homes := [a_household(number, members=2) for number in range(4)])
    taken = [file(each.body)[0] for each in homes]
    with transaction() as connection:
        now: datetime = value("select max(submitted_at) from cases")
        connection.execute("update event set kind = 'PersonsVerified' where case_id < %s", [taken[-1].case_id - 1])
        found = by_machine(connection, taken[-1].case_id, now)
    assert rows("select count(*) from event where kind = 'PersonsVerified'") == [(2,)]
    assert found == Pace(3, now + timedelta(seconds=20), by_machine=True)  # two in ten seconds, and four to go


def test_the_page_says_it_in_each_language(client: Client) -> None:
    review = under_review()
    decided(range(1000, 1014), "somebody")
    set_desk("update desk_item set region = (select region from desk_item where case_id = %s)", review.case_id)
    set_desk("update desk_item set queue = 'reviews'")
    now = clock.now()
    set_desk("update desk_item set done_at = %s where case_id >= 1000", now - timedelta(days=1))
    for language in LANGUAGES:
        page = unescape(client.get(f"/{language}/status/{review.reference}").text)
        said = PAGES.text(language, "As fast as it went lately, yours is taken up by {day}.")
        assert said.format(day=day(language, now + timedelta(days=2))) in page
