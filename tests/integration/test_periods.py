"""Periods of households in the database: changes of many at once, and what guards them."""

from datetime import date, datetime, timedelta

import psycopg
import pytest

from models import clock
from models.database import transaction
from models.days import day_of, midnight
from models.errors import Broken
from tests.filing import Worker, drain_all, examined, file_clean, rows, value
from workflows.registers.period_rows import known_periods, write_changes
from workflows.registers.periods import Span, changed


@pytest.fixture
def households(database: str, worker: Worker) -> list[int]:
    """Three that are registered."""
    file_clean(3)
    drain_all(worker())
    return [household for (household,) in rows("select id from household order by id")]


def today() -> date:
    return day_of(clock.now())


def change(households: list[int], version: int, day: date) -> None:
    """All of them are as this version says from a day on."""
    with transaction() as connection:
        known = known_periods(connection, households)
        write_changes(
            connection,
            {
                each: changed(known[each], {held.span.version: version for held in known[each]}, day, clock.now())
                for each in households
            },
        )


def first_of(household: int) -> datetime:
    """When it was declared."""
    declared: datetime = value("select submitted_at from cases where household_id = %s", household)
    return declared


def known_now(household: int) -> list[Span]:
    with transaction() as connection:
        return [each.span for each in known_periods(connection, [household])[household]]


def test_changes_of_many_households_close_what_was_known_and_add_what_is_known_instead(households: list[int]) -> None:
    registered, *others = households
    with clock.at(clock.now() + timedelta(days=10)):
        change(others, 2, today() - timedelta(days=3))
        change(others, 3, today())
        change(others, 4, today())  # on the same day, at the same moment

    assert known_now(registered) == [Span(1, first_of(registered))]
    then = midnight(today() + timedelta(days=7)), midnight(today() + timedelta(days=10))
    for each in others:
        assert known_now(each) == [Span(1, first_of(each), then[0]), Span(2, then[0], then[1]), Span(4, then[1])]
        assert rows("select number, version from household_period where household_id = %s order by 1", each) == [
            (1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 4)
        ]  # fmt: skip
        # What was known before is known to have been known
        assert rows(
            "select version from household_period where household_id = %s and known @> now()::timestamptz", each
        ) == [(1,)]
    assert examined().get("periods_overlapping") is None


def test_a_change_in_the_database_reaches_the_later_version(households: list[int]) -> None:
    household, *_ = households
    with clock.at(clock.now() + timedelta(days=10)):
        change([household], 2, today())
        with transaction() as connection:
            known = known_periods(connection, [household])[household]
            write_changes(
                connection, {household: changed(known, {1: 3, 2: 4}, today() - timedelta(days=5), clock.now())}
            )
        later = midnight(today() - timedelta(days=5)), midnight(today())

    assert known_now(household) == [
        Span(1, first_of(household), later[0]),
        Span(3, later[0], later[1]),
        Span(4, later[1]),
    ]


def test_a_change_that_rests_on_periods_closed_meanwhile_writes_nothing(households: list[int]) -> None:
    with transaction() as connection:
        stale = changed(known_periods(connection, households)[households[0]], {1: 2}, today(), clock.now())
    change(households, 3, today())
    before = rows("select * from household_period order by 1, 2")

    with pytest.raises(Broken), transaction() as connection:
        write_changes(connection, {households[0]: stale})

    assert rows("select * from household_period order by 1, 2") == before


@pytest.mark.parametrize(
    ("error", "valid", "known"),
    [
        (psycopg.errors.ExclusionViolation, "valid", "tstzrange(now() + interval '1 day', null)"),
        (psycopg.errors.CheckViolation, "'empty'", "known"),
        (psycopg.errors.CheckViolation, "valid", "'empty'"),
    ],
)
def test_the_database_refuses_periods_that_overlap_or_are_empty(
    households: list[int], error: type[psycopg.Error], valid: str, known: str
) -> None:
    with pytest.raises(error):
        rows(
            f"insert into household_period select household_id, number + 1, version, {valid}, {known} "
            "from household_period"
        )
    assert value("select count(*) from household_period") == 3
