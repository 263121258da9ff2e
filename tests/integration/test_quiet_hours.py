"""By night no telephone rings for what can wait; in the morning all of it goes, in its order."""

from datetime import UTC, datetime, time, timedelta

import pytest
from pydantic import ValidationError

from models import clock
from models.settings import Settings
from notifications import quiet
from notifications.deliver import Deliverer
from notifications.leases import LETTER, SMS
from notifications.quiet import Hours, hours_of
from tests.filing import file_clean, rows
from tests.integration.gateways import BookGateway

HOURS = Hours(time(9), time(20))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # In summer 2026 Morocco is an hour ahead of UTC.
        (utc(2026, 6, 24, 7, 59, 59), utc(2026, 6, 24, 8)),
        (utc(2026, 6, 24, 8), None),
        (utc(2026, 6, 24, 18, 59, 59), None),
        (utc(2026, 6, 24, 19), utc(2026, 6, 25, 8)),
        (utc(2026, 6, 24, 23, 30), utc(2026, 6, 25, 8)),
        (utc(2026, 11, 24, 8, 30), utc(2026, 11, 24, 9)),  # from September 2026 on it is not, as tzdata has it
        # In Ramadan it is not: from 15 February to 22 March 2026.
        (utc(2026, 3, 1, 8, 30), utc(2026, 3, 1, 9)),
        (utc(2026, 3, 1, 19, 30), None),
        (utc(2026, 3, 1, 20), utc(2026, 3, 2, 9)),
        # The nights in which the clocks change: the evening before by one offset, the morning by the other.
        (utc(2026, 2, 14, 19), utc(2026, 2, 15, 9)),
        (utc(2026, 2, 15, 8, 30), utc(2026, 2, 15, 9)),
        (utc(2026, 3, 21, 20), utc(2026, 3, 22, 8)),
        (utc(2026, 3, 22, 7, 30), utc(2026, 3, 22, 8)),
    ],
)
def test_the_morning_comes_by_the_clock_of_morocco_in_ramadan_and_when_clocks_change(
    now: datetime, until: datetime | None
) -> None:
    assert HOURS.morning_after(now) == until


@pytest.fixture
def evening(database: str) -> datetime:
    """A moment by night, at which messages are owed; after every real one, so that they are due."""
    file_clean(5)
    tomorrow = (clock.now() + timedelta(days=1)).date()
    return datetime.combine(tomorrow, time(22), UTC)


def a_deliverer(gateway: BookGateway, *urgent: str, channel: str = SMS) -> Deliverer:
    return Deliverer(gateway, channel, HOURS, urgent)


def test_a_message_waits_until_the_morning_and_is_due_to_nobody_before(evening: datetime) -> None:
    gateway = BookGateway()
    with clock.at(evening):
        a_deliverer(gateway).drain()
    morning = HOURS.morning_after(evening)
    assert gateway.accepted == []
    assert rows("select distinct status, tries, fence from message") == [("owed", 0, 0)]
    ((due,),) = rows("select distinct due_at from message")
    assert morning is not None
    assert abs(due - morning) < timedelta(seconds=5)
    with clock.at(morning + timedelta(seconds=10)):
        a_deliverer(gateway).drain()
    in_order = [id for (id,) in rows("select id from message order by rank")]
    assert gateway.accepted == in_order


def test_an_urgent_message_goes_out_at_night(evening: datetime) -> None:
    gateway = BookGateway()
    with clock.at(evening):
        a_deliverer(gateway, "received").drain()
    assert len(gateway.accepted) == 5


def test_a_message_that_comes_after_the_look_is_not_sent_either(
    evening: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Deliverer, "put_off", lambda deliverer: None)
    gateway = BookGateway()
    with clock.at(evening):
        a_deliverer(gateway).drain()
    assert gateway.accepted == []


def test_more_than_one_statement_puts_off_what_is_much(evening: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "AT_ONCE", 2)
    with clock.at(evening):
        a_deliverer(BookGateway()).drain()
    assert rows("select count(*) from message where due_at < %s", evening) == [(0,)]


def test_a_letter_wakes_nobody(evening: datetime) -> None:
    rows("update message set channel = 'letter'")
    gateway = BookGateway()
    with clock.at(evening):
        Deliverer(gateway, LETTER).drain()
    assert rows("select count(*) from message where status <> 'owed'") == [(5,)]


def test_no_template_of_the_ledger_is_urgent_today() -> None:
    """A code is no message of the ledger, and goes out at any hour (notifications/codes.py)."""
    assert quiet.urgent_templates() == frozenset()


@pytest.mark.parametrize("hours", ["9-20", "20:00-09:00", "09:00-09:00", "09:00-24:00", "x"])
def test_hours_that_are_none_are_refused(hours: str) -> None:
    with pytest.raises(ValidationError):
        Settings(text_hours=hours)


def test_hours_are_read_as_the_setting_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIJIL_TEXT_HOURS", raising=False)
    assert hours_of(Settings().text_hours) == HOURS
    assert hours_of("") is None
