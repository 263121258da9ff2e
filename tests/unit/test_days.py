"""A day of Morocco begins at its midnight, in Ramadan too, whatever time zones the server has."""

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from models.days import day_of, midnight


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        (date(2026, 2, 25), datetime(2026, 2, 25, tzinfo=UTC)),  # Ramadan: UTC+0
        (date(2026, 7, 1), datetime(2026, 6, 30, 23, tzinfo=UTC)),  # UTC+1
    ],
)
def test_a_day_begins_at_midnight_in_casablanca(day: date, begins: datetime) -> None:
    assert midnight(day) == begins
    assert day_of(begins) == day


def test_a_server_without_time_zones_knows_the_same_days() -> None:
    code = "from datetime import date; from models.days import midnight; print(midnight(date(2026, 7, 1)))"
    ran = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONTZPATH": ""}, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "2026-06-30 23:00:00+00:00"
