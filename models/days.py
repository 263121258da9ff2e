"""Days of Morocco: a household is declared from a day on, and a day begins at midnight in Casablanca.

Morocco moves its clocks around Ramadan, by decree. So the time zone is read from the locked package and not from the
server: two servers must not decide on two days.
"""

from datetime import UTC, date, datetime, time
from importlib.resources import files
from zoneinfo import ZoneInfo

with (files("tzdata") / "zoneinfo/Africa/Casablanca").open("rb") as rules:
    MOROCCO = ZoneInfo.from_file(rules, "Africa/Casablanca")


def day_of(moment: datetime) -> date:
    """The day that it is in Morocco at this moment."""
    return moment.astimezone(MOROCCO).date()


def midnight(day: date) -> datetime:
    """The moment, in UTC, with which this day begins in Morocco."""
    return datetime.combine(day, time(), MOROCCO).astimezone(UTC)
